"""Numbers as an operator reads them: few digits, a unit, and the same width as their neighbours in a column."""

from __future__ import annotations

import math
from collections.abc import Callable

NONE = "–"
"""Shown where there is no value: a column of blanks cannot be told from a column that is still loading."""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_YEAR = 365 * _DAY
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SI_UNITS = ("", "k", "M", "G", "T", "P")


def count(value: int | None) -> str:
    """A count with its thousands apart: `1 204`."""
    return NONE if value is None else f"{value:,}".replace(",", " ")


def short(value: float | None) -> str:
    """A number in at most five characters with an SI letter: `940`, `1.2k`, `3.4M`."""
    if value is None or not math.isfinite(value):
        return NONE
    unit = 0
    while abs(value) >= 999.5 and unit < len(_SI_UNITS) - 1:
        value /= 1000.0
        unit += 1
    return f"{_digits(value)}{_SI_UNITS[unit]}"


def duration(seconds: float | None) -> str:
    """How long something took: `0.4 ms`, `41 ms`, `1.2 s`, `3 m 20 s`, `2 h 5 m`, `4 d 3 h`."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 0.9995:
        return f"{_digits(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{_digits(seconds)} s"
    for unit, larger, smaller in ((_MINUTE, "m", "s"), (_HOUR, "h", "m"), (_DAY, "d", "h")):
        step = {"s": 1.0, "m": _MINUTE, "h": _HOUR}[smaller]
        steps = round(seconds / step)
        if smaller == "h" or steps * step < {"m": _HOUR, "h": _DAY}[larger]:
            whole, rest = divmod(steps, round(unit / step))
            return f"{whole} {larger} {rest} {smaller}" if rest else f"{whole} {larger}"
    return NONE


def age(seconds: float | None) -> str:
    """How long ago, in one unit: `now`, `12 s`, `2 m`, `1 h`, `4 d`, `2 y`. Never rounded up: two hours is two whole hours."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if seconds < 1:
        return "now"
    for unit, letter in ((_YEAR, "y"), (_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {letter}"
    return f"{int(seconds)} s"


def ago(seconds: float | None) -> str:
    """`age` as a sentence has it: `just now`, `12 s ago`; – where it is not known."""
    told = age(seconds)
    return told if told == NONE else "just now" if told == "now" else f"{told} ago"


def ratio(value: float | None) -> str:
    """A share of one in per cent: `0 %`, `<0.1 %`, `2.5 %`, `98 %`. Never rounded to nothing or to all."""
    if value is None or not math.isfinite(value):
        return NONE
    percent = value * 100.0
    if percent in (0.0, 100.0):
        return f"{percent:.0f} %"
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    return f"{percent:.1f} %" if abs(percent) < 9.95 or percent > 99 else f"{percent:.0f} %"


def rate(per_second: float | None) -> str:
    """Events a second: `112/s`, `0.4/s`; rare ones by the minute: `3/min`."""
    if per_second is None or not math.isfinite(per_second):
        return NONE
    if 0 < per_second < 0.095:
        return f"{_digits(per_second * 60)}/min"
    return f"{short(per_second)}/s"


def quantile(q: float) -> str:
    """A quantile's usual name: 0.5 → `p50`, 0.999 → `p99.9`."""
    return f"p{q * 100:.10g}"


def size(value: float | None) -> str:
    """Bytes in binary units: `512 B`, `3.4 MiB`."""
    if value is None or not math.isfinite(value):
        return NONE
    unit = 0
    while abs(value) >= 1023.5 and unit < len(_BYTE_UNITS) - 1:
        value /= 1024.0
        unit += 1
    return f"{_digits(value)} {_BYTE_UNITS[unit]}"


def metric(value: float | None) -> str:
    """A training metric, comparable down a column: four decimals where it is near one, else four significant digits."""
    if value is None:
        return NONE
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0 or 0.001 <= abs(value) < 10:
        return f"{value:.4f}"
    if abs(value) < 100000:
        return f"{value:.4g}" if abs(value) >= 1 else f"{value:.2e}"
    return f"{value:.3e}"


def digits(value: float | None) -> str:
    """A number of any kind with three digits that matter: `0.423`, `-12.5`, `1.2k`, `3.1e-05`."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.3g}" if abs(value) < 999.5 else short(value)


def plain(value: float) -> str:
    """A number as short as it goes without loss that matters on an axis: `0`, `0.25`, `1200`."""
    return f"{value:.6g}"


Formatter = Callable[[float], str]


def _digits(value: float) -> str:
    """Two digits that matter below ten, none after the point from ten on; no trailing zero."""
    if value == 0:
        return "0"
    if abs(value) >= 9.95:
        return f"{value:.0f}"
    if abs(value) >= 0.095:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.1g}"
