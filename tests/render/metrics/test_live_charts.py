"""What is told of each chart: values at the cursor, statistics of what is in sight, and why a chart is empty."""

from __future__ import annotations

import math
from dataclasses import replace

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, Lines, measured_lines
from modeldeck.domain.metrics.charts.heatmap import Heatmap
from modeldeck.domain.metrics.measured import ChartPoints
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render.cell import Line, line_text
from modeldeck.render.charts.stack import StackedChart, stack_lines
from modeldeck.render.metrics.live import marks
from modeldeck.render.metrics.live_charts import stacked_charts

POINTS = ChartPoints(
    p50=((100.0, 0.010), (120.0, 0.012)),
    p90=((100.0, 0.020), (120.0, 0.024)),
    p99=((90.0, 9.0), (100.0, 0.041), (110.0, 0.088), (120.0, 0.050), (210.0, 9.0)),
    requests=((100.0, 10.0), (110.0, 20.0), (120.0, 12.0)),
    error_ratio=((100.0, 0.0), (110.0, 0.5), (120.0, 0.25)),
)
ALL = ("p50", "p90", "p99", "requests", "errors")


def told(line: Line) -> str:
    return " ".join(line_text(line).split())


def charts(
    points: ChartPoints | Lines = POINTS, *, cursor: float | None = None, exported: tuple[str, ...] = ALL, settled: bool = True
) -> tuple[StackedChart, ...]:
    changes = [ServingChange(at, 1, version) for at, version in ((99.0, "5"), (150.0, "6"))]
    lines = measured_lines(points) if isinstance(points, ChartPoints) else points
    return stacked_charts(tuple(lines), lines, changes, window=(100.0, 200.0), step=10.0, cursor=cursor, exported=exported, settled=settled)


def test_the_newest_values_in_sight_stand_in_the_legends() -> None:
    assert [told(chart.legend) for chart in charts()] == ["latency ● p99 50 ms ◆ p90 24 ms ▲ p50 12 ms", "requests ● 12/s", "errors ● 25 %"]


def test_at_the_cursor_all_charts_are_read_at_one_moment_and_a_gap_is_told() -> None:
    read, gap = ([told(chart.legend) for chart in charts(cursor=cursor)] for cursor in (110.0, 130.0))
    assert read == ["latency ● p99 88 ms ◆ p90 – ▲ p50 –", "requests ● 20/s", "errors ● 50 %"]
    assert gap[1:] == ["requests ● –", "errors ● –"]


def test_statistics_are_of_what_is_in_sight_and_no_quantile_has_a_mean() -> None:
    latency, requests, errors = (told(chart.statistics) for chart in charts())
    assert latency == "max ● 88 ms ◆ 24 ms ▲ 12 ms last ● 50 ms ◆ 24 ms ▲ 12 ms"
    assert requests == "min 10/s mean 14/s max 20/s last 12/s"
    assert errors == "min 0 % max 50 % last 25 %"


def test_without_data_there_are_no_statistics() -> None:
    found = charts(ChartPoints(p99=((110.0, 1.0),)))
    assert told(found[0].statistics) == "max ● 1 s ◆ – ▲ – last ● 1 s ◆ – ▲ –"
    assert [told(chart.statistics) for chart in found[1:]] == ["", ""]


def test_a_point_that_is_missing_is_a_gap() -> None:
    assert {chart.data.gap for chart in charts()} == {15.0}


def test_changes_of_version_in_the_window_are_marked_by_name() -> None:
    assert {tuple((marker.at, marker.label) for marker in chart.data.markers) for chart in charts()} == {((150.0, "v6"),)}


def test_a_change_back_is_told_apart() -> None:
    changes = [ServingChange(120.0, 2, "6", "iris-2"), ServingChange(150.0, 3, "5", "iris-1", again=True)]
    assert [marker.label for marker in marks(changes, 100.0, 200.0)] == ["v6", "↶v5"]


def test_what_pods_do_not_export_is_told_apart_from_what_has_no_data() -> None:
    assert {chart.data.empty for chart in charts()} == {"no data in this window"}
    latency, requests, errors = charts(exported=("requests",))
    assert "a mean is no quantile" in latency.data.empty
    assert requests.data.empty == "no data in this window"
    assert "do not tell which requests failed" in errors.data.empty


def test_until_the_window_has_been_read_nothing_is_counted() -> None:
    for chart in charts(settled=False):
        assert told(chart.statistics) == "reading …"
        assert chart.data.empty == "reading …"


def test_memory_and_predictions_have_their_own_units_and_predictions_an_axis_of_their_own() -> None:
    found = charts(
        {
            ChartKind.MEMORY: (ChartLine("highest", ((100.0, 2.0**30), (110.0, 2.0**29))), ChartLine("mean", ())),
            ChartKind.PREDICTIONS: (ChartLine("p50", ((100.0, 21.234), (110.0, 22.0))), ChartLine("p10", ((100.0, -3.0),))),
        },
        exported=("highest memory", "predicted p50"),
    )
    assert [told(chart.legend) for chart in found] == ["memory ● highest 512 MiB ◆ mean –", "predictions ● p50 22 ◆ p10 -3"]
    assert [told(chart.statistics) for chart in found] == ["max ● 1 GiB ◆ – last ● 512 MiB ◆ –", "min ● 21.2 ◆ -3 max ● 22 ◆ -3"]
    assert [chart.data.zero for chart in found] == [True, False]


def test_a_version_is_named_before_its_lines_and_of_many_lines_one_statistic_is_told() -> None:
    lines = tuple(ChartLine(name, ((100.0, 0.1),), version) for version in ("v8", "v7") for name in ("p99", "p50"))
    (chart,) = charts({ChartKind.LATENCY: lines})
    assert told(chart.legend) == "latency v8 ● p99 100 ms ◆ p50 100 ms v7 ▲ p99 100 ms ■ p50 100 ms"
    assert "last" in told(chart.statistics)
    both = (ChartLine("requests", ((100.0, 3.0), (110.0, 4.0)), "v8"), ChartLine("requests", ((100.0, 9.0),), "v7"))
    (chart,) = charts({ChartKind.REQUESTS: both})
    assert told(chart.legend) == "requests v8 ● 4/s v7 ◆ –", "it serves no more"
    (chart,) = charts({ChartKind.LATENCY: (*lines, ChartLine("p99", ((100.0, 0.1),), "v6"))})
    assert told(chart.statistics) == "max ● 100 ms ◆ 100 ms ▲ 100 ms ■ 100 ms ✚ 100 ms"


def test_where_nothing_fails_the_axis_of_errors_reaches_no_further_than_errors_are_seen() -> None:
    """Not 100 %."""
    (chart,) = charts({ChartKind.ERRORS: (ChartLine("errors", ((100.0, 0.0), (200.0, 0.0))),)})
    text = "\n".join(line_text(line) for line in stack_lines([chart], 60, 12))
    assert "1.0 %┤" in text
    assert "100 %" not in text


def test_doubts_about_buckets_stand_below_the_heatmap() -> None:
    found = Heatmap((0.1, math.inf), ((100.0, (3.0, 1.0)),))
    for doubts, statistics in (((), "most ≤ 100 ms (75 % of 4/s) 2 buckets"), (("no +Inf",), "! no +Inf")):
        (chart,) = stacked_charts(
            [ChartKind.LATENCY],
            {},
            [],
            window=(100.0, 200.0),
            step=10.0,
            cursor=None,
            exported=ALL,
            settled=True,
            heatmap=replace(found, doubts=doubts),
        )
        assert told(chart.statistics) == statistics
