"""Which span of time is looked at, and which moment in it is read. Pure: each key makes another value of one. Seconds, since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace

WINDOWS = (300.0, 900.0, 1800.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 12 * 3600.0, 86400.0, 2 * 86400.0, 7 * 86400.0, 30 * 86400.0)
"""Seconds."""
PAN = 0.5
"""Of a window, by which one key moves it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`end` is the moment at which the picture stands still; None: it goes on with the time. `cursor` None: nothing is read."""

    window: float = 1800.0
    end: float | None = None
    cursor: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """What the charts show, from `start` to `end` in so many columns: a point every `step` seconds, counted back from `end`, and the one of
    `latest`, which belongs to the last step."""

    start: float
    end: float
    latest: float
    step: float
    columns: int


def resized(timeline: Timeline, by: int) -> Timeline:
    """So many windows longer, or shorter where `by` is negative; up to the longest and the shortest."""
    place = WINDOWS.index(timeline.window) + by
    return replace(timeline, window=WINDOWS[max(0, min(place, len(WINDOWS) - 1))])


def next_window(timeline: Timeline) -> Timeline:
    """A longer one; after the longest the shortest."""
    return replace(timeline, window=WINDOWS[(WINDOWS.index(timeline.window) + 1) % len(WINDOWS)])


def zoomed(timeline: Timeline, by: int, axis: Axis, now: float) -> Timeline:
    """So many windows longer, or shorter where `by` is negative, about the cursor, which keeps its place in the picture; without one about
    the newest moment. What would reach `now` goes on with the time."""
    other = resized(timeline, by)
    if timeline.cursor is None:
        return other
    at = on_axis(timeline.cursor, axis)
    end = at + other.window * (axis.end - at) / (axis.end - axis.start)
    return following(other) if end >= now else replace(other, end=max(other.window, end))


def panned(timeline: Timeline, by: int, end: float, now: float) -> Timeline:
    """Earlier where `by` is negative, from what is shown up to `end`. What would reach `now` goes on with the time again."""
    moved = max(timeline.window, (end if timeline.end is None else timeline.end) + by * PAN * timeline.window)
    return following(timeline) if moved >= now else replace(timeline, end=moved)


def paused(timeline: Timeline, end: float) -> Timeline:
    """It stands still at `end`."""
    return replace(timeline, end=end)


def following(timeline: Timeline) -> Timeline:
    """It goes on with the time."""
    return replace(timeline, end=None)


def pointed(timeline: Timeline, by: int, axis: Axis) -> Timeline:
    """The cursor so many columns further, on a moment of which there can be a point; it comes in at the newest."""
    if timeline.cursor is None:
        return replace(timeline, cursor=axis.latest)
    column = (axis.end - axis.start) / max(1, axis.columns - 1)
    stride = max(1, round(column / axis.step)) * axis.step
    return replace(timeline, cursor=on_axis(on_axis(timeline.cursor, axis) + by * stride, axis))


def pointed_at_end(timeline: Timeline, axis: Axis, *, last: bool) -> Timeline:
    """The cursor at one end of the axis."""
    return replace(timeline, cursor=on_axis(axis.latest if last else axis.start, axis))


def without_cursor(timeline: Timeline) -> Timeline:
    return replace(timeline, cursor=None)


def on_axis(moment: float, axis: Axis) -> float:
    """The moment nearest to it that can be read: times go on under a cursor, and leave it behind."""
    least = 0 if axis.latest >= axis.end else 1
    if 2 * moment > axis.latest + axis.end - least * axis.step:
        return axis.latest
    most = int((axis.end - axis.start) / axis.step + 1e-9)
    steps = max(least, min(round((axis.end - moment) / axis.step), most))
    return axis.end - steps * axis.step
