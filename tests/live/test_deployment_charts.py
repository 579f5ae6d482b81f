"""Charts over any span: what is asked, on which grid, and from where on there are data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import InvalidQuery, Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.charts.chart_kind import ChartKind, charts_of, queries_of
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.domain.metrics.measured import Points
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.live.deployment_charts import LEAST_SPAN, LEAST_STEP, DeploymentCharts, SpanCharts, SpanQuery, step_of
from modeldeck.live.pod_groups import VersionPods
from modeldeck.live.scrapes import Scrapes
from tests.support import sample
from tests.support.clocks import FakeClock

DAY = 86400.0
BASE = {ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS}
EXPORTS = ({"__name__": "http_requests_total", "status": "200"}, {"__name__": "http_request_duration_highr_seconds_bucket"})


class Metrics:
    """Has data from `since` on, as rates have them: where the window of the rate holds something."""

    def __init__(self, since: float = 0.0) -> None:
        self.since = since
        self.scope = SeriesScope()
        self.asked: list[tuple[str, float, float, float]] = []
        self.failure: Unreachable | None = None
        self.series = 1
        self.other: dict[str, int] = {}
        """How many series answer these queries instead."""
        self.exports: tuple[dict[str, str], ...] = ()
        self.memory = ""
        """A part of the query of the source of memory that there is."""
        self.refused = "nothing"
        """A part of the queries that it refuses."""
        self.warnings: tuple[str, ...] = ("one store is away",)
        self.now = sample.NOW

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        if promql.startswith("count ("):
            return Vector((Sample({}, 0.0, 1.0),) if self.memory and self.memory in promql else ())
        pods = [{"namespace": pod.namespace, "pod": pod.name} for pod in sample.FLEET.pods]
        return Vector(tuple(Sample({**labels, **pod}, self.now, 1.0) for pod in pods for labels in (*EXPORTS, *self.exports)))

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        if self.failure is not None:
            raise self.failure
        if self.refused in promql:
            raise InvalidQuery(f"function {self.refused} is not known", backend="Prometheus")
        self.asked.append((promql, start, end, step))
        times = [start + step * index for index in range(int((end - start) / step + 1e-9) + 1)]
        points = tuple((at, 2.0) for at in times if at >= self.since)
        return Matrix(
            tuple(Series({"of": str(one)}, points) for one in range(self.other.get(promql, self.series))) if points else (), self.warnings
        )

    @property
    def spans(self) -> set[tuple[float, float, float]]:
        return {(start, end, step) for _, start, end, step in self.asked}


def line(found: SpanCharts, kind: ChartKind, place: int = 0) -> Points:
    return found.lines[kind][place].points if kind in found.lines else ()


class World:
    def __init__(self, *, since: float = 0.0, now: float = sample.NOW, fleet: Fleet | None = sample.FLEET, name: str = "iris") -> None:
        self.metrics, self.clock = Metrics(since), FakeClock(now)
        backend: Any = self.metrics
        scrapes = Scrapes(backend, self.clock, self.namespaces)
        self.reader = DeploymentCharts("serving", name, backend, scrapes, lambda: fleet, self.clock)

    async def namespaces(self) -> tuple[str, ...]:
        return ("serving",)


async def test_points_stand_on_a_grid_that_does_not_move_with_the_time() -> None:
    world = World(now=sample.NOW + 7.0)
    found = await world.reader.read(SpanQuery(1800.0, columns=120))
    assert world.metrics.spans == {(sample.NOW - 1800.0 + 15.0, sample.NOW, 15.0), (sample.NOW + 5.0, sample.NOW + 5.0, 15.0)}
    assert (found.step, found.latest, found.end) == (15.0, sample.NOW + 5.0, sample.NOW + 15.0)
    assert [at for at, _ in line(found, ChartKind.LATENCY)][-2:] == [sample.NOW, sample.NOW + 5.0]
    assert found.start == found.end - 1800.0


async def test_on_a_step_nothing_is_asked_twice() -> None:
    world = World()
    found = await world.reader.read(SpanQuery(1800.0, columns=120))
    assert len(world.metrics.spans) == 1
    assert found.end == found.latest == sample.NOW


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        ({ChartKind.LATENCY}, {"histogram_quantile"}),
        ({ChartKind.REQUESTS}, {"sum"}),
        (BASE, {"histogram_quantile", "sum"}),
    ],
)
async def test_only_what_is_seen_is_asked_and_all_queries_are_told(kinds: set[ChartKind], names: set[str]) -> None:
    world = World()
    query = SpanQuery(1800.0, columns=120, kinds=frozenset(kinds))
    await world.reader.read(query)
    assert len(world.metrics.asked) == 1 + len(queries_of(kinds, PROFILES[-1])), "one more to find where data begin"
    world.metrics.asked.clear()
    found = await world.reader.read(query)
    assert {re.match(r"\w+", promql).group() for promql, *_ in world.metrics.asked} == names  # type: ignore[union-attr]
    assert set(found.promql) == {"p50", "p90", "p99", "requests", "errors"}
    assert found.computed == {ChartKind.ERRORS: "errors ÷ requests"}
    assert bool(line(found, ChartKind.LATENCY)) is (ChartKind.LATENCY in kinds)
    assert bool(line(found, ChartKind.REQUESTS)) is (ChartKind.REQUESTS in kinds)


async def test_warnings_are_told_once() -> None:
    assert (await World().reader.read(SpanQuery(1800.0))).warnings == ("one store is away",)


@pytest.mark.parametrize("metric", ["container_memory_working_set_bytes", "process_resident_memory_bytes"])
async def test_memory_is_that_of_containers_else_what_processes_say(metric: str) -> None:
    world = World()
    world.metrics.memory = f"{metric}{{namespace="
    memory = frozenset({ChartKind.MEMORY})
    found = await world.reader.read(SpanQuery(1800.0, columns=120, kinds=memory))
    assert {name for name in found.promql if name.endswith("memory")} == {"highest memory", "mean memory"}
    assert metric in found.promql["highest memory"]
    assert metric in found.computed[ChartKind.MEMORY]
    assert [each.name for each in found.lines[ChartKind.MEMORY]] == ["highest", "mean"]
    assert line(found, ChartKind.MEMORY)[-1] == (sample.NOW, 2.0)
    assert {promql for promql, *_ in world.metrics.asked[1:]} == {found.promql["highest memory"], found.promql["mean memory"]}


async def test_predictions_are_asked_where_a_histogram_of_them_is_exported() -> None:
    world = World()
    assert ChartKind.PREDICTIONS not in charts_of((await world.reader.read(SpanQuery(1800.0))).promql)
    world = World()
    world.metrics.exports = ({"__name__": "model_prediction_value_bucket"},)
    found = await world.reader.read(SpanQuery(1800.0))
    assert [each.name for each in found.lines[ChartKind.PREDICTIONS]] == ["p90", "p50", "p10", "mean"]
    assert all(each.points for each in found.lines[ChartKind.PREDICTIONS])


async def test_a_prometheus_that_cannot_tell_the_mean_is_asked_once_and_the_rest_is_drawn() -> None:
    world = World()
    world.metrics.exports, world.metrics.refused = ({"__name__": "model_prediction_value_bucket"},), "delta"
    found = await world.reader.read(SpanQuery(1800.0))
    assert [bool(each.points) for each in found.lines[ChartKind.PREDICTIONS]] == [True, True, True, False]
    assert "no mean, as its query is refused" in found.computed[ChartKind.PREDICTIONS]
    assert "function delta is not known" in found.computed[ChartKind.PREDICTIONS]
    world.metrics.refused = "nothing"
    await world.clock.advance(400.0)
    assert not (await world.reader.read(SpanQuery(1800.0))).lines[ChartKind.PREDICTIONS][3].points
    world.reader.forget()
    assert (await world.reader.read(SpanQuery(1800.0))).lines[ChartKind.PREDICTIONS][3].points


async def test_versions_are_asked_for_apart_instead_of_all_together() -> None:
    world = World()
    versions = (VersionPods("v7", ("iris-7d9f8b6c5",)), VersionPods("v6", ("iris-5c6f",)))
    query = SpanQuery(1800.0, columns=120, kinds=frozenset({ChartKind.LATENCY, ChartKind.REQUESTS}), versions=versions)
    found = await world.reader.read(query)
    asked = {promql for promql, *_ in world.metrics.asked[1:]}
    assert len(asked) == 6
    assert all("iris-7d9f8b6c5-[a-z0-9]{5}" in promql or "iris-5c6f-[a-z0-9]{5}" in promql for promql in asked)
    told = [(each.name, each.version) for each in found.lines[ChartKind.LATENCY]]
    assert told == [("p99", "v7"), ("p50", "v7"), ("p99", "v6"), ("p50", "v6")]
    assert found.promql["requests of v6"] in asked
    assert not {promql for name, promql in found.promql.items() if " of v" not in name} & asked


async def test_buckets_are_asked_for_instead_of_quantiles() -> None:
    world = World()
    found = await world.reader.read(SpanQuery(1800.0, columns=120, kinds=frozenset({ChartKind.LATENCY}), buckets=True))
    assert [promql for promql, *_ in world.metrics.asked[1:]] == [found.promql["latency buckets"]]
    assert found.heatmap is not None
    assert "histogram_quantile" in found.promql["p99"], "it is still told"
    assert (await world.reader.read(SpanQuery(1800.0))).heatmap is None


async def test_a_day_before_is_asked_only_where_it_is_wanted_and_is_worth_no_failure() -> None:
    world = World(since=sample.NOW - 2 * DAY)
    query = SpanQuery(1800.0, columns=120, kinds=frozenset({ChartKind.LATENCY}))
    assert not (await world.reader.read(query)).earlier
    world.metrics.asked.clear()
    found = await world.reader.read(replace(query, compared=ComparedTime.DAY))
    span = (sample.NOW - 1800.0 - DAY, sample.NOW - DAY, 15.0)
    assert [promql for promql, *asked in world.metrics.asked if tuple(asked) == span] == [found.promql["p99"]]
    assert found.earlier[ChartKind.LATENCY].points == line(found, ChartKind.LATENCY)
    assert not (await world.reader.read(replace(query, compared=ComparedTime.WEEK))).earlier[ChartKind.LATENCY].points


async def test_an_edited_query_is_asked_instead_and_its_chart_is_not_compared() -> None:
    world = World()
    query = SpanQuery(1800.0, columns=120, kinds=frozenset(BASE), compared=ComparedTime.DAY, edited=(("p99", "vector(1)"),))
    found = await world.reader.read(query)
    asked = {promql for promql, *_ in world.metrics.asked}
    assert "vector(1)" in asked
    assert found.promql["p99"] not in asked, "what is told is the chart's own"
    assert found.edited == {ChartKind.LATENCY}
    assert set(found.earlier) == {ChartKind.REQUESTS, ChartKind.ERRORS}
    assert line(found, ChartKind.LATENCY)
    assert not found.refused


@pytest.mark.parametrize(("series", "told"), [(0, "no series answers"), (3, "3 series answer")])
async def test_of_edited_errors_that_are_not_one_series_nothing_is_drawn_and_never_zero(series: int, told: str) -> None:
    world = World()
    world.metrics.other = {"mine": series}
    query = SpanQuery(1800.0, columns=120, kinds=frozenset({ChartKind.REQUESTS, ChartKind.ERRORS}), edited=(("errors", "mine"),))
    found = await world.reader.read(query)
    assert found.refused["errors"].startswith(told)
    assert not line(found, ChartKind.ERRORS)
    assert line(found, ChartKind.REQUESTS)


async def test_what_is_refused_is_told_in_the_words_of_prometheus() -> None:
    world = World()
    world.metrics.refused = "mine"
    query = SpanQuery(1800.0, columns=120, kinds=frozenset(BASE), edited=(("errors", "mine"), ("p99", "mine"), ("nothing", "x")))
    found = await world.reader.read(query)
    assert found.refused == dict.fromkeys(("errors", "p99"), "function mine is not known")
    assert not line(found, ChartKind.ERRORS)
    assert [bool(each.points) for each in found.lines[ChartKind.LATENCY]] == [False, True, True]


async def test_any_other_query_that_is_refused_fails() -> None:
    world = World()
    world.metrics.refused = "sum"
    with pytest.raises(InvalidQuery):
        await world.reader.read(SpanQuery(1800.0))


async def test_a_clock_two_hours_off_is_told() -> None:
    world = World()
    world.metrics.now -= 7200.0
    told = "its clock is 2 h behind this machine's"
    assert (await world.reader.read(SpanQuery(1800.0))).warnings == (told, "one store is away")


async def test_of_a_month_with_an_hour_of_data_the_hour_is_shown() -> None:
    """In steps of hours it would be one point, whose rate is that of a window mostly without data."""
    since = sample.NOW - 3600.0
    world = World(since=since)
    query = SpanQuery(30 * DAY, columns=280)
    found = await world.reader.read(query)
    assert since - 600.0 < found.start <= since
    assert found.step == step_of(sample.NOW - found.start, 280)
    assert len(line(found, ChartKind.REQUESTS)) > 250
    assert len(world.metrics.asked) < 5 + 5 + 8, "one query finds where they begin"
    world.metrics.asked.clear()
    again = await world.reader.read(query)
    assert again == found
    assert len(world.metrics.spans) <= 2, "where data begin is remembered"


async def test_of_a_range_that_is_known_only_the_new_end_is_asked() -> None:
    world = World()
    world.metrics.warnings = ()
    first = await world.reader.read(SpanQuery(1800.0, columns=120))
    await world.clock.advance(15.0)
    world.metrics.asked.clear()
    found = await world.reader.read(SpanQuery(1800.0, columns=120))
    assert world.metrics.spans == {(sample.NOW - 120.0, sample.NOW + 15.0, 15.0)}
    assert [at for at, _ in line(found, ChartKind.LATENCY)] == [at + 15.0 for at, _ in line(first, ChartKind.LATENCY)]
    world.metrics.asked.clear()
    world.reader.forget()
    await world.reader.read(SpanQuery(1800.0, columns=120))
    assert world.metrics.spans == {(sample.NOW - 1785.0, sample.NOW + 15.0, 15.0)}


async def test_where_data_begin_is_looked_for_again_further_back() -> None:
    world = World(since=sample.NOW - 600.0)
    await world.reader.read(SpanQuery(3600.0))
    world.metrics.since = sample.NOW - 5 * 3600.0
    assert (await world.reader.read(SpanQuery(3600.0))).start > sample.NOW - 1200.0
    found = await world.reader.read(SpanQuery(6 * 3600.0))
    assert sample.NOW - 6 * 3600.0 < found.start <= sample.NOW - 5 * 3600.0
    past = await world.reader.read(SpanQuery(3600.0, end=sample.NOW - 2 * 3600.0))
    assert past.start == past.end - 3600.0


async def test_a_few_seconds_of_data_do_not_fill_the_screen() -> None:
    found = await World(since=sample.NOW - 20.0).reader.read(SpanQuery(1800.0))
    assert found.end - found.start >= LEAST_SPAN


async def test_without_data_the_whole_window_is_shown() -> None:
    found = await World(since=sample.NOW + 1.0).reader.read(SpanQuery(1800.0))
    assert found.end - found.start == 1800.0
    assert found.promql


async def test_data_that_come_later_are_found_then() -> None:
    world = World(since=sample.NOW + 100.0)
    assert not line(await world.reader.read(SpanQuery(1800.0)), ChartKind.REQUESTS)
    await world.clock.advance(400.0)
    found = await world.reader.read(SpanQuery(1800.0))
    assert line(found, ChartKind.REQUESTS)
    assert found.end - found.start < 400.0


async def test_the_past_is_asked_up_to_its_end_and_the_future_is_not() -> None:
    world = World()
    found = await world.reader.read(SpanQuery(1800.0, end=sample.NOW - 7200.0))
    assert found.latest == sample.NOW - 7200.0
    assert (await world.reader.read(SpanQuery(1800.0, end=sample.NOW + 7200.0))).latest == sample.NOW


async def test_several_series_are_a_wrong_query_and_nothing_is_drawn() -> None:
    world = World(now=sample.NOW + 7.0)
    world.metrics.series = 2
    assert not line(await world.reader.read(SpanQuery(1800.0, columns=120)), ChartKind.REQUESTS)


@pytest.mark.parametrize("world", [World(name="nobody"), World(fleet=Fleet((), (), ()))])
async def test_pods_that_export_nothing_known_have_no_queries(world: World) -> None:
    found = await world.reader.read(SpanQuery(1800.0))
    assert not found.promql
    assert not world.metrics.asked


async def test_a_question_that_is_not_answered_fails() -> None:
    world = World()
    world.metrics.failure = Unreachable("connection refused")
    with pytest.raises(Unreachable):
        await world.reader.read(SpanQuery(1800.0))


def test_a_step_is_some_seconds_at_least() -> None:
    assert step_of(300.0, 400) == LEAST_STEP
    assert step_of(30 * DAY, 400) == 6480.0
    assert step_of(1800.0, 0) == 180.0
