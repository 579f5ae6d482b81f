"""The legend's words about an earlier time."""

from __future__ import annotations

from modeldeck.domain.metrics.charts.chart_lines import ChartLine
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.render import numbers
from modeldeck.render.cell import line_text
from modeldeck.render.charts.chart_data import ChartData, ChartSeries
from modeldeck.render.metrics.compared import compared_legend

P99 = ChartLine("p99", ((100.0, 0.5), (110.0, 0.25)))
SERIES = (ChartSeries("p99", ()), ChartSeries("p50", ()))


def told(line: ChartLine | None, at: float | None, series: tuple[ChartSeries, ...] = SERIES, title: str = "latency") -> str:
    data = ChartData(series, title=title, format=numbers.duration, earlier=line.points if line is not None else ())
    return line_text(compared_legend(ComparedTime.DAY, line, data, at))


def test_the_value_is_that_of_the_moment_and_a_gap_is_told_as_one() -> None:
    assert told(P99, 100.0) == "┄ p99 a day before 500 ms"
    assert told(P99, None) == "┄ p99 a day before 250 ms"
    assert told(P99, 105.0) == "┄ p99 a day before –"


def test_no_data_and_no_answer_are_told_apart() -> None:
    assert told(ChartLine("p99", ()), 100.0) == "┄ no data a day before"
    assert told(None, 100.0) == "┄ a day before: not answered"


def test_a_chart_of_one_line_needs_no_name_and_one_of_versions_says_whose_it_is() -> None:
    assert told(ChartLine("requests", P99.points), 100.0, (ChartSeries("requests", ()),), "requests") == "┄ a day before 500 ms"
    versions = (ChartSeries("p99", (), "v7"), ChartSeries("p50", (), "v7"))
    assert told(P99, 100.0, versions) == "┄ all pods p99 a day before 500 ms"
