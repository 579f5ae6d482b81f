"""Axes: round steps for values, and clock times for the time axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)

_SMALLEST = 1e-300
"""A narrower span than that has no steps: its parts would be too small for a float."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A value axis from `low` to `high`, with ticks. With `log`, bounds are exponents of ten; values above zero only."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands, from 0 (low) to 1 (high)."""
        if self.log:
            value = math.log10(value) if value > 0 else self.low
        return (value - self.low) / (self.high - self.low)


def value_scale(values: Iterable[float], ticks: int, *, zero: bool, log: bool, binary: bool = False) -> Scale:
    """A scale that holds all `values` (finite ones) with about `ticks` round steps; `binary`: round in powers of 1024."""
    if log:
        return _log_scale([value for value in values if value > 0])
    known = list(values)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= max(abs(high) * 1e-12, _SMALLEST):
        spread = abs(high) * 0.1 or 1.0
        low, high = (low, high + spread) if zero and low >= 0 else (low - spread, high + spread)
    about = (high - low) / max(1, ticks)
    unit = 1024.0 ** math.floor(math.log(about, 1024)) if binary and about > 1 else 1.0
    step = _nice(about / unit) * unit
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = tuple(index * step for index in range(first, last + 1))
    return Scale(marks[0], marks[-1], marks)


def _log_scale(values: list[float]) -> Scale:
    low = math.floor(math.log10(min(values))) if values else 0
    high = math.ceil(math.log10(max(values))) if values else 1
    high = max(high, low + 1)
    return Scale(low, high, tuple(10.0**exponent for exponent in range(low, high + 1)), log=True)


def _nice(step: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))


def time_ticks(start: float, end: float, width: int, tz: tzinfo | None) -> list[tuple[float, str]]:
    """Clock times for an axis `width` cells wide: round times and their labels, at least 3 cells apart. Midnight is named by the
    day that begins."""
    step = next((s for s in _TIME_STEPS if (end - start) / s * (_label_width(s) + 4) <= width), _TIME_STEPS[-1])
    offset = (datetime.fromtimestamp(start, tz).astimezone(tz).utcoffset() or timedelta(0)).total_seconds()
    first = math.ceil((start + offset) / step) * step - offset
    return [(at, _clock(at, step, tz)) for at in _steps(first, end, step)]


def _steps(first: float, end: float, step: float) -> list[float]:
    return [first + index * step for index in range(max(0, int((end - first) / step + 1e-9) + 1))]


def _label_width(step: float) -> int:
    return 8 if step < 60 else 5 if step < 86400 else 6


def _clock(at: float, step: float, tz: tzinfo | None) -> str:
    local = datetime.fromtimestamp(at, tz)
    if step >= 86400 or (local.hour, local.minute, local.second) == (0, 0, 0):
        return local.strftime("%b %d")
    return local.strftime("%H:%M:%S" if step < 60 else "%H:%M")
