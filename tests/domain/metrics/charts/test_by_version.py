"""Each version's lines apart."""

from __future__ import annotations

from modeldeck.domain.metrics.charts.by_version import lines_apart, query_name, version_queries
from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.samples import Matrix, Series

PROFILE = BUILT_IN["fastapi"]
ALL = dict.fromkeys(("p50", "p90", "p99", "requests", "errors", "highest memory", "mean memory"), "x")


def answer(value: float) -> Matrix:
    return Matrix((Series({}, ((0.0, value),)),))


def test_only_what_its_lines_need_is_asked() -> None:
    assert set(version_queries([ChartKind.LATENCY, ChartKind.MEMORY], PROFILE, ALL)) == {"p99", "p50", "highest memory", "mean memory"}
    assert set(version_queries([ChartKind.ERRORS], PROFILE, ALL)) == {"requests", "errors"}


def test_lines_follow_each_other_by_version_and_are_computed_for_each() -> None:
    answers = {
        query_name(name, version): answer(value)
        for version, share in (("v7", 1.0), ("v17", 2.0))
        for name, value in (("p99", 5.0 * share), ("p50", 3.0), ("requests", 10.0), ("errors", share))
    }
    found = lines_apart([ChartKind.LATENCY, ChartKind.ERRORS], PROFILE, answers, ["v7", "v17"])
    assert found[ChartKind.LATENCY] == (
        ChartLine("p99", ((0.0, 5.0),), "v7"),
        ChartLine("p50", ((0.0, 3.0),), "v7"),
        ChartLine("p99", ((0.0, 10.0),), "v17"),
        ChartLine("p50", ((0.0, 3.0),), "v17"),
    )
    assert found[ChartKind.ERRORS] == (ChartLine("errors", ((0.0, 0.1),), "v7"), ChartLine("errors", ((0.0, 0.2),), "v17"))
