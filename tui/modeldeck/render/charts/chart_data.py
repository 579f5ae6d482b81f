"""What a chart shows, as plain values. Times are seconds since the epoch; a value that is None, NaN or infinite is a gap."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from modeldeck.render.cell import Role
from modeldeck.render.numbers import Formatter, plain

Point = tuple[float, float | None]

SYMBOLS = ("●", "◆", "▲", "■", "✚", "○")
"""One a series, in the legend and where its line ends: tells series apart without colour."""

SERIES_ROLES: tuple[Role, ...] = ("series-1", "series-2", "series-3", "series-4", "series-5", "series-6")


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One line. Points are in order of time."""

    name: str
    points: Sequence[Point]
    group: str = ""
    """Whose it is, where the chart has lines of several."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened: a vertical line, such as a change of version."""

    at: float
    label: str = ""
    minor: bool = False
    """Its label gives way to others: to its first character, then altogether."""


@dataclass(frozen=True, slots=True)
class ChartData:
    """A chart. `start` and `end` are the window; None takes the points' own."""

    series: tuple[ChartSeries, ...] = ()
    title: str = ""
    start: float | None = None
    end: float | None = None
    format: Formatter = plain
    zero: bool = True
    """Whether the value axis begins at zero."""
    flat: float | None = None
    """How far the axis reaches where all values are zero."""
    binary: bool = False
    """Whether the steps of the axis are round in KiB, MiB, …"""
    log: bool = False
    markers: tuple[Marker, ...] = ()
    bound: float | None = None
    """A horizontal line: a gate's limit."""
    bound_name: str = "limit"
    cursor: float | None = None
    """A time to read values at."""
    gap: float | None = None
    """Points further apart than this many seconds are not joined; None joins them all."""
    tz: tzinfo | None = None
    """The clock of the time axis; None is the machine's own zone."""
    empty: str = "no data in this window"
    earlier: tuple[Point, ...] = ()
    """A line of another time on this axis: dashed, behind the others."""

    @property
    def window(self) -> tuple[float, float]:
        """First and last second that are shown; a window without a width gets one second."""
        times = [point[0] for series in self.series for point in (*series.points[:1], *series.points[-1:])]
        start = self.start if self.start is not None else min(times, default=0.0)
        end = self.end if self.end is not None else max(times, default=1.0)
        return start, end if end > start else start + 1.0


def finite(value: float | None) -> float | None:
    """The value, or None where it is a gap."""
    return value if value is not None and math.isfinite(value) else None


def last_value(points: Sequence[Point]) -> float | None:
    """The newest value that is not a gap."""
    return next((value for _, raw in reversed(points) if (value := finite(raw)) is not None), None)


def value_at(points: Sequence[Point], at: float, reach: float) -> float | None:
    """The value of the point nearest to `at`, no further than `reach` seconds away."""
    index = bisect_left(points, at, key=lambda point: point[0])
    near = [point for point in points[max(0, index - 1) : index + 1] if abs(point[0] - at) <= reach]
    return finite(min(near, key=lambda point: abs(point[0] - at))[1]) if near else None
