"""The wall's charts: the values of a deployment's own chart, by few questions, each for the new end alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from modeldeck.domain.failures import InvalidQuery, Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.measured import chart_points
from modeldeck.domain.metrics.profiles.queries import deployment_queries, pod_pattern
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.live import fleet_charts
from modeldeck.live.fleet_charts import OVERLAP, PAST_EVERY, STEP, WINDOW, FleetChartsReader
from modeldeck.live.fleet_metrics import exports, fleet_scrapes
from modeldeck.live.scrapes import Scrapes
from tests.support import sample
from tests.support.history import NOW, SLOW, History

IRIS, WINE = "serving/iris", "serving/wine"
NAMES = {"iris": ("iris-6d4f8c7b9-abcde", "iris-6d4f8c7b9-fghij"), "wine": ("wine-5c9d7f6b8-klmno",)}


def fleet() -> Fleet:
    deployments = tuple(sample.deployment(name, f"models:/{name}/1", len(pods), len(pods)) for name, pods in NAMES.items())
    sets = tuple(sample.replica_set(name, f"models:/{name}/1", 3, 600.0, len(pods)) for name, pods in NAMES.items())
    pods = tuple(
        replace(pod, name=own, uid=own)
        for name, names in NAMES.items()
        for pod, own in zip(sample.pods(name, f"models:/{name}/1", 3, len(names), len(names)), names, strict=True)
    )
    return Fleet(deployments, sets, pods)


@dataclass
class Recorded(History):
    ranges: list[tuple[str, float, float]] = field(default_factory=list)

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        assert step == STEP
        self.ranges.append((promql, start, end))
        return await super().query_range(promql, start=start, end=end, step=step)


class World:
    def __init__(self, now: Fleet | None = None) -> None:
        self.clock = sample.FrozenClock(NOW)
        self.metrics = Recorded()
        self.fleet = now or fleet()
        scrapes = Scrapes(self.metrics, self.clock, self.namespaces)
        self.reader = FleetChartsReader(self.metrics, scrapes, lambda: self.fleet, self.namespaces, self.clock)

    async def namespaces(self) -> tuple[str, ...]:
        return ("serving",)

    def traffic(self) -> None:
        for name in NAMES["iris"]:
            self.metrics.fastapi(name, start=2700, end=-300)
        self.metrics.fastapi(NAMES["wine"][0], start=2700, end=-300, latency=SLOW)

    def past_questions(self) -> list[float | None]:
        return [at for promql, at in self.metrics.asked if "[1800s]" in promql]


@pytest.fixture
def world() -> World:
    made = World()
    made.traffic()
    return made


async def test_values_are_those_of_the_deployments_own_chart(world: World) -> None:
    """A pod that has gone counts while it was there, as the chart of one deployment has it."""
    world.metrics.fastapi("wine-5c9d7f6b8-zzzzz", start=2700, end=900, rate=8.0)
    found = await world.reader.read([IRIS, WINE])
    scrapes = await fleet_scrapes(await exports(world.metrics, ("serving",)), world.fleet, world.metrics.scope)
    for name in ("iris", "wine"):
        scraped = scrapes.by_deployment[f"serving/{name}"]
        queries = deployment_queries(scraped.profile, scraped.labels.of_pods("serving", pod_pattern(name)), step=STEP)
        answer = await History.query_range(world.metrics, queries["p99"], start=NOW - WINDOW, end=NOW, step=STEP)
        wanted = chart_points(scraped.profile, {"p99": answer}).p99
        assert len(wanted) == WINDOW / STEP + 1
        assert dict(found.p99[f"serving/{name}"]) == pytest.approx(dict(wanted))
    assert found.end == NOW
    assert {value for _, value in found.p99[WINE]} > {found.p99[WINE][-1][1]}, "it was faster with the other pod"


async def test_one_question_for_all_and_then_for_the_new_end_alone(world: World) -> None:
    first = await world.reader.read([IRIS, WINE])
    [(promql, start, end)] = world.metrics.ranges
    assert (start, end) == (NOW - WINDOW, NOW)
    assert promql.startswith("sum by (namespace, pod, le) (rate(")
    world.clock.time += STEP / 2
    assert (await world.reader.read([IRIS, WINE])).p99 == first.p99
    assert len(world.metrics.ranges) == 1, "no step has passed"
    world.clock.time += STEP
    later = await world.reader.read([IRIS, WINE])
    assert world.metrics.ranges[1][1:] == (NOW - OVERLAP, NOW + STEP)
    assert later.p99[IRIS][0][0] == NOW - WINDOW + STEP
    assert [at for at, _ in later.p99[IRIS]] == sorted({at for at, _ in later.p99[IRIS]})
    assert later.p99[IRIS][-1][0] == NOW + STEP


async def test_only_what_is_shown_is_asked_for_and_what_comes_in_sight_whole(world: World) -> None:
    assert (await world.reader.read([IRIS])).p99.keys() == {IRIS}
    assert "wine" not in world.metrics.ranges[0][0]
    world.clock.time += STEP
    found = await world.reader.read([IRIS, WINE])
    assert {start for _, start, _ in world.metrics.ranges[1:]} == {NOW - OVERLAP, NOW + STEP - WINDOW}
    assert found.p99.keys() == found.asked == {IRIS, WINE}


async def test_after_a_sleep_the_whole_is_asked_for(world: World) -> None:
    await world.reader.read([IRIS])
    world.clock.time += 2 * WINDOW
    await world.reader.read([IRIS])
    assert world.metrics.ranges[1][1:] == (NOW + WINDOW, NOW + 2 * WINDOW)


async def test_a_clock_that_goes_back(world: World) -> None:
    await world.reader.read([IRIS])
    world.clock.time -= 600
    found = await world.reader.read([IRIS])
    assert found.end == NOW - 600
    assert all(at <= found.end for at, _ in found.p99[IRIS])


async def test_the_usual_latency_is_that_before_the_present_also_of_pods_that_have_gone(world: World) -> None:
    gone = World()
    gone.metrics.fastapi("iris-6d4f8c7b9-zzzzz", start=2700, end=120)
    gone.metrics.fastapi(NAMES["iris"][0], start=60, latency=SLOW)
    assert (await gone.reader.read([])).past_p99[IRIS] == pytest.approx(0.175)
    found = await world.reader.read([])
    assert found.past_p99 == pytest.approx({IRIS: 0.175, WINE: 0.95})
    world.clock.time += PAST_EVERY - 1
    await world.reader.read([])
    assert len(world.past_questions()) == 1
    world.clock.time += 1
    await world.reader.read([])
    assert len(world.past_questions()) == 2


async def test_series_of_others_are_nobodys(world: World) -> None:
    await world.reader.read([IRIS])
    before = (await world.reader.read([IRIS])).p99
    other = World()
    other.traffic()
    other.metrics.fastapi("iris-blue-6d4f8c7b9-abcde", start=2700, rate=90.0, latency=SLOW)
    other.metrics.fastapi("iris-canary", start=2700, rate=90.0, latency=SLOW)
    assert (await other.reader.read([IRIS])).p99 == before


async def test_many_pods_are_asked_for_in_several_questions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (await world.reader.read([IRIS, WINE])).p99
    monkeypatch.setattr(fleet_charts, "PODS_A_QUESTION", 2)
    other = World()
    other.traffic()
    assert (await other.reader.read([IRIS, WINE])).p99 == whole
    assert len(other.metrics.ranges) == 2


async def test_a_question_that_is_not_answered_leaves_the_rest(world: World) -> None:
    world.metrics.failure, world.metrics.failing = InvalidQuery("too many samples", backend="Prometheus"), lambda text: "[1800s]" in text
    found = await world.reader.read([IRIS])
    assert found.p99.keys() == {IRIS}
    assert found.past_p99 == {}
    assert found.warnings == ("Prometheus: too many samples",)
    world.metrics.failing = lambda _text: True
    world.metrics.failure = Unreachable("gone", backend="Prometheus")
    world.clock.time += STEP
    with pytest.raises(Unreachable):
        await world.reader.read([IRIS])


async def test_warnings_are_handed_on(world: World) -> None:
    world.metrics.warnings = ("a store is away",)
    assert (await world.reader.read([IRIS])).warnings == ("a store is away",)


async def test_before_the_pods_are_known_nothing_is_asked() -> None:
    world = World(replace(fleet(), whole=False))
    world.traffic()
    found = await world.reader.read([IRIS])
    assert (found.asked, found.p99) == (frozenset(), {})
    assert world.metrics.ranges == []
