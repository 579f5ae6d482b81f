"""What is compared, and what that one line has to be asked."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.compared_time import ComparedTime, compared_queries, next_compared_time
from modeldeck.domain.metrics.profiles.servers import PROFILES

PROFILE = PROFILES[-1]
NAMES = ("p50", "p90", "p99", "requests", "errors", "mean memory")


def test_a_day_then_a_week_then_nothing() -> None:
    day = next_compared_time(None)
    assert day is ComparedTime.DAY
    assert next_compared_time(day) is ComparedTime.WEEK
    assert next_compared_time(ComparedTime.WEEK) is None
    assert (ComparedTime.DAY.seconds, ComparedTime.WEEK.seconds) == (86400.0, 604800.0)


def test_of_each_chart_one_line_is_asked_with_what_it_is_computed_from() -> None:
    assert compared_queries(ChartKind.LATENCY, PROFILE, NAMES) == ("p99",)
    assert compared_queries(ChartKind.REQUESTS, replace(PROFILE, errors_apart=False), NAMES) == ("requests",)
    assert compared_queries(ChartKind.REQUESTS, replace(PROFILE, errors_apart=True), NAMES) == ("requests", "errors")
    assert compared_queries(ChartKind.ERRORS, PROFILE, NAMES) == ("errors", "requests")
    assert compared_queries(ChartKind.MEMORY, PROFILE, NAMES) == ("mean memory",), "the first that there is"
    assert compared_queries(ChartKind.QUEUE, PROFILE, NAMES) == ()
