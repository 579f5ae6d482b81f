"""Lines in braille dots: two columns and four rows of dots a cell.

A series is first reduced to the plot's dot columns, keeping the lowest and the highest value of each, so that a spike of one point
survives, and the cost of drawing does not grow with the number of points. Each dot column is one integer, a bit a dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from modeldeck.render.charts.chart_data import Point
from modeldeck.render.charts.chart_scale import Scale

_LEFT = [sum(dot for bit, dot in ((8, 0x01), (4, 0x02), (2, 0x04), (1, 0x40)) if n & bit) for n in range(16)]
_RIGHT = [sum(dot for bit, dot in ((8, 0x08), (4, 0x10), (2, 0x20), (1, 0x80)) if n & bit) for n in range(16)]
_BRAILLE = [[chr(0x2800 + left + right) for right in _RIGHT] for left in _LEFT]

Run = list[list[int]]
"""Joined columns of one series: [column, first row, last row, lowest row, highest row], rows counted from the bottom."""


def reduce(points: Sequence[Point], window: tuple[float, float], scale: Scale, size: tuple[int, int], gap: float | None) -> list[Run]:
    """Points to runs of dot columns, for a plot of `size` (columns, rows) dots. A run ends at each gap."""
    columns, rows = size
    start, end = window
    per_second = (columns - 1) / (end - start)
    low, span, top = scale.low, scale.high - scale.low, rows - 1
    share, log = scale.share, scale.log
    infinity = float("inf")
    runs: list[Run] = []
    last: list[int] | None = None
    last_column, last_time = -1, 0.0
    for at, value in points:
        if value is None or value != value or value in (infinity, -infinity) or (log and value <= 0):
            last = None
            continue
        column = round((at - start) * per_second)
        if column < 0 or column >= columns:
            last = None
            continue
        # Divided first: of the smallest numbers that there are the inverse is infinite.
        exact = (share(value) if log else (value - low) / span) * top
        row = 0 if exact < 0 else top if exact > top else int(exact + 0.5)
        if last is None or (gap is not None and at - last_time > gap):
            last = [column, row, row, row, row]
            runs.append([last])
        elif column == last_column:
            last[2] = row
            if row < last[3]:
                last[3] = row
            elif row > last[4]:
                last[4] = row
        else:
            last = [column, row, row, row, row]
            runs[-1].append(last)
        last_column, last_time = column, at
    return runs


def draw(runs: Sequence[Run], columns: int) -> list[int]:
    """The dots of one series: an integer a dot column, bit 0 at the bottom."""
    dots = [0] * columns
    for run in runs:
        for column, _, _, low, high in run:
            dots[column] |= ((2 << (high - low)) - 1) << low
        for left, right in pairwise(run):
            _join(dots, left[0], left[2], right[0], right[1])
    return dots


def _join(dots: list[int], x1: int, y1: int, x2: int, y2: int) -> None:
    """A line between two dots that leaves no hole, and no dot of its own in either end's column where it is flat."""
    width, rise = x2 - x1, y2 - y1
    before = y1
    for step in range(1, width + 1):
        after = y1 + (2 * rise * step + width) // (2 * width)
        low, high = (before + 1, after) if after > before else (after, before - 1) if after < before else (after, after)
        dots[x1 + step] |= ((2 << (high - low)) - 1) << low
        before = after


def dashed(points: Sequence[Point], window: tuple[float, float], scale: Scale, size: tuple[int, int], gap: float | None) -> list[int]:
    """The dots of a series in every second cell only. It is reduced to these first, so that its spikes survive, too."""
    columns = (size[0] + 3) // 4
    found = draw(reduce(points, window, scale, (columns, size[1]), gap), columns)
    return [dots for one in found for dots in (one, one, 0, 0)][: size[0]]


def overlay(layers: Sequence[list[int]], width: int, height: int) -> list[tuple[int, int, str, int]]:
    """All series in one grid of `width` x `height` cells: (column, row from the top, braille character, index of the series whose colour it
    takes: the first that has a dot there). Only cells with dots are returned."""
    found: list[tuple[int, int, str, int]] = []
    for x in range(width):
        pairs = [(layer[2 * x], layer[2 * x + 1]) for layer in layers]
        left = right = 0
        for one, other in pairs:
            left |= one
            right |= other
        both = left | right
        if not both:
            continue
        lowest = ((both & -both).bit_length() - 1) // 4
        for cell in range(lowest, (both.bit_length() + 3) // 4):
            shift = 4 * cell
            a, b = (left >> shift) & 15, (right >> shift) & 15
            if a or b:
                owner = 0
                while not ((pairs[owner][0] | pairs[owner][1]) >> shift) & 15:
                    owner += 1
                found.append((x, height - 1 - cell, _BRAILLE[a][b], owner))
    return found
