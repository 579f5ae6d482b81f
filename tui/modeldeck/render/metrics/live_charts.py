"""The charts of the live screen, each with what is read at the cursor and its statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from modeldeck.domain.changes.change_event import ChangeEvent
from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, Lines
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.domain.metrics.charts.heatmap import Heatmap
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart import symbol
from modeldeck.render.charts.chart_data import SERIES_ROLES, ChartData, ChartSeries, Point, last_value, value_at
from modeldeck.render.charts.heat_plot import LEVELS, HeatData, label
from modeldeck.render.charts.stack import StackedChart
from modeldeck.render.metrics.compared import compared_legend
from modeldeck.render.metrics.event_marks import event_marks
from modeldeck.render.metrics.live import marks

_FORMATS: dict[ChartKind, Callable[[float | None], str]] = {
    ChartKind.LATENCY: numbers.duration,
    ChartKind.REQUESTS: numbers.rate,
    ChartKind.ERRORS: numbers.ratio,
    ChartKind.SATURATION: numbers.ratio,
    ChartKind.QUEUE: numbers.digits,
    ChartKind.QUEUE_TIME: numbers.duration,
    ChartKind.FIRST_TOKEN: numbers.duration,
    ChartKind.MEMORY: numbers.size,
    ChartKind.PREDICTIONS: numbers.digits,
}
_NOT_EXPORTED = {
    ChartKind.LATENCY: "these pods export no histogram of latency, and a mean is no quantile",
    ChartKind.REQUESTS: "these pods export no counter of requests",
    ChartKind.ERRORS: "these pods do not tell which requests failed",
}
_SAME_MOMENT = 0.5
"""Seconds."""
_STATISTICS: dict[ChartKind, tuple[str, ...]] = {
    ChartKind.LATENCY: ("max", "last"),
    ChartKind.REQUESTS: ("min", "mean", "max", "last"),
    ChartKind.ERRORS: ("min", "max", "last"),
    ChartKind.SATURATION: ("max", "last"),
    ChartKind.QUEUE: ("mean", "max"),
    ChartKind.QUEUE_TIME: ("max", "last"),
    ChartKind.FIRST_TOKEN: ("max", "last"),
    ChartKind.MEMORY: ("max", "last"),
    ChartKind.PREDICTIONS: ("min", "max"),
}
"""The mean of quantiles is none. Moments of errors weigh as much as there were requests in them, so that these have none either."""
_OF: dict[str, Callable[[Sequence[float]], float]] = {
    "min": min,
    "mean": lambda found: sum(found) / len(found),
    "max": max,
    "last": lambda found: found[-1],
}
_MANY = 4
"""Lines of a chart, from which on there is room for one statistic of each."""
_WITHOUT_ERRORS = 0.01
"""How far the axis reaches where nothing failed: errors would be seen from there on."""


def stacked_charts(
    kinds: Sequence[ChartKind],
    lines: Lines,
    changes: Sequence[ServingChange],
    *,
    window: tuple[float, float],
    step: float,
    cursor: float | None,
    exported: Collection[str],
    settled: bool,
    heatmap: Heatmap | None = None,
    compared: ComparedTime | None = None,
    earlier: Mapping[ChartKind, ChartLine] | None = None,
    happened: Sequence[ChangeEvent] = (),
    edited: Collection[ChartKind] = (),
) -> tuple[StackedChart, ...]:
    """`exported`: the names of the queries that there are. A `heatmap` stands in the place of the latency's lines.
    `earlier`: of the time that they are `compared` with. Until `settled`, points are of another window than the one that is shown."""
    markers = (*marks(changes, *window), *event_marks(happened, *window))

    def chart(kind: ChartKind) -> StackedChart:
        before = (earlier or {}).get(kind)
        series = tuple(ChartSeries(line.name, seen(line.points, window), line.version) for line in lines.get(kind, ()))
        empty = "no data in this window" if settled else "reading …"
        data = ChartData(
            series,
            title=kind,
            start=window[0],
            end=window[1],
            format=_FORMATS[kind],
            markers=markers,
            cursor=cursor,
            gap=step * 1.5,
            empty=empty if any(name in exported for name in NAMES[kind]) else _NOT_EXPORTED.get(kind, empty),
            zero=kind is not ChartKind.PREDICTIONS,
            binary=kind is ChartKind.MEMORY,
            flat=_WITHOUT_ERRORS if kind is ChartKind.ERRORS else None,
            earlier=seen(before.points, window) if before is not None else (),
        )
        if kind is ChartKind.LATENCY and heatmap is not None:
            return _heat_chart(data, heatmap, step, settled=settled)
        head = legend(data)
        if settled and kind in edited:
            head += (Cell("edited", "warn"),)
        elif settled and compared is not None and any(name in exported for name in NAMES[kind]):
            head += compared_legend(compared, before, data, data.cursor if data.cursor is not None else _newest(data))
        return StackedChart(data, head, statistics(data, kind) if settled else (Cell("reading …", "muted"),))

    return tuple(chart(kind) for kind in kinds)


def _heat_chart(data: ChartData, found: Heatmap, step: float, *, settled: bool) -> StackedChart:
    heat = HeatData(found.bounds, found.counts, step, numbers.duration)
    head = [Cell(f"{data.title}  ", "strong"), Cell("share of requests in a bucket: ", "muted")]
    for share, text, role in LEVELS:
        head += [Cell(text, role), Cell(f" {share * 100:.0f} % " if share else " some ", "muted")]
    if not settled:
        return StackedChart(data, tuple(head), (Cell("reading …", "muted"),), heat)
    line = tuple(Cell(f"! {doubt}  ", "warn") for doubt in found.doubts) or _fullest(heat, data)
    return StackedChart(data, tuple(head), line, heat)


def _fullest(heat: HeatData, data: ChartData) -> Line:
    """The bucket that most requests fell into, at the cursor or else at the newest moment."""
    near = [(at, row) for at, row in heat.counts if data.cursor is None or abs(at - data.cursor) <= _SAME_MOMENT]
    if not near or not sum(near[-1][1]):
        return ()
    row = near[-1][1]
    place = max(range(len(row)), key=lambda bucket: row[bucket])
    told = f"{label(heat, place)} ({numbers.ratio(row[place] / sum(row))} of {numbers.rate(sum(row))})"
    return Cell("most ", "muted"), Cell(told), Cell(f"   {len(heat.bounds)} buckets", "muted")


def seen(points: Sequence[Point], window: tuple[float, float]) -> tuple[Point, ...]:
    """Those within the window: what is not drawn counts nowhere."""
    return tuple(point for point in points if window[0] <= point[0] <= window[1])


def legend(data: ChartData) -> Line:
    """Each line with its newest value, or the one at the cursor: a gap is told as one. Of several versions the moment is that of the newest
    value of any: one that serves no more has none."""
    line = [Cell(f"{data.title}  ", "strong")]
    group = ""
    for index, series in enumerate(data.series):
        if series.group != group:
            group = series.group
            line.append(Cell(f"{group} ", "version"))
        at = data.cursor if data.cursor is not None or not series.group else _newest(data)
        found = last_value(series.points) if at is None else value_at(series.points, at, _SAME_MOMENT)
        line += [
            Cell(f"{symbol(index)} ", SERIES_ROLES[index]),
            Cell(f"{series.name} " if series.name != data.title else "", "muted"),
            Cell(f"{numbers.NONE if found is None else data.format(found)}  ", "strong"),
        ]
    return tuple(line)


def _newest(data: ChartData) -> float | None:
    return max((series.points[-1][0] for series in data.series if series.points), default=None)


def statistics(data: ChartData, kind: ChartKind) -> Line:
    """Of what is in sight, each line with its symbol where there are several."""
    values = [[value for _, value in series.points if value is not None] for series in data.series]
    if not any(values):
        return ()
    line: list[Cell] = []
    for name in _STATISTICS[kind][: 1 if len(values) > _MANY else None]:
        line.append(Cell(f"{name} " if len(values) == 1 else name, "muted"))
        for index, found in enumerate(values):
            told = data.format(_OF[name](found)) if found else numbers.NONE
            line += [Cell(told)] if len(values) == 1 else [Cell(f" {symbol(index)} ", SERIES_ROLES[index]), Cell(told)]
        line.append(Cell("   "))
    return tuple(line)
