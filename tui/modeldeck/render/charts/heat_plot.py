"""A heatmap as lines of cells: time from left to right, buckets from the bottom up, and in each cell how large a share of its moment fell
there, by how densely it is filled, and by colour where there is any. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.charts.chart import PlotFrame
from modeldeck.render.numbers import Formatter
from modeldeck.render.text import cells, fit

LEVELS: tuple[tuple[float, str, Role], ...] = (
    (0.0, "·", "muted"),
    (0.02, "░", "series-1"),
    (0.10, "▒", "series-3"),
    (0.25, "▓", "series-2"),
    (0.50, "█", "strong"),
)
"""From which share of a moment on a cell is drawn like that; nothing is drawn for nothing."""
_FROM = [share for share, _, _ in LEVELS]


@dataclass(frozen=True, slots=True)
class HeatData:
    """`counts`: (time, count in each bucket), in order of time; `bounds` are the buckets' upper ends, the lowest first. There can be one
    every `step` seconds."""

    bounds: Sequence[float]
    counts: Sequence[tuple[float, Sequence[float]]]
    step: float
    format: Formatter


def label(heat: HeatData, bucket: int) -> str:
    """`≤ 50 ms`; `> 50 ms` of the last one."""
    bound = heat.bounds[bucket]
    if bound != math.inf:
        return f"≤ {heat.format(bound)}"
    return f"> {heat.format(heat.bounds[bucket - 1])}" if bucket else "all"


def filled(heat: HeatData, window: tuple[float, float]) -> tuple[int, int] | None:
    """The lowest and the highest bucket that anything fell into; None where nothing did."""
    seen = [row for at, row in heat.counts if window[0] <= at <= window[1]]
    found = [bucket for bucket, column in enumerate(zip(*seen, strict=True)) if any(column)]
    return (found[0], found[-1]) if found else None


def label_width(heat: HeatData, window: tuple[float, float]) -> int:
    """Cells of the longest label."""
    span = filled(heat, window)
    return max(cells(label(heat, bucket)) for bucket in range(span[0], span[1] + 1)) if span else 0


def heat_lines(heat: HeatData, frame: PlotFrame, cursor: float | None) -> list[Line]:
    """`frame.height` lines. Where there are more buckets than lines, neighbours share one, which is named by the highest of them."""
    span = filled(heat, frame.window)
    if span is None:
        return [(Cell(" " * (frame.axis + 2 + frame.width)),)] * frame.height
    low, high = span
    several = math.ceil((high - low + 1) / frame.height)
    rows = [(first, min(first + several - 1, high)) for first in range(low, high + 1, several)]
    columns = _columns(heat, frame, rows)
    tall, more = divmod(frame.height, len(rows))
    at = frame.column(cursor) if cursor is not None else None
    lines: list[Line] = []
    for place in reversed(range(len(rows))):
        drawn = [_cell(column[place] if column else 0.0, cursor=x == at) for x, column in enumerate(columns)]
        runs = [Cell("".join(text for text, _ in run), role) for role, run in groupby(drawn, key=lambda each: each[1])]
        for line in range(tall + (len(rows) - 1 - place < more)):
            name = label(heat, rows[place][1]) if line == 0 else ""
            axis = (Cell(fit(name, frame.axis, "right"), "muted"), Cell("┤" if name else "│", "muted"))
            lines.append((*axis, *runs, Cell(" ")))
    return lines


def _columns(heat: HeatData, frame: PlotFrame, rows: Sequence[tuple[int, int]]) -> list[list[float] | None]:
    """Of each column of cells the shares of all rows; None where there is no moment in it. A moment reaches back over its step."""
    sums: list[list[float] | None] = [None] * frame.width
    start, end = frame.window
    for moment, counts in heat.counts:
        if not start <= moment <= end:
            continue
        last = frame.column(moment)
        first = frame.column(max(start, moment - heat.step))
        if last is None or first is None:
            continue
        mine = [sum(counts[low : high + 1]) for low, high in rows]
        for x in range(min(first + 1, last), last + 1):
            known = sums[x]
            sums[x] = mine if known is None else [a + b for a, b in zip(known, mine, strict=True)]
    return [None if found is None or not (total := sum(found)) else [count / total for count in found] for found in sums]


def _cell(share: float, *, cursor: bool) -> tuple[str, Role]:
    if share <= 0:
        return ("│", "accent") if cursor else (" ", "")
    _, text, role = LEVELS[bisect_right(_FROM, share) - 1]
    return text, "accent" if cursor else role
