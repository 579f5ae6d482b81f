"""The live pane: headline figures, the latency chart, and what the charts say about requests and errors."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.metrics.measured import ChartPoints
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render import deployments, numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart_data import ChartData, ChartSeries, Marker, last_value


def marks(changes: Sequence[ServingChange], start: float, end: float) -> tuple[Marker, ...]:
    """The changes of version within the window; those back to what served before are told apart."""
    return tuple(
        Marker(change.at, f"{'↶' if change.again else ''}{deployments.version(change.version)}")
        for change in changes
        if start <= change.at <= end
    )


def charts(points: ChartPoints, changes: Sequence[ServingChange], *, start: float, end: float, step: float) -> tuple[ChartData, ...]:
    """Latency quantiles, requests and error ratio over one window; each with a mark at every change of version."""
    markers = marks(changes, start, end)

    def chart(title: str, series: tuple[ChartSeries, ...], form: numbers.Formatter) -> ChartData:
        return ChartData(series, title=title, start=start, end=end, format=form, markers=markers, gap=step * 3)

    latency = (ChartSeries("p99", points.p99), ChartSeries("p90", points.p90), ChartSeries("p50", points.p50))
    return (
        chart("latency", latency, numbers.duration),
        chart("requests", (ChartSeries("requests", points.requests),), numbers.rate),
        chart("errors", (ChartSeries("errors", points.error_ratio),), numbers.ratio),
    )


def headline(row: ServingRow | None, drawn: Sequence[ChartData]) -> Line:
    """The figures of now: from the bulk query of the row, else from the newest points of the charts."""
    stats = row.stats if row else None
    p99 = stats.p99 if stats and stats.p99 is not None else _newest(drawn, 0, 0)
    p50 = stats.p50 if stats and stats.p50 is not None else _newest(drawn, 0, 2)
    rate = stats.requests_per_second if stats and stats.requests_per_second is not None else _newest(drawn, 1, 0)
    errors = stats.error_ratio if stats and stats.error_ratio is not None else _newest(drawn, 2, 0)
    bad = errors is not None and errors > deployments.FAULTY
    return (
        Cell("p99 ", "muted"),
        Cell(f"{numbers.duration(p99):<8}", "strong"),
        Cell("  p50 ", "muted"),
        Cell(f"{numbers.duration(p50):<8}"),
        Cell("  requests ", "muted"),
        Cell(f"{numbers.rate(rate):<8}", "strong"),
        Cell("  errors ", "muted"),
        Cell(numbers.ratio(errors), "bad" if bad else "strong"),
    )


def _newest(drawn: Sequence[ChartData], chart: int, series: int) -> float | None:
    if chart < len(drawn) and series < len(drawn[chart].series):
        return last_value(drawn[chart].series[series].points)
    return None
