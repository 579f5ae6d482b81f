"""The keys of a gate, and what each may hold. A value in the wrong unit is told what it would be in the right one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from modeldeck.config.kinds import TEXT, InvalidValue, named
from modeldeck.domain.gates.criteria import BUILT_IN
from modeldeck.domain.gates.placeholders import problems
from modeldeck.domain.gates.settings import Op

Fit = Callable[[object], object]
OFF = "off"
DAY = 86_400.0

_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": DAY}


def _number(value: object, expected: str) -> float:
    if isinstance(value, str):
        raise InvalidValue(f"expected {expected}, found {value!r}{_in_seconds(value) if 'second' in expected else _as_ratio(value)}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"expected {expected}, found {named(value)}")
    if not math.isfinite(value):
        raise InvalidValue(f"expected {expected}, found {value}")
    return float(value)


def _in_seconds(text: str) -> str:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text)
    return f": did you mean {float(match[1]) * _UNITS[match[2]]:g}?" if match and match[2] in _UNITS else ""


def _as_ratio(text: str) -> str:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", text)
    return f": did you mean {float(match[1]) / (100 if match[2] else 1):g}?" if match else ""


def _seconds(least: float, most: float) -> Fit:
    def fit(value: object) -> float:
        number = _number(value, "a number of seconds")
        if not least <= number <= most:
            milliseconds = f": did you mean {number / 1000:g}?" if number > most and least <= number / 1000 <= most else ""
            raise InvalidValue(f"expected {least:g} to {most:g} seconds, found {number:g}{milliseconds}")
        return number

    return fit


def _ratio(most: float) -> Fit:
    def fit(value: object) -> float:
        number = _number(value, f"a ratio above 0 and below {most:g}")
        if not 0 < number < most:
            percent = f": did you mean {number / 100:g}?" if number >= 1 and number / 100 < most else ""
            raise InvalidValue(f"expected a ratio above 0 and below {most:g}, found {number:g}{percent}")
        return number

    return fit


def _above_zero(most: float, what: str) -> Fit:
    def fit(value: object) -> float:
        number = _number(value, what)
        if not 0 < number <= most:
            raise InvalidValue(f"expected {what}, above 0 and at most {most:g}, found {number:g}")
        return number

    return fit


def _times(what: str) -> Fit:
    def fit(value: object) -> float:
        number = _number(value, what)
        if not 1 < number <= 1000:
            raise InvalidValue(f"expected {what}, above 1 and at most 1000, found {number:g}")
        return number

    return fit


def _count(least: int, most: int) -> Fit:
    def fit(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidValue(f"expected a whole number, found {named(value)}")
        if not least <= value <= most:
            raise InvalidValue(f"expected {least} to {most}, found {value}")
        return value

    return fit


def _or_off(fit: Fit) -> Fit:
    """A limit that may be switched off, alone: a gate as a whole may not."""

    def either(value: object) -> object:
        if value == OFF:
            return None
        if value is False:
            raise InvalidValue(f'expected a number or "{OFF}", found false')
        return fit(value)

    return either


GATE: Mapping[str, Fit] = {
    "baseline": _seconds(1, 7 * DAY),
    "warm_up": _seconds(0, DAY),
    "interval": _seconds(1, 3600),
    "timeout": _seconds(1, 7 * DAY),
    "scrape": _seconds(1, 3600),
    "wrong_undo": _ratio(0.5),
    "wrong_pass": _ratio(0.5),
    "max_error_ratio": _or_off(_ratio(1)),
    "max_error_rise": _or_off(_times("how many times the error ratio of the version before")),
    "tolerated_errors": _ratio(1),
    "max_p99": _or_off(_seconds(0.0001, 120)),
    "max_p99_ratio": _or_off(_times("how many times the p99 of the version before")),
    "max_drift": _or_off(_above_zero(100, "a population stability index")),
    "passes_in_a_row": _count(1, 100),
    "fails_in_a_row": _count(1, 100),
}
"""Key → what makes of a TOML value the field of Gate with the same name; raises InvalidValue."""


def _op(value: object) -> Op:
    try:
        return Op(str(value))
    except ValueError:
        raise InvalidValue(f"expected one of {', '.join(Op)}, found {value!r}") from None


def _name(value: object) -> str:
    text = str(TEXT.from_toml(value))
    if len(text) > 60:
        raise InvalidValue(f"expected at most 60 characters, found {len(text)}")
    if text in BUILT_IN:
        raise InvalidValue(f"expected another name, as {text!r} is a criterion of its own")
    return text


def _query(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"expected PromQL as a string, found {named(value)}")
    if not value.strip():
        raise InvalidValue("expected PromQL, found an empty string")
    wrong = problems(value)
    if wrong:
        raise InvalidValue("; ".join(wrong))
    return value


CRITERION: Mapping[str, Fit] = {
    "name": _name,
    "query": _query,
    "op": _op,
    "bound": lambda value: _number(value, "a number"),
    "unit": lambda value: "" if value == "" else TEXT.from_toml(value),
    "min_requests": _count(0, 10_000_000),
}
NEEDED = ("name", "query", "op", "bound")
