"""Charts on top of each other over one time axis: the same moment stands in the same column of each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart import PlotFrame, exactly, frame_of, marker_labels, plot_lines, time_axis
from modeldeck.render.charts.chart_data import ChartData, finite
from modeldeck.render.charts.chart_scale import Scale
from modeldeck.render.charts.heat_plot import HeatData, filled, heat_lines, label_width
from modeldeck.render.text import fit

LEAST_HEIGHT = 7
"""Of a chart: legend, five rows of plot, statistics."""
_WITHOUT_AXIS = Scale(0.0, 1.0, ())


@dataclass(frozen=True, slots=True)
class StackedChart:
    """`legend` stands above the plot, `statistics` below it. All charts of a stack have the same window, markers and cursor."""

    data: ChartData
    legend: Line
    statistics: Line
    heat: HeatData | None = None
    """Drawn instead of the lines."""


def fitting(charts: int, height: int) -> int:
    """How many charts there is room for; one at least."""
    return max(1, min(charts, (height - 2) // LEAST_HEIGHT))


def plot_columns(width: int) -> int:
    """Cells of a plot in a stack of that width, about: labels of values take the rest."""
    return max(1, width - 9)


def stack_lines(charts: Sequence[StackedChart], width: int, height: int) -> list[Line]:
    """`height` lines of `width` cells: names of the markers, the charts that there is room for, clock times."""
    charts = charts[: fitting(len(charts), height)]
    if not charts or width < 20 or height < LEAST_HEIGHT:
        return [(Cell(" " * max(0, width)),)] * max(0, height)
    marked = any(marker.label for marker in charts[0].data.markers)
    room = height - marked - 1
    heights = [room * (index + 1) // len(charts) - room * index // len(charts) - 2 for index in range(len(charts))]
    axis = max(_frame(chart, width, rows, 0).axis for chart, rows in zip(charts, heights, strict=True))
    frames = [_frame(chart, width, rows, axis) for chart, rows in zip(charts, heights, strict=True)]
    lines = [exactly([*marker_labels(charts[0].data, frames[0])], width)] if marked else []
    for chart, frame in zip(charts, frames, strict=True):
        indent = Cell(" " * (frame.axis + 1))
        lines += [exactly([*chart.legend], width), *_plot(chart, frame, width), exactly([indent, *chart.statistics], width)]
    return [*lines, exactly([*time_axis(charts[0].data, frames[0])], width)]


def _frame(chart: StackedChart, width: int, height: int, axis: int) -> PlotFrame:
    data, values = chart.data, _values(chart.data)
    if chart.heat is not None:
        axis = min(max(axis, label_width(chart.heat, data.window)), width // 3)
    elif values:
        return frame_of(data, values, width, height, axis=axis)
    return PlotFrame(axis, width - axis - 2, height, data.window, _WITHOUT_AXIS)


def _plot(chart: StackedChart, frame: PlotFrame, width: int) -> list[Line]:
    if chart.heat is not None and filled(chart.heat, chart.data.window) is not None:
        return heat_lines(chart.heat, frame, chart.data.cursor)
    if chart.heat is None and _values(chart.data):
        return plot_lines(chart.data, frame)
    lines: list[Line] = [(Cell(" " * width),)] * frame.height
    lines[frame.height // 2] = (Cell(fit(chart.data.empty, width, "center"), "muted"),)
    return lines


def _values(data: ChartData) -> list[float]:
    """What is in sight."""
    start, end = data.window
    drawn = (*(series.points for series in data.series), data.earlier)
    return [v for points in drawn for at, raw in points if start <= at <= end and (v := finite(raw)) is not None]
