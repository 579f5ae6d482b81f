"""What the page of a dashboard shows: pure, from what was read and the timeline to lines and charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeldeck.domain.dashboards.dashboard import Dashboard
from modeldeck.live.dashboard_charts import DashboardCharts, DashboardQuery, PanelAnswer
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart_data import ChartSeries
from modeldeck.render.charts.stack import StackedChart, fitting, plot_columns
from modeldeck.render.metrics.dashboards import PanelLines, chosen_text, panel_chart
from modeldeck.screens.live.view import MOST_WARNINGS, moment, span
from modeldeck.screens.shared.timeline import Axis, Timeline, on_axis

_LINES = 3
"""Around the charts: times, variables, warnings."""


@dataclass(frozen=True, slots=True)
class DashboardView:
    detail: str
    figure: str
    above: tuple[Line, ...]
    charts: tuple[StackedChart, ...] = ()
    below: tuple[Line, ...] = ()


def shown(dashboard: Dashboard, first: int, height: int) -> tuple[int, ...]:
    """Places of the panels that there is room for."""
    count = fitting(len(dashboard.panels), height - _LINES)
    first = max(0, min(first, len(dashboard.panels) - count))
    return tuple(range(first, min(first + count, len(dashboard.panels))))


def query_of(
    dashboard: Dashboard | None, timeline: Timeline, first: int, width: int, height: int, chosen: Mapping[str, tuple[str, ...]]
) -> DashboardQuery:
    """What to ask for: of the panels that can be seen alone, and no more points than there are columns."""
    columns = max(40, min(400, 2 * plot_columns(width)))
    places = shown(dashboard, first, height) if dashboard is not None else ()
    return DashboardQuery(timeline.window, timeline.end, columns, places, dict(chosen))


def is_answer(charts: DashboardCharts, wanted: DashboardQuery) -> bool:
    same_end = wanted.end in (charts.query.end, charts.latest)
    whole = set(wanted.panels) <= charts.panels.keys() and bool(charts.query.panels or not wanted.panels)
    return same_end and whole and (charts.query.window, charts.query.chosen) == (wanted.window, wanted.chosen)


def axis_of(charts: DashboardCharts | None, wanted: DashboardQuery, now: float, width: int) -> Axis:
    columns = plot_columns(width)
    if charts is not None and is_answer(charts, wanted):
        return Axis(charts.start, charts.end, charts.latest, charts.step, columns)
    end = now if wanted.end is None else wanted.end
    return Axis(end - wanted.window, end, end, charts.step if charts is not None else wanted.window / wanted.columns, columns)


def dashboard_view(
    dashboard: Dashboard, timeline: Timeline, charts: DashboardCharts | None, now: float, *, wanted: DashboardQuery, width: int
) -> DashboardView:
    """What was read for another window or choice is not shown in its place."""
    axis = axis_of(charts, wanted, now, width)
    cursor = on_axis(timeline.cursor, axis) if timeline.cursor is not None else None
    length = numbers.duration(timeline.window)
    detail = f"{dashboard.title} · {f'last {length}' if timeline.end is None else length}"
    above = (_times(axis, timeline, cursor, now), _variables(charts))
    if not dashboard.panels:
        return DashboardView(detail, "", (*above, (Cell("none of its panels can be shown: u tells why", "muted"),)))
    settled = charts is not None and is_answer(charts, wanted)
    answers = charts.panels if charts is not None and settled else {}
    drawn = tuple(
        panel_chart(
            dashboard.panels[place],
            _lines(answers.get(place)),
            window=(axis.start, axis.end),
            step=_step(dashboard, place, axis),
            cursor=cursor,
        )
        for place in wanted.panels
    )
    return DashboardView(detail, _which(dashboard, wanted.panels), above, drawn, _warnings(answers))


def _step(dashboard: Dashboard, place: int, axis: Axis) -> float:
    """Between two points: a query may want longer steps."""
    return max(axis.step, *(target.least_step for target in dashboard.panels[place].targets))


def _lines(answer: PanelAnswer | None) -> PanelLines | None:
    if answer is None:
        return None
    return PanelLines(tuple(ChartSeries(line.name, line.points) for line in answer.lines), answer.trouble, answer.more, answer.title)


def _which(dashboard: Dashboard, places: tuple[int, ...]) -> str:
    count = len(dashboard.panels)
    told = f"panels {places[0] + 1}–{places[-1] + 1} of {count}" if len(places) > 1 else f"panel {places[0] + 1} of {count}"
    return told + (f" · {len(dashboard.unshown)} notes" if dashboard.unshown else "")


def _times(axis: Axis, timeline: Timeline, cursor: float | None, now: float) -> Line:
    line = [Cell(span(axis.start, axis.end), "muted")]
    if timeline.end is not None:
        line.append(Cell(f"  ‖ paused, ends {numbers.ago(now - timeline.end)}", "warn"))
    if cursor is not None:
        line += [Cell("  │ ", "accent"), Cell(moment(cursor, now), "strong")]
    return tuple(line)


def _variables(charts: DashboardCharts | None) -> Line:
    line: list[Cell] = []
    for one in charts.variables if charts is not None else ():
        if one.variable.hidden:
            continue
        line.append(Cell(f"{one.variable.label or one.variable.name} ", "muted"))
        line.append(Cell(f"! {one.trouble}  ", "warn") if one.trouble else Cell(f"{chosen_text(one.chosen) or '—'}  ", "strong"))
    return tuple(line)


def _warnings(answers: Mapping[int, PanelAnswer]) -> tuple[Line, ...]:
    told = list(dict.fromkeys(warning for answer in answers.values() for warning in answer.warnings))
    lines: list[Line] = [(Cell(f"! {text}", "warn"),) for text in told[:MOST_WARNINGS]]
    if len(told) > MOST_WARNINGS:
        lines[-1] = (*lines[-1], Cell(f" and {len(told) - MOST_WARNINGS} more", "warn"))
    return tuple(lines)
