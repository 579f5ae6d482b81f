"""From answers to lines."""

from __future__ import annotations

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, chart_lines
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.samples import Matrix, Series


def answer(*values: float) -> Matrix:
    return Matrix((Series({}, tuple((float(at), value) for at, value in enumerate(values))),))


def test_measured_charts_have_all_their_lines_and_the_others_those_that_were_asked() -> None:
    found = chart_lines(
        [ChartKind.LATENCY, ChartKind.MEMORY, ChartKind.PREDICTIONS],
        BUILT_IN["tf-serving"],
        {"p99": answer(2e6), "highest memory": answer(5.0, float("nan")), "mean memory": Matrix(()), "requests": answer(9.0)},
    )
    assert found == {
        ChartKind.LATENCY: (ChartLine("p99", ((0.0, 2.0),)), ChartLine("p90", ()), ChartLine("p50", ())),
        ChartKind.MEMORY: (ChartLine("highest", ((0.0, 5.0),)), ChartLine("mean", ())),
        ChartKind.PREDICTIONS: (),
    }


def test_of_several_series_nothing_is_drawn() -> None:
    several = Matrix((*answer(1.0).series, *answer(2.0).series))
    assert chart_lines([ChartKind.MEMORY], BUILT_IN["fastapi"], {"mean memory": several}) == {ChartKind.MEMORY: (ChartLine("mean", ()),)}
