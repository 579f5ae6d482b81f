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


def test_saturation_is_drawn_by_unit_and_in_the_unit_of_its_kind() -> None:
    kinds = [ChartKind.SATURATION, ChartKind.QUEUE, ChartKind.QUEUE_TIME, ChartKind.FIRST_TOKEN]
    asked = {"kv_cache": answer(0.5), "queue": answer(3.0), "in_progress": answer(4.0), "first_token_p90": answer(0.25)}
    assert chart_lines(kinds, BUILT_IN["vllm"], asked) == {
        ChartKind.SATURATION: (ChartLine("kv cache", ((0.0, 0.5),)),),
        ChartKind.QUEUE: (ChartLine("queue", ((0.0, 3.0),)), ChartLine("in progress", ((0.0, 4.0),))),
        ChartKind.QUEUE_TIME: (),
        ChartKind.FIRST_TOKEN: (ChartLine("p90", ((0.0, 0.25),)),),
    }
    waited = chart_lines(kinds, BUILT_IN["torchserve"], {"queue_time": answer(250.0)})
    assert waited[ChartKind.QUEUE_TIME] == (ChartLine("queue time", ((0.0, 0.25),)),)


def test_of_several_series_nothing_is_drawn() -> None:
    several = Matrix((*answer(1.0).series, *answer(2.0).series))
    assert chart_lines([ChartKind.MEMORY], BUILT_IN["fastapi"], {"mean memory": several}) == {ChartKind.MEMORY: (ChartLine("mean", ()),)}
