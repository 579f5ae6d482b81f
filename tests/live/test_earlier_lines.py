"""The same queries of an earlier time, on the present axis; what is not there is no data and what is refused is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Failure, Faulty
from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.live.earlier_lines import EarlierReader
from modeldeck.live.range_reader import AskedRange
from tests.support.clocks import FakeClock

NOW = 30 * 86400.0
PRESENT = AskedRange(NOW - 1000.0, NOW, NOW + 5.0, 10.0)
PROFILE = replace(PROFILES[-1], errors_apart=False)
PROMQL = {"p99": "q99", "p50": "q50", "requests": "r", "errors": "e"}


class Past:
    """Answers at each moment with how long before the present it is; by query what it has."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, float]] = []
        self.failing: dict[str, Failure] = {}
        self.series = dict.fromkeys(PROMQL.values(), 1)

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        self.asked.append((promql, start, end))
        if promql in self.failing:
            raise self.failing[promql]
        points = tuple((start + step * place, NOW - start - step * place) for place in range(int((end - start) / step) + 1))
        return Matrix(tuple(Series({"of": str(one)}, points) for one in range(self.series[promql])))


def reader() -> tuple[EarlierReader, Past]:
    backend: Any = Past()
    return EarlierReader(backend, FakeClock(NOW)), backend


@pytest.mark.parametrize("compared", ComparedTime)
async def test_its_points_are_of_that_time_and_stand_at_the_present_moments(compared: ComparedTime) -> None:
    under_test, backend = reader()
    found = await under_test.read(compared, {ChartKind.LATENCY}, PROFILE, PROMQL, PRESENT)
    by = compared.seconds
    assert backend.asked == [("q99", NOW - 1000.0 - by, NOW - by), ("q99", NOW + 5.0 - by, NOW + 5.0 - by)]
    line = found.lines[ChartKind.LATENCY]
    assert line.name == "p99"
    assert [at for at, _ in line.points] == [*(NOW - 1000.0 + 10.0 * place for place in range(101)), NOW + 5.0]
    assert all(value == pytest.approx((NOW - at + by) * PROFILE.latency_scale) for at, value in line.points)


async def test_only_charts_that_are_in_sight_are_asked_and_what_is_known_is_not_asked_again() -> None:
    under_test, backend = reader()
    kinds = {ChartKind.REQUESTS, ChartKind.QUEUE}
    await under_test.read(ComparedTime.DAY, kinds, PROFILE, PROMQL, PRESENT)
    assert {promql for promql, *_ in backend.asked} == {"r"}
    backend.asked.clear()
    later = AskedRange(PRESENT.start + 10.0, NOW + 10.0, NOW + 10.0, 10.0)
    await under_test.read(ComparedTime.DAY, kinds, PROFILE, PROMQL, later)
    assert [end - start for _, start, end in backend.asked] == [130.0]
    backend.asked.clear()
    under_test.forget()
    await under_test.read(ComparedTime.DAY, kinds, PROFILE, PROMQL, later)
    assert [end - start for _, start, end in backend.asked] == [1000.0]


async def test_points_of_one_distance_are_none_of_another() -> None:
    """Ranges of a month overlap, a week and a day before, and their steps fall on other moments."""
    under_test, _ = reader()
    step = 13000.0
    present = AskedRange(0.0, 200 * step, 200 * step, step)
    await under_test.read(ComparedTime.WEEK, {ChartKind.REQUESTS}, PROFILE, PROMQL, present)
    found = await under_test.read(ComparedTime.DAY, {ChartKind.REQUESTS}, PROFILE, PROMQL, present)
    assert [at for at, _ in found.lines[ChartKind.REQUESTS].points] == [step * place for place in range(201)]


async def test_no_data_of_that_time_is_a_line_without_points_and_never_zero() -> None:
    under_test, backend = reader()
    backend.series = dict.fromkeys(PROMQL.values(), 0)
    found = await under_test.read(ComparedTime.DAY, {ChartKind.REQUESTS, ChartKind.ERRORS}, PROFILE, PROMQL, PRESENT)
    assert {kind: line.points for kind, line in found.lines.items()} == {ChartKind.REQUESTS: (), ChartKind.ERRORS: ()}
    assert not found.warnings


async def test_what_is_not_answered_or_is_several_series_is_told_and_has_no_line() -> None:
    under_test, backend = reader()
    backend.failing = {"e": Faulty("query timed out")}
    backend.series["q99"] = 2
    kinds = {ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS}
    found = await under_test.read(ComparedTime.DAY, kinds, PROFILE, PROMQL, PRESENT)
    assert set(found.lines) == {ChartKind.REQUESTS}
    assert set(found.warnings) == {"a day before: query timed out", "a day before: p99: 2 series"}
