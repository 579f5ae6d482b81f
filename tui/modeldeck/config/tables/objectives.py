"""Service level objectives from TOML.

[objectives."serving/iris"]
availability = 0.999
latency = { below = "250ms", share = 0.99 }
window = "30d"
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from modeldeck.config.document import Document
from modeldeck.config.keys import meant
from modeldeck.config.kinds import InvalidValue, named
from modeldeck.domain.objectives.objective import DAY, LatencyTarget, Objective

Fit = Callable[[object], object]

MOST_OBJECTIVES = 200
_KEY = re.compile(r"[a-z0-9.*-]+/[a-z0-9.*-]+")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY, "w": 7 * DAY}


def read_objectives(document: Document, path: tuple[str, ...], value: object) -> tuple[tuple[str, Objective], ...]:
    """The value of an `objectives` key, in the file's order. What is wrong is noted in the document."""
    if not isinstance(value, dict):
        document.error(path, f'expected a table for each deployment, such as [{".".join(path)}."serving/iris"], found {named(value)}')
        return ()
    if len(value) > MOST_OBJECTIVES:
        document.error(path, f"expected at most {MOST_OBJECTIVES} objectives, found {len(value)}")
        return ()
    read = ((key, _objective(document, (*path, key), key, table)) for key, table in value.items())
    return tuple((key, objective) for key, objective in read if objective is not None)


def _objective(document: Document, path: tuple[str, ...], key: str, table: object) -> Objective | None:
    """None after what is wrong has been noted."""
    if not _KEY.fullmatch(key):
        document.error(path, f"expected a deployment as 'namespace/name', in which `*` is any text, found {key!r}")
        return None
    if not isinstance(table, dict):
        document.error(path, f"expected a table, found {named(table)}")
        return None
    given, whole = _given(document, path, table, _OBJECTIVE)
    if isinstance(latency := table.get("latency"), dict):
        limits, right = _given(document, (*path, "latency"), latency, _LATENCY)
        for name in _LATENCY.keys() - latency.keys():
            document.error((*path, "latency"), f"expected the key {name}, found none")
        whole = whole and right and limits.keys() == _LATENCY.keys()
        given["latency"] = LatencyTarget(**limits) if whole else None
    if whole and not given.keys() & {"availability", "latency"}:
        document.error(path, "expected availability, latency or both, found neither")
        return None
    return Objective(**given) if whole else None


def _given(document: Document, path: tuple[str, ...], table: Mapping[str, object], known: Mapping[str, Fit]) -> tuple[dict[str, Any], bool]:
    """(what is given, whether all of it is right)."""
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            document.error((*path, key), "unknown key", meant(key, list(known)))
            continue
        try:
            given[key] = known[key](value)
        except InvalidValue as unfit:
            document.error((*path, key), str(unfit))
    return given, given.keys() == table.keys()


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"expected a share of requests, such as 0.999, found {named(value)}")
    if not 0 < value <= 0.999999:
        raise InvalidValue(f"expected a share above 0 and at most 0.999999, found {value:g}")
    return float(value)


def _duration(least: float, most: float, example: str) -> Fit:
    def fit(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidValue(f'expected a duration such as "{example}", or a number of seconds, found {named(value)}')
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if isinstance(value, str) and match is None:
            raise InvalidValue(f'expected a duration such as "{example}" (ms, s, m, h, d or w), found {value!r}')
        seconds = float(match[1]) * _UNITS[match[2]] if match is not None else float(value)
        if math.isnan(seconds) or not least <= seconds <= most:
            raise InvalidValue(f"expected {least:g} to {most:g} seconds, found {value}")
        return seconds

    return fit


def _table(value: object) -> object:
    if not isinstance(value, dict):
        raise InvalidValue(f'expected a table such as {{ below = "250ms", share = 0.99 }}, found {named(value)}')
    return value


_OBJECTIVE: Mapping[str, Fit] = {"availability": _share, "latency": _table, "window": _duration(DAY, 90 * DAY, "30d")}
_LATENCY: Mapping[str, Fit] = {"below": _duration(0.0001, 3600, "250ms"), "share": _share}
"""Key → what makes of a TOML value what is meant; raises InvalidValue."""
