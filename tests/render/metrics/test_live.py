"""The live pane: which figures stand in its head, and where charts have marks."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.metrics.measured import ChartPoints
from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render.cell import line_text
from modeldeck.render.charts.chart_data import ChartData
from modeldeck.render.metrics.live import charts, headline, marks
from tests.render.test_deployments import ROW

CHANGES = tuple(ServingChange(at, 1, version) for at, version in ((99.0, "5"), (100.0, "6"), (150.0, None), (200.0, "7"), (201.0, "8")))
POINTS = ChartPoints(p50=((100.0, 0.01),), p99=((100.0, 0.02), (160.0, 0.04)), requests=((160.0, 5.0),), error_ratio=((160.0, 0.02),))


def drawn() -> tuple[ChartData, ...]:
    return charts(POINTS, CHANGES, start=100.0, end=200.0, step=10.0)


def test_marks_are_of_the_window_and_name_the_version() -> None:
    assert [(mark.at, mark.label) for mark in marks(CHANGES, 100.0, 200.0)] == [(100.0, "v6"), (150.0, "–"), (200.0, "v7")]


def test_all_charts_have_one_window_and_the_same_marks() -> None:
    found = drawn()
    assert [chart.title for chart in found] == ["latency", "requests", "errors"]
    assert {chart.window for chart in found} == {(100.0, 200.0)}
    assert {chart.markers for chart in found} == {marks(CHANGES, 100.0, 200.0)}
    assert [series.name for series in found[0].series] == ["p99", "p90", "p50"]
    assert {chart.gap for chart in found} == {30.0}, "a scrape or two may be missing"


def test_the_figures_are_the_newest_points_where_the_row_has_none() -> None:
    for row in (None, ROW):
        assert " ".join(line_text(headline(row, drawn())).split()) == "p99 40 ms p50 10 ms requests 5/s errors 2.0 %"


def test_the_rows_own_figures_come_first_and_0_is_one() -> None:
    row = replace(ROW, stats=ServingStats(p50=0.001, p99=0.002, error_ratio=0.0, requests_per_second=0.0))
    told = headline(row, drawn())
    assert " ".join(line_text(told).split()) == "p99 2 ms p50 1 ms requests 0/s errors 0 %"
    assert told[-1].role == "strong"


def test_many_errors_are_bad() -> None:
    assert headline(None, drawn())[-1].role == "bad"


def test_without_anything_there_are_dashes() -> None:
    assert line_text(headline(None, ())).count("–") == 4
