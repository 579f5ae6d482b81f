"""A chart as lines of cells: legend, braille plot with value axis, clock times. Pure: the same data gives the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.charts.chart_data import SERIES_ROLES, SYMBOLS, ChartData, finite, last_value, value_at
from modeldeck.render.charts.chart_plot import dashed, draw, overlay, reduce
from modeldeck.render.charts.chart_scale import Scale, time_ticks, value_scale
from modeldeck.render.numbers import NONE
from modeldeck.render.text import cells, clean, fit

_TICK_ROWS = 3
# Rows of cells between two labels of the value axis, about.


@dataclass(frozen=True, slots=True)
class PlotFrame:
    """Where things stand: the plot is `width` x `height` cells, right of an axis of `axis` cells."""

    axis: int
    width: int
    height: int
    window: tuple[float, float]
    scale: Scale

    def column(self, at: float) -> int | None:
        """The plot's cell column for a time; None outside of the window."""
        start, end = self.window
        column = round((at - start) / (end - start) * (self.width - 1))
        return column if 0 <= column < self.width else None

    def row(self, value: float) -> int | None:
        """The plot's cell row for a value, from the top: the one in which its dot is drawn; None outside of the scale."""
        share = self.scale.share(value)
        return self.height - 1 - int(share * (4 * self.height - 1) + 0.5) // 4 if 0 <= share <= 1 else None


def chart_lines(data: ChartData, width: int, height: int) -> list[Line]:
    """`height` lines of `width` cells. Short of room, the time axis and then the legend go first."""
    if width < 12 or height < 1:
        return [(Cell(" " * max(0, width)),)] * max(0, height)
    legend = [legend_line(data, width)] if height > 2 else []
    labels = any(marker.label for marker in data.markers) and height > 7
    clock = height > 4
    plot_height = height - len(legend) - labels - clock
    values = [v for series in data.series for _, raw in series.points if (v := finite(raw)) is not None]
    if not values:
        return _without_data(data, width, height, legend)
    frame = frame_of(data, values, width, plot_height)
    lines = list(legend)
    if labels:
        lines.append(marker_labels(data, frame))
    lines += plot_lines(data, frame)
    if clock:
        lines.append(time_axis(data, frame))
    return lines


def legend_line(data: ChartData, width: int) -> Line:
    """Title, then each series with its symbol, name and newest value; with a cursor, the time and the values there."""
    line: list[Cell] = []
    if data.title:
        line.append(Cell(clean(data.title, limit=64) + "  ", "strong"))
    start, end = data.window
    if data.cursor is not None:
        line.append(Cell(datetime.fromtimestamp(data.cursor, data.tz).strftime("%H:%M:%S") + "  ", "accent"))
    for index, series in enumerate(data.series):
        role = SERIES_ROLES[index % len(SERIES_ROLES)]
        if data.cursor is None:
            value = last_value(series.points)
        else:
            value = value_at(series.points, data.cursor, data.gap or (end - start) / max(1, width))
        message = NONE if value is None else data.format(value)
        line += [Cell(f"{symbol(index)} ", role), Cell(clean(series.name, limit=64) + " ", "muted"), Cell(message + "  ", "strong")]
    if data.bound is not None:
        message = f"╌ {clean(data.bound_name, limit=64)} {data.format(data.bound)}"
        if sum(cells(cell.text) for cell in line) + cells(message) <= width:
            line.append(Cell(message, "warn"))
    return exactly(line, width)


