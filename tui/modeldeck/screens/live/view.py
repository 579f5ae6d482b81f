"""What the live screen shows of what was read: pure, from readings and the timeline to lines and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from modeldeck.domain.changes.change_event import ChangeEvent
from modeldeck.domain.metrics.charts.chart_kind import ChartKind, charts_of
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.live.pod_groups import VersionPods
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.stack import StackedChart, fitting, plot_columns
from modeldeck.render.metrics.live_charts import stacked_charts
from modeldeck.render.text import cells
from modeldeck.screens.shared.timeline import Axis, Timeline, on_axis

_LONG = 86400.0
"""Seconds of a span whose times are told without seconds."""
MOST_WARNINGS = 2
"""Lines of them; the rest is counted."""


@dataclass(frozen=True, slots=True)
class LiveScreenView:
    detail: str
    figure: str
    above: tuple[Line, ...]
    charts: tuple[StackedChart, ...]
    below: tuple[Line, ...] = ()


def known_charts(charts: SpanCharts | None) -> tuple[ChartKind, ...]:
    """Which charts there are of the deployment; all, until it is known what it exports."""
    return tuple(ChartKind) if charts is None else charts_of(charts.promql)


def query_of(timeline: Timeline, kinds: Sequence[ChartKind], width: int, versions: tuple[VersionPods, ...] = ()) -> SpanQuery:
    """What to ask for, so that no more is asked for than can be seen in so many cells: these charts, of these versions apart."""
    columns = max(40, min(400, 2 * plot_columns(width)))
    return SpanQuery(timeline.window, timeline.end, columns, frozenset(kinds), versions)


def shown(kinds: Sequence[ChartKind], first: int, height: int) -> tuple[ChartKind, ...]:
    """Those of the charts that there is room for, the first of which is at place `first`."""
    count = fitting(len(kinds), height - 1)
    first = max(0, min(first, len(kinds) - count))
    return tuple(kinds[first : first + count])


def axis_of(charts: SpanCharts | None, wanted: SpanQuery, now: float, width: int) -> Axis:
    """That of the answer; until it has come, that of the question."""
    columns = plot_columns(width)
    if charts is not None and is_answer(charts, wanted):
        return Axis(charts.start, charts.end, charts.latest, charts.step, columns)
    end = now if wanted.end is None else wanted.end
    return Axis(end - wanted.window, end, end, charts.step if charts is not None else wanted.window / wanted.columns, columns)


def is_answer(charts: SpanCharts, wanted: SpanQuery) -> bool:
    """Whether it is of the span that is wanted, with all of the charts: also where that now stands still as it was, or is no more
    compared."""
    compared = wanted.compared or charts.query.compared
    asked = replace(wanted, end=charts.query.end, columns=charts.query.columns, kinds=charts.query.kinds, compared=compared)
    return wanted.end in (charts.query.end, charts.latest) and charts.query == asked and charts.query.kinds >= wanted.kinds


def live_screen_view(
    key: str,
    timeline: Timeline,
    charts: SpanCharts | None,
    changes: Sequence[ServingChange],
    now: float,
    *,
    wanted: SpanQuery,
    width: int,
    happened: Sequence[ChangeEvent] = (),
) -> LiveScreenView:
    """What was read of another span stays in sight, at its own times, until the right one comes."""
    length = numbers.duration(timeline.window)
    detail = f"{key} · {f'last {length}' if timeline.end is None else length}"
    if charts is None:
        return LiveScreenView(detail, "", (), ())
    axis = axis_of(charts, wanted, now, width)
    settled = is_answer(charts, wanted)
    cursor = on_axis(timeline.cursor, axis) if timeline.cursor is not None else None
    later = settled and axis.start > axis.end - timeline.window + axis.step
    above = (_times(axis, timeline, cursor, now, "  no data before" if later else "", width),)
    if not charts.promql:
        message: Line = (Cell("no metrics of a known model server here: see `modeldeck doctor`", "muted"),)
        return LiveScreenView(detail, "", (*above, (Cell(""),), message), ())
    kinds = known_charts(charts)
    drawn = stacked_charts(
        [kind for kind in kinds if kind in wanted.kinds],
        charts.lines,
        changes,
        window=(axis.start, axis.end),
        step=charts.step,
        cursor=cursor,
        exported=charts.promql,
        settled=settled,
        heatmap=charts.heatmap,
        compared=wanted.compared,
        earlier=charts.earlier if wanted.compared is charts.query.compared else {},
        happened=happened,
        edited=charts.edited,
    )
    refused = [f"{name}, edited: {why}" for name, why in charts.refused.items()]
    figure = " · ".join(filter(None, (_which(kinds, wanted.kinds), f"step {numbers.duration(charts.step)}")))
    return LiveScreenView(detail, figure, above, drawn, _warnings((*refused, *charts.warnings)))


def _which(kinds: Sequence[ChartKind], seen: frozenset[ChartKind]) -> str:
    """`charts 1–2 of 3`, where that is not all of them."""
    places = [place for place, kind in enumerate(kinds, 1) if kind in seen]
    if len(places) == len(kinds):
        return ""
    return f"chart{'s' if len(places) > 1 else ''} {'–'.join(str(place) for place in places[:: max(1, len(places) - 1)])} of {len(kinds)}"


def _times(axis: Axis, timeline: Timeline, cursor: float | None, now: float, note: str, width: int) -> Line:
    """`note` only where there is room for it: the axis shows the same."""
    line = [Cell(f"{span(axis.start, axis.end)}", "muted")]
    if timeline.end is not None:
        line.append(Cell(f"  ‖ paused, ends {numbers.ago(now - timeline.end)}", "warn"))
    if cursor is not None:
        told = moment(cursor, now, exact=axis.end - axis.start < _LONG)
        line += [Cell("  │ ", "accent"), Cell(told, "strong"), Cell(f", {numbers.ago(now - cursor)}", "muted")]
    if sum(cells(cell.text) for cell in line) + len(note) <= width:
        line.insert(1, Cell(note, "muted"))
    return tuple(line)


def span(start: float, end: float) -> str:
    """`Nov 29 13:32:15 – 14:02:15`; the day stands twice where it is another, and a long span has no seconds."""
    clock = _clock(end - start < _LONG)
    first, last = datetime.fromtimestamp(start), datetime.fromtimestamp(end)
    return f"{first:%b %d {clock}} – {last:{clock if first.date() == last.date() else f'%b %d {clock}'}}"


def moment(at: float, now: float, *, exact: bool = True) -> str:
    """A time of today without its day."""
    found, clock = datetime.fromtimestamp(at), _clock(exact)
    return f"{found:{clock if found.date() == datetime.fromtimestamp(now).date() else f'%b %d {clock}'}}"


def _clock(exact: bool) -> str:
    return "%H:%M:%S" if exact else "%H:%M"


def _warnings(warnings: Sequence[str]) -> tuple[Line, ...]:
    lines: list[Line] = [(Cell(f"! {text}", "warn"),) for text in warnings[:MOST_WARNINGS]]
    if len(warnings) > MOST_WARNINGS:
        lines[-1] = (*lines[-1], Cell(f" and {len(warnings) - MOST_WARNINGS} more", "warn"))
    return tuple(lines)
