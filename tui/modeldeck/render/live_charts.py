"""The charts of the live screen: latency, requests and errors, each with what is read at the cursor and its statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from modeldeck.domain.metrics.chart_kind import ChartKind
from modeldeck.domain.metrics.measured import ChartPoints
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart import symbol
from modeldeck.render.charts.chart_data import SERIES_ROLES, ChartData, ChartSeries, Point, last_value, value_at
from modeldeck.render.charts.stack import StackedChart
from modeldeck.render.live import marks

_FORMATS: dict[ChartKind, Callable[[float | None], str]] = {
    ChartKind.LATENCY: numbers.duration,
    ChartKind.REQUESTS: numbers.rate,
    ChartKind.ERRORS: numbers.ratio,
}
_NOT_EXPORTED = {
    ChartKind.LATENCY: "these pods export no histogram of latency, and a mean is no quantile",
    ChartKind.REQUESTS: "these pods export no counter of requests",
    ChartKind.ERRORS: "these pods do not tell which requests failed",
}
_SAME_MOMENT = 0.5
"""Seconds."""
_MADE_OF = {ChartKind.LATENCY: "p99", ChartKind.REQUESTS: "requests", ChartKind.ERRORS: "errors"}


def stacked_charts(
    kinds: Sequence[ChartKind],
    points: ChartPoints,
    changes: Sequence[ServingChange],
    *,
    window: tuple[float, float],
    step: float,
    cursor: float | None,
    exported: Collection[str],
    settled: bool,
) -> tuple[StackedChart, ...]:
    """`exported`: the names of the queries that there are. Until `settled`, points are of another window than the one that is shown."""
    markers = marks(changes, *window)

    def chart(kind: ChartKind) -> StackedChart:
        series = tuple(ChartSeries(line.name, seen(line.points, window)) for line in _series(kind, points))
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
            empty=empty if _MADE_OF[kind] in exported else _NOT_EXPORTED[kind],
        )
        return StackedChart(data, legend(data), statistics(data, kind) if settled else (Cell("reading …", "muted"),))

    return tuple(chart(kind) for kind in kinds)


def seen(points: Sequence[Point], window: tuple[float, float]) -> tuple[Point, ...]:
    """Those within the window: what is not drawn counts nowhere."""
    return tuple(point for point in points if window[0] <= point[0] <= window[1])


def legend(data: ChartData) -> Line:
    """Each line with its newest value, or the one at the cursor: a gap is told as one."""
    line = [Cell(f"{data.title}  ", "strong")]
    for index, series in enumerate(data.series):
        found = last_value(series.points) if data.cursor is None else value_at(series.points, data.cursor, _SAME_MOMENT)
        line += [
            Cell(f"{symbol(index)} ", SERIES_ROLES[index]),
            Cell(f"{series.name} " if len(data.series) > 1 else "", "muted"),
            Cell(f"{numbers.NONE if found is None else data.format(found)}  ", "strong"),
        ]
    return tuple(line)


def statistics(data: ChartData, kind: ChartKind) -> Line:
    """Of latency the highest and the newest of each quantile: the mean of quantiles is none. Of errors no mean, as moments weigh as much as
    there were requests in them."""
    values = [[value for _, value in series.points if value is not None] for series in data.series]
    if not any(values):
        return ()
    if kind is ChartKind.LATENCY:
        return (*_each("max", values, max, data), Cell("   "), *_each("last", values, lambda found: found[-1], data))
    (found,) = values
    told = {"min": min(found), "mean": sum(found) / len(found), "max": max(found), "last": found[-1]}
    if kind is ChartKind.ERRORS:
        del told["mean"]
    line: list[Cell] = []
    for name, value in told.items():
        line += [Cell(f"{name} ", "muted"), Cell(f"{data.format(value)}   ")]
    return tuple(line)


def _each(name: str, values: Sequence[Sequence[float]], of: Callable[[Sequence[float]], float], data: ChartData) -> list[Cell]:
    line = [Cell(name, "muted")]
    for index, found in enumerate(values):
        told = data.format(of(found)) if found else numbers.NONE
        line += [Cell(f" {symbol(index)} ", SERIES_ROLES[index]), Cell(told)]
    return line


def _series(kind: ChartKind, points: ChartPoints) -> tuple[ChartSeries, ...]:
    if kind is ChartKind.LATENCY:
        return (ChartSeries("p99", points.p99), ChartSeries("p90", points.p90), ChartSeries("p50", points.p50))
    return (ChartSeries(kind, points.requests if kind is ChartKind.REQUESTS else points.error_ratio),)