def frame_of(data: ChartData, values: list[float], width: int, height: int, *, axis: int = 0) -> PlotFrame:
    """`axis`: the least cells for the labels of values, so that charts on top of each other have their times in the same columns."""
    if data.bound is not None:
        values = [*values, data.bound]
    if data.flat is not None and not any(values):
        values = [*values, data.flat]
    scale = value_scale(values, max(2, height // _TICK_ROWS), zero=data.zero, log=data.log, binary=data.binary)
    axis = min(max(axis, *(cells(data.format(tick)) for tick in scale.ticks)), width // 3)
    # One cell for the axis, one for the symbol at the end of each line.
    return PlotFrame(axis, width - axis - 2, height, data.window, scale)


def plot_lines(data: ChartData, frame: PlotFrame) -> list[Line]:
    """The value axis, and what is drawn right of it."""
    grid: list[list[str]] = [[" "] * frame.width for _ in range(frame.height)]
    roles: list[list[Role]] = [[""] * frame.width for _ in range(frame.height)]
    _draw_rules(data, frame, grid, roles)
    size = (2 * frame.width, 4 * frame.height)
    layers = [draw(reduce(series.points, frame.window, frame.scale, size, data.gap), size[0]) for series in data.series]
    if data.earlier:
        layers.append(dashed(data.earlier, frame.window, frame.scale, size, data.gap))
    for x, y, character, owner in overlay(layers, frame.width, frame.height):
        grid[y][x] = character
        roles[y][x] = SERIES_ROLES[owner % len(SERIES_ROLES)] if owner < len(data.series) else "muted"
    ticks = {row: data.format(tick) for tick in frame.scale.ticks if (row := frame.row(tick)) is not None}
    ends = _ends(data, frame)
    return [
        (
            Cell(fit(ticks.get(y, ""), frame.axis, "right"), "muted"),
            Cell("┤" if y in ticks else "│", "muted"),
            *_runs(grid[y], roles[y]),
            ends.get(y, Cell(" ")),
        )
        for y in range(frame.height)
    ]


def _draw_rules(data: ChartData, frame: PlotFrame, grid: list[list[str]], roles: list[list[Role]]) -> None:
    """Bound, markers and cursor: behind the lines."""
    row = None if data.bound is None else frame.row(data.bound)
    if row is not None:
        grid[row] = ["╌"] * frame.width
        roles[row] = ["warn"] * frame.width
    verticals: list[tuple[float, str, Role]] = [(marker.at, "┊", "marker") for marker in data.markers]
    if data.cursor is not None:
        verticals.append((data.cursor, "│", "accent"))
    for at, character, role in verticals:
        column = frame.column(at)
        if column is not None:
            for y in range(frame.height):
                grid[y][column] = character
                roles[y][column] = role


def _ends(data: ChartData, frame: PlotFrame) -> dict[int, Cell]:
    """Each series' symbol beside its newest value; the first series wins a row."""
    ends: dict[int, Cell] = {}
    for index, series in enumerate(data.series):
        value = last_value(series.points)
        row = None if value is None or (data.log and value <= 0) else frame.row(value)
        if row is not None:
            ends.setdefault(row, Cell(symbol(index), SERIES_ROLES[index % len(SERIES_ROLES)]))
    return ends


def _runs(characters: Sequence[str], roles: Sequence[Role]) -> list[Cell]:
    """Neighbours of one role as one cell; blanks join whatever stands before them."""
    line: list[Cell] = []
    start, width = 0, len(characters)
    current = roles[0]
    for x in range(1, width):
        role = roles[x]
        if role != current and characters[x] != " ":
            line.append(Cell("".join(characters[start:x]), current))
            start, current = x, role
    line.append(Cell("".join(characters[start:]), current))
    return line


def marker_labels(data: ChartData, frame: PlotFrame) -> Line:
    """Where labels would touch, the newest is kept: it says what runs now. Minor ones take what room is left."""
    row = [" "] * (frame.width + 1)
    taken = [False] * len(row)
    for marker in sorted(data.markers, key=lambda marker: (marker.minor, -marker.at)):
        column = frame.column(marker.at)
        text = clean(marker.label, limit=40)
        if column is None:
            continue
        for each in (text, text[:1]) if marker.minor else (text,):
            if not each.isprintable() or cells(each) != len(each):
                continue
            start = column if column + len(each) <= len(row) else max(0, column - len(each) + 1)
            end = start + len(each)
            if end <= len(row) and not any(taken[max(0, start - 1) : end + 1]):
                row[start:end] = each
                taken[start:end] = [True] * len(each)
                break
    return (Cell(" " * (frame.axis + 1)), Cell("".join(row), "marker"))


def time_axis(data: ChartData, frame: PlotFrame) -> Line:
    """Clock times below their columns."""
    row = [" "] * frame.width
    free = 0
    for at, label in time_ticks(*frame.window, frame.width, data.tz):
        column = frame.column(at)
        text = f"╵{label}"
        if column is not None and column >= free and column + len(text) <= frame.width:
            row[column : column + len(text)] = text
            free = column + len(text) + 1
    return (Cell(" " * (frame.axis + 1)), Cell("".join(row), "muted"), Cell(" "))


def _without_data(data: ChartData, width: int, height: int, legend: list[Line]) -> list[Line]:
    lines = [*legend, *([(Cell(" " * width),)] * (height - len(legend)))]
    lines[len(legend) + (height - len(legend)) // 2 - (height > 2)] = (Cell(fit(data.empty, width, "center"), "muted"),)
    return lines


def symbol(index: int) -> str:
    """What tells a series apart without colour."""
    return SYMBOLS[index % len(SYMBOLS)]


def exactly(line: list[Cell], width: int) -> Line:
    """The line, filled or cut to `width` cells."""
    fitted: list[Cell] = []
    room = width
    for text, role in line:
        taken = cells(text)
        fitted.append(Cell(text if taken <= room else fit(text, room), role))
        room -= min(taken, room)
        if not room:
            break
    return (*fitted, Cell(" " * room)) if room else tuple(fitted)
