"""Which line is asked about."""

from __future__ import annotations

from modeldeck.domain.changes.chart_jumps import question_about
from modeldeck.domain.metrics.charts.chart_lines import Lines, measured_lines
from modeldeck.domain.metrics.measured import ChartPoints, Points
from tests.support.changes import T


def line(*values: float) -> Points:
    return tuple((T + 15 * place, value) for place, value in enumerate(values))


def of(*, p50: Points = (), p99: Points = (), requests: Points = (), error_ratio: Points = ()) -> Lines:
    return measured_lines(ChartPoints(p50=p50, p99=p99, requests=requests, error_ratio=error_ratio))


STEADY = line(*[1.0] * 16)
JUMP = line(*[0.041] * 8, *[0.18] * 8)


def test_the_line_that_jumped_and_how() -> None:
    found = question_about(of(p50=STEADY, p99=JUMP, requests=STEADY), 900.0)
    assert found is not None
    assert (found.moment, found.since, found.window, found.jump) == (T + 120, T + 105, 900.0, "p99 41 ms → 180 ms")


def test_of_several_the_most_prominent() -> None:
    found = question_about(of(p99=line(*[1.0] * 8, *[1.5] * 8), error_ratio=line(*[0.0] * 5, *[0.3] * 11)), 900.0)
    assert found is not None
    assert (found.moment, found.jump) == (T + 75, "errors 0 % → 30 %")


def test_requests_only_where_nothing_hurts() -> None:
    busy = line(*[10.0] * 4, *[90.0] * 12)
    found = question_about(of(p99=STEADY, requests=busy), 900.0)
    assert found is not None
    assert found.jump == "requests 10 /s → 90 /s"
    hurt = question_about(of(p99=JUMP, requests=busy), 900.0)
    assert hurt is not None
    assert hurt.jump.startswith("p99")


def test_few_errors_are_no_jump() -> None:
    assert question_about(of(p99=STEADY, error_ratio=line(*[0.0] * 8, *[0.009] * 8)), 900.0) is None
    assert question_about(of(), 900.0) is None
    assert question_about({}, 900.0) is None
