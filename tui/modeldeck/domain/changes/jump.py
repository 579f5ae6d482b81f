"""Where a line jumps: from one level to another, for longer than a moment. Times in seconds since the epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

WIDTH = 5
"""Points on either side of a step that tell the two levels: one or two odd ones among them change no median."""
LEAST = 3
"""The same at the ends of the line."""
NOISES = 6.0
"""So many times the noise around the levels a step is high at least."""
SHARE = 0.2
"""Of the higher level: smaller steps are nobody's concern."""
_FLOOR = 0.02
# Of the higher level: a line without any noise is not trusted further than that.
_NORMAL = 1.4826
# From the median of distances to a standard deviation.

Finite = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Jump:
    """Between `since`, the last point on the old level, and `at`, the first that has left it, the line went from `before` to `after`."""

    since: float
    at: float
    before: float
    after: float
    noises: float
    """How high it is, in units of the noise around the levels."""


def find_jump(points: Sequence[tuple[float, float | None]], *, least: float = 0.0) -> Jump | None:
    """The most prominent jump, of equal ones the latest; None where the line has none. Points in order of time; None, NaN and
    infinite values are gaps, which are never filled: across one the levels on its two sides are compared. `least`: steps that are not
    higher are none.
    """
    known: list[Finite] = [(at, value) for at, value in points if value is not None and math.isfinite(value)]
    return max(_jumps(known, least), key=lambda jump: (jump.noises, jump.at), default=None)


def _jumps(points: Sequence[Finite], least: float) -> Iterator[Jump]:
    for place in range(LEAST, len(points) - LEAST + 1):
        left, right = points[max(0, place - WIDTH) : place], points[place : place + WIDTH]
        before, after = _level(left), _level(right)
        step, top = abs(after - before), max(abs(before), abs(after))
        if step <= least or step < SHARE * top:
            continue
        noise = _noise(left, before) + _noise(right, after) + _FLOOR * top
        if noise > 0 and math.isfinite(noise) and step >= NOISES * noise:
            yield _onset(points, place, before, after, step / noise)


def _level(points: Sequence[Finite]) -> float:
    return median(value for _, value in points)


def _noise(points: Sequence[Finite], level: float) -> float:
    return _NORMAL * median(abs(value - level) for _, value in points)


def _onset(points: Sequence[Finite], place: int, before: float, after: float, noises: float) -> Jump:
    """Rates climb over the length of their window: what set it off was before the first point that has left the old level."""
    left = before + (after - before) / 10
    first = place
    while first < len(points) - 1 and not _beyond(points[first][1], left, after > before):
        first += 1
    while first > 1 and _beyond(points[first - 1][1], left, after > before):
        first -= 1
    return Jump(points[first - 1][0], points[first][0], before, after, noises)


def _beyond(value: float, bound: float, up: bool) -> bool:
    return value > bound if up else value < bound
