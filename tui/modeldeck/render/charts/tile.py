"""A wall of deployments: each a tile of a few lines, with its figures and a small chart of its p99, in a grid that fills the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from modeldeck.render import numbers
from modeldeck.render.cell import Align, Cell, Line, Role
from modeldeck.render.charts.chart import frame_of, plot_lines
from modeldeck.render.charts.chart_data import ChartData, ChartSeries
from modeldeck.render.charts.sparkline import sparkline
from modeldeck.render.text import cells, crop, fit

NARROWEST = 36
"""Cells of a tile's width, at least."""
GAP = 2
TALLEST, LOWEST = 16, 2
"""Lines of a tile: the lowest has its name, chart and figures, 3 also the chart's scale, 4 why it stands where it does; from 7 on its chart
has several lines and an axis."""
_FIGURE = 6
"""Cells of a figure, but for the few that are longer."""
_PLOTTED, _LEAST_PLOT = 7, 20
"""Lines and cells of a tile whose chart has an axis, at least."""
PAGED = 3
"""The height where there are more tiles than the screen holds at any."""


@dataclass(frozen=True, slots=True)
class Tile:
    """`points`: time and p99, both in seconds, at even steps, the newest last; None is a gap. `sign` says with `role` how much attention it
    wants."""

    key: str
    sign: str
    role: Role
    version: Cell
    pods: Cell
    p99: Cell
    requests: Cell
    errors: Cell
    points: tuple[tuple[float, float | None], ...]
    reason: str = ""
    empty: str = "no p99"
    """Where there is nothing to draw."""


@dataclass(frozen=True, slots=True)
class Grid:
    columns: int
    rows: int
    width: int
    height: int

    @property
    def page(self) -> int:
        """Tiles on one screen."""
        return self.columns * self.rows


def grid_of(count: int, width: int, height: int) -> Grid:
    """The tallest tiles with which all are in sight; where none are small enough, pages."""
    columns = max(1, (width + GAP) // (NARROWEST + GAP))
    each = max(1, (width - GAP * (columns - 1)) // columns)
    rows = max(1, -(-count // columns))
    tall = min(TALLEST, height // rows) if rows * LOWEST <= height else PAGED
    return Grid(columns, max(1, height // tall), each, tall)


def wall_lines(tiles: Sequence[Tile], grid: Grid, selected: str | None, height: int) -> list[Line]:
    """The tiles of one page, row by row from the left."""
    lines: list[Line] = []
    for start in range(0, min(len(tiles), grid.page), grid.columns):
        row = [tile_lines(tile, grid.width, grid.height, selected=tile.key == selected) for tile in tiles[start : start + grid.columns]]
        for parts in zip(*row, strict=True):
            line: list[Cell] = []
            for part in parts:
                line += [*part, Cell(" " * GAP)]
            lines.append(tuple(line[:-1]))
    return lines[:height]


@lru_cache(maxsize=1024)
def tile_lines(tile: Tile, width: int, height: int, *, selected: bool = False) -> list[Line]:
    """`height` lines of exactly `width` cells."""
    head = _head(tile, width, selected=selected)
    if height <= 2:
        return [head, _compact(tile, width)][:height]
    p99, requests, errors = (_column(cell) for cell in (tile.p99, tile.requests, tile.errors))
    figures = (Cell("  "), Cell("p99 ", "muted"), p99, Cell("  "), requests, Cell("  errors ", "muted"), errors)
    plotted = height >= _PLOTTED and width >= _LEAST_PLOT and any(value is not None for _, value in tile.points)
    lines = [head, _filled(figures, width), *(_plot(tile, width, height - 4) if plotted else [_chart(tile, width)])]
    if height >= 4:
        lines.append(_filled((Cell("  "), Cell(fit(tile.reason, width - 2), tile.role or "muted")), width))
    return [*lines, *([(Cell(" " * width),)] * (height - len(lines)))]


def _head(tile: Tile, width: int, *, selected: bool) -> Line:
    right: list[Cell] = [Cell(" "), tile.version, Cell(" "), tile.pods]
    room = width - 2 - _width(right)
    name = crop(tile.key, max(1, room))
    blank = Cell(" " * max(0, room - cells(name)))
    line = (Cell(f"{tile.sign} ", tile.role), Cell(name, "chip" if selected else tile.role or "strong"), blank, *right)
    return _filled(line, width)


def _plot(tile: Tile, width: int, height: int) -> list[Line]:
    """With an axis of its own, as deployments differ by orders of magnitude."""
    data = ChartData((ChartSeries("p99", tile.points),), format=numbers.duration)
    frame = frame_of(data, [value for _, value in tile.points if value is not None], width - 1, height)
    return [_filled((Cell(" "), *line), width) for line in plot_lines(data, frame)]


def _chart(tile: Tile, width: int) -> Line:
    known = [value for _, value in tile.points if value is not None]
    if not known:
        return _filled((Cell("  "), Cell(tile.empty, "muted")), width)
    scale = f" ≤ {numbers.duration(max(known))}"
    return _filled((Cell("  "), *_sparkline(tile, width - 2 - cells(scale)), Cell(scale, "muted")), width)


def _sparkline(tile: Tile, width: int) -> Line:
    return (Cell(sparkline([value for _, value in tile.points], width, zero=True), "series-1"),) if width > 0 else ()


def _compact(tile: Tile, width: int) -> Line:
    figures = tuple(part for cell in (tile.p99, tile.requests, tile.errors) for part in (Cell(" "), _column(cell, "right")))
    return _filled((Cell("  "), *_sparkline(tile, width - 2 - _width(figures)), *figures), width)


def _column(cell: Cell, align: Align = "left") -> Cell:
    """As wide as its neighbours: figures that change move nothing."""
    return Cell(fit(cell.text, max(_FIGURE, cells(cell.text)), align), cell.role)


def _filled(line: Sequence[Cell], width: int) -> Line:
    """Cut or padded to exactly so many cells."""
    found: list[Cell] = []
    room = width
    for cell in line:
        text = cell.text if cells(cell.text) <= room else crop(cell.text, room)
        found.append(Cell(text, cell.role))
        room -= cells(text)
        if room <= 0:
            break
    return (*found, Cell(" " * room)) if room > 0 else tuple(found)


def _width(line: Sequence[Cell]) -> int:
    return sum(cells(cell.text) for cell in line)
