"""What can be chosen of a variable: from its own text, or from what Prometheus answers to the question that it asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modeldeck.domain.dashboards.dashboard import ALL, Variable, VariableKind
from modeldeck.domain.metrics.samples import Vector

MOST = 1000
"""Values of one variable."""
_LONGEST = 300
_LABEL_VALUES = re.compile(r"\s*label_values\(\s*(?:(?P<selector>.+?)\s*,\s*)?(?P<label>[A-Za-z_]\w*)\s*\)\s*", re.DOTALL)
_METRICS = re.compile(r"\s*metrics\((?P<pattern>.*)\)\s*", re.DOTALL)
_RESULT = re.compile(r"\s*query_result\((?P<promql>.*)\)\s*", re.DOTALL)
_SLOW = re.compile(r"\([^()]*[+*][^()]*\)[+*{]")
"""A repetition of what repeats, which can take for ever."""


@dataclass(frozen=True, slots=True)
class OptionsQuery:
    """What to ask Prometheus, and which label of the answer holds the values; "" takes each series as text."""

    promql: str
    label: str = ""


def own_options(variable: Variable) -> tuple[str, ...]:
    """Of a variable that needs nobody's answer."""
    if variable.kind in (VariableKind.CONSTANT, VariableKind.TEXT):
        return tuple(filter(None, (variable.query or next(iter(variable.current), ""),)))
    if variable.kind is VariableKind.INTERVAL:  # `auto` is a length that Grafana computes from its own width
        return _distinct(part for part in (part.strip() for part in variable.query.split(",")) if part != "auto")
    parts = [part.strip() for part in re.split(r"(?<!\\),", variable.query)]
    return _distinct((part.rpartition(" : ")[2] if " : " in part else part).replace("\\,", ",") for part in parts)


def options_query(query: str) -> OptionsQuery | None:
    """`query` with its variables put in. None: a form that is not known."""
    if found := _LABEL_VALUES.fullmatch(query):
        label = found["label"]
        selector = found["selector"] or "{" + label + '!=""}'
        return OptionsQuery(f"count by ({label}) ({selector})", label)
    if found := _METRICS.fullmatch(query):
        pattern = found["pattern"].strip().replace("\\", "\\\\").replace('"', '\\"')
        return OptionsQuery(f'count by (__name__) ({{__name__=~".*(?:{pattern}).*"}})', "__name__")
    if found := _RESULT.fullmatch(query):
        return OptionsQuery(found["promql"].strip())
    return None


def answered_options(variable: Variable, asked: OptionsQuery, answer: Vector) -> tuple[str, ...]:
    """In order. Raises ValueError, in words, where the variable's own regular expression cannot be used."""
    if asked.label:
        texts = [value for sample in answer.samples if (value := sample.labels.get(asked.label, ""))]
    else:
        texts = [_as_text(sample.labels, sample.value, sample.at) for sample in answer.samples]
    return tuple(sorted(_distinct(_picked(variable.regex, texts)), key=_by_number))


def _as_text(labels: object, value: float, at: float) -> str:
    pairs = dict(labels) if isinstance(labels, dict) else {}
    name = pairs.pop("__name__", "")
    inner = ",".join(f'{key}="{text}"' for key, text in pairs.items())
    return f"{name}{{{inner}}} {value:g} {at * 1000:.0f}"


def _picked(regex: str, texts: Sequence[str]) -> list[str]:
    """Those that match, or what its group holds."""
    body = regex.strip()
    if not body:
        return list(texts)
    if body.startswith("/") and "/" in body[1:]:
        body = body[1 : body.rindex("/")]
    if _SLOW.search(body):
        raise ValueError("its regular expression could take for ever")
    try:
        pattern = re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", body))
    except re.error:
        raise ValueError("its regular expression cannot be read") from None
    found = [match for text in texts if (match := pattern.search(text[:_LONGEST]))]
    name = next((name for name in ("value", "text") if name in pattern.groupindex), None)
    return [
        match[name] if name else match[1] if pattern.groups else match[0] for match in found if match[name or (1 if pattern.groups else 0)]
    ]


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text and len(text) <= _LONGEST))[:MOST]


def _by_number(text: str) -> tuple[float, str]:
    found = re.match(r"\d+(?:\.\d+)?", text)
    return (float(found[0]) if found else -1.0, text)


def chosen_of(variable: Variable, options: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """What holds: what somebody wanted, else what the file has chosen, else the first; only what there is."""
    for some in (wanted, variable.current):
        if ALL in some and (variable.include_all or variable.all_value):
            return (ALL,)
        if some and variable.kind is VariableKind.TEXT:
            return tuple(some[:1])
        if kept := tuple(one for one in some if one in options):
            return kept if variable.multi else kept[:1]
    return (ALL,) if variable.include_all else tuple(options[:1])
