"""Panels of a dashboard as charts, and its variables and gaps as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.dashboards.dashboard import ALL, DashboardPanel, Unshown
from modeldeck.render import numbers
from modeldeck.render.cell import Cell
from modeldeck.render.cell import Line as Text
from modeldeck.render.charts.chart import symbol
from modeldeck.render.charts.chart_data import SERIES_ROLES, ChartData, ChartSeries, last_value, value_at
from modeldeck.render.charts.stack import StackedChart
from modeldeck.render.numbers import Formatter

_SAME_MOMENT = 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True)
class PanelLines:
    """What a panel's queries answered. `trouble`: why there is nothing; `more`: series that are not among `series`; None: not read yet."""

    series: tuple[ChartSeries, ...] = ()
    trouble: str = ""
    more: int = 0
    title: str = ""
    """With its variables put in."""


def panel_chart(
    panel: DashboardPanel, lines: PanelLines | None, *, window: tuple[float, float], step: float, cursor: float | None
) -> StackedChart:
    """One panel. Its title stands before its lines."""
    series = tuple(lines.series) if lines is not None else ()
    empty = "reading …" if lines is None else lines.trouble or "no data in this window"
    data = ChartData(series, panel.title, window[0], window[1], unit_format(panel.unit), cursor=cursor, gap=step * 1.5, empty=empty)
    title = lines.title if lines is not None and lines.title else panel.title
    title = f"{panel.row} / {title}" if panel.row else title
    more = [Cell(f"and {lines.more} more", "warn")] if lines is not None and lines.more else []
    return StackedChart(data, (Cell(f"{title}  ", "strong"), *_unit(panel.unit), *more), _values(data))


def _unit(unit: str) -> tuple[Cell, ...]:
    """Only where the values do not show it."""
    return (Cell(f"{unit}  ", "muted"),) if unit and unit not in _FORMATS and unit not in ("none", "short") else ()


def _values(data: ChartData) -> Text:
    """Each line with its newest value, or the one at the cursor."""
    cells: list[Cell] = []
    for index, series in enumerate(data.series):
        found = last_value(series.points) if data.cursor is None else value_at(series.points, data.cursor, _SAME_MOMENT)
        told = numbers.NONE if found is None else data.format(found)
        cells += [Cell(f"{symbol(index)} ", SERIES_ROLES[index]), Cell(f"{series.name} ", "muted"), Cell(f"{told}  ", "strong")]
    return tuple(cells)


def unit_format(unit: str) -> Formatter:
    """How values of Grafana's unit are written; of others as plain numbers."""
    return _FORMATS.get(unit, numbers.plain)


def _scaled(form: Formatter, factor: float) -> Formatter:
    return lambda value: form(value * factor)


_FORMATS: Mapping[str, Formatter] = {
    "s": numbers.duration,
    "ms": _scaled(numbers.duration, 1e-3),
    "µs": _scaled(numbers.duration, 1e-6),
    "ns": _scaled(numbers.duration, 1e-9),
    "percentunit": numbers.ratio,
    "percent": _scaled(numbers.ratio, 1e-2),
    "reqps": numbers.rate,
    "ops": numbers.rate,
    "rps": numbers.rate,
    "bytes": numbers.size,
    "decbytes": numbers.size,
}


def chosen_text(chosen: Sequence[str]) -> str:
    """`All`, `iris`, `iris + wine`."""
    return " + ".join("All" if one == ALL else one for one in chosen)


def unshown_lines(unshown: Sequence[Unshown]) -> list[Text]:
    """What of the file is not shown as Grafana shows it, and why."""
    if not unshown:
        return [(Cell("everything of the file is shown", "muted"),)]
    return [(Cell(one.panel, "strong"), Cell(f": {one.reason}", "muted")) for one in unshown]
