"""Variables in queries, as Grafana puts them in for Prometheus: `$name`, `${name:format}`, `[[name]]`, and what it knows by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.dashboards.dashboard import ALL, Variable

REFERENCE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}")
SCRAPE = 15.0
"""Seconds between two scrapes, as Grafana assumes them too where nothing is set."""


class Unresolved(ValueError):
    """A query needs a value that is not known; the text names it."""


@dataclass(frozen=True, slots=True)
class Value:
    """What is chosen of a variable. `all_values`: what stands for all of them, where that is said; it goes in as it is."""

    variable: Variable
    chosen: tuple[str, ...]
    all_values: tuple[str, ...] = ()
    """Every value, for ALL."""


@dataclass(frozen=True, slots=True)
class QueriedSpan:
    """What is asked for. Seconds, since the epoch."""

    start: float
    end: float
    step: float


def referenced(text: str) -> tuple[str, ...]:
    """The names in it, each once. `$1`, which belongs to a regular expression, is none."""
    names = (found[1] or found[2] or found[4] for found in REFERENCE.finditer(text))
    return tuple(dict.fromkeys(name for name in names if not name.isdecimal()))


def interpolated(text: str, values: Mapping[str, Value], span: QueriedSpan | None = None) -> str:
    """Raises Unresolved."""
    own = _own(span) if span is not None else {}

    def put(found: re.Match[str]) -> str:
        name, form = found[1] or found[2] or found[4], found[3] or found[5] or ""
        if name.isdecimal():
            return found[0]
        if name in own:
            return own[name]
        if name not in values:
            raise Unresolved(f"${name} is not known")
        return _formatted(values[name], form)

    return REFERENCE.sub(put, text)


def _own(span: QueriedSpan) -> dict[str, str]:
    step, length = max(1, round(span.step)), max(1, round(span.end - span.start))
    rate = round(max(step + SCRAPE, 4 * SCRAPE))
    return {
        "__interval": f"{step}s",
        "__interval_ms": f"{step * 1000}",
        "__rate_interval": f"{rate}s",
        "__rate_interval_ms": f"{rate * 1000}",
        "__range": f"{length}s",
        "__range_s": f"{length}",
        "__range_ms": f"{length * 1000}",
        "__from": f"{round(span.start * 1000)}",
        "__to": f"{round(span.end * 1000)}",
        "__auto": f"{step}s",
    }


def _formatted(value: Value, form: str) -> str:
    variable = value.variable
    if ALL in value.chosen:
        if variable.all_value:
            return variable.all_value
        chosen = value.all_values
    else:
        chosen = value.chosen
    if not chosen:
        raise Unresolved(f"${variable.name} has no value")
    if form:
        if form not in _FORMATS:
            raise Unresolved(f"${variable.name} is wanted in the format {form}")
        return _FORMATS[form](chosen)
    if not variable.several:
        return ",".join(one.replace("\\", "\\\\").replace("'", "\\\\'") for one in chosen)
    return _regex(chosen)


def _regex(chosen: Sequence[str]) -> str:
    """Inside a string of PromQL: a backslash stands there as two."""
    escaped = [_special(one) for one in chosen]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _special(text: str) -> str:
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", text.replace("\\", "\\\\\\\\"))


_FORMATS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "regex": _regex,
    "pipe": "|".join,
    "csv": ",".join,
    "raw": ",".join,
    "text": " + ".join,
    "glob": lambda chosen: chosen[0] if len(chosen) == 1 else "{" + ",".join(chosen) + "}",
    "json": lambda chosen: json.dumps(chosen[0] if len(chosen) == 1 else list(chosen)),
    "doublequote": lambda chosen: ",".join(f'"{one}"' for one in chosen),
    "singlequote": lambda chosen: ",".join(f"'{one}'" for one in chosen),
}
