"""What the legend of a chart says of the earlier time that it is compared with."""

from __future__ import annotations

from modeldeck.domain.metrics.charts.chart_lines import ChartLine
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart_data import ChartData, last_value, value_at

SIGN = "┄"
"""The earlier line is dashed: told apart without colour."""
_SAME_MOMENT = 0.5
"""Seconds."""


def compared_legend(compared: ComparedTime, line: ChartLine | None, data: ChartData, at: float | None) -> Line:
    """Its value so long before the moment `at`, which the present values are of; None: its newest. No `line`: nothing was answered."""
    apart = any(series.group for series in data.series)
    names = ("all pods" if apart else "", line.name if line is not None and line.name != data.title and _several(data) else "", compared)
    told = " ".join(filter(None, names))
    if line is None:
        return (Cell(f"{SIGN} {told}: not answered", "warn"),)
    if not data.earlier:
        return (Cell(f"{SIGN} no data {compared}", "muted"),)
    found = last_value(data.earlier) if at is None else value_at(data.earlier, at, _SAME_MOMENT)
    return Cell(f"{SIGN} {told} ", "muted"), Cell(numbers.NONE if found is None else data.format(found), "strong")


def _several(data: ChartData) -> bool:
    return len({series.name for series in data.series}) > 1
