"""How pods are scraped is looked up when it may be different, and remembered meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.live.scrapes import LOOK_AGAIN, LOOK_SOON, Scrapes
from tests.support import sample

POD = next(pod for pod in sample.FLEET.pods if pod.name.startswith("iris"))
NAMES = ("http_requests_total", "http_request_duration_highr_seconds_bucket")
EXPORTED = tuple({"__name__": name, "status": "200", "namespace": "serving", "pod": POD.name} for name in NAMES)


class Metrics:
    """Counts its questions and pings; answers with one series, or none."""

    def __init__(self) -> None:
        self.scope = SeriesScope()
        self.exports: tuple[Mapping[str, str], ...] = EXPORTED
        self.asked = self.pinged = 0
        self.ahead = 0.0
        self.failure: Unreachable | None = None

    async def ping(self) -> str:
        self.pinged += 1
        return "3.0"

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        if self.failure is not None:
            raise self.failure
        self.asked += 1
        return Vector(tuple(Sample(labels, sample.NOW + self.ahead, 1.0) for labels in self.exports))


class World:
    def __init__(self, metrics: Metrics) -> None:
        self.metrics, self.clock = metrics, sample.FrozenClock()
        self.scrapes = Scrapes(metrics, self.clock, self.namespaces)  # type: ignore[arg-type]

    async def namespaces(self) -> tuple[str, ...]:
        return ("*",)

    async def looks(self, fleet: Fleet | None = sample.FLEET, after: float = 0.0) -> bool:
        """Whether it asked."""
        self.clock.time += after
        before = self.metrics.asked
        await self.scrapes.of(fleet)
        return self.metrics.asked > before


@pytest.fixture
def world() -> World:
    return World(Metrics())


async def test_what_was_found_is_remembered_by_deployment_and_by_name(world: World) -> None:
    first = await world.scrapes.of(sample.FLEET)
    assert list(first.by_deployment) == ["serving/iris"]
    assert first.names == set(NAMES)
    assert await world.scrapes.of(sample.FLEET) is first
    assert world.metrics.asked == 1


async def test_it_is_looked_up_soon_while_pods_come_and_seldom_afterwards(world: World) -> None:
    assert await world.looks()
    assert not await world.looks(after=LOOK_SOON)
    assert await world.looks(after=1.0)
    assert not await world.looks(after=LOOK_AGAIN)
    assert await world.looks(after=1.0)


async def test_another_pod_makes_it_look_soon_again(world: World) -> None:
    assert await world.looks()
    assert await world.looks(after=2 * LOOK_AGAIN)
    more = replace(sample.FLEET, pods=(*sample.FLEET.pods, replace(POD, uid="new")))
    assert not await world.looks(more)
    assert await world.looks(more, after=LOOK_SOON + 1.0)


async def test_where_nothing_was_found_every_new_pod_is_looked_for_at_once(world: World) -> None:
    world.metrics.exports = ()
    assert await world.looks(replace(sample.FLEET, pods=()))
    assert await world.looks()
    assert not await world.looks()


async def test_a_fleet_that_is_whole_at_last_is_looked_up(world: World) -> None:
    partly = replace(sample.FLEET, whole=False)
    assert await world.looks(partly)
    assert not await world.looks(partly)
    assert await world.looks()
    assert not await world.looks()


async def test_without_a_fleet_only_prometheus_is_asked_for(world: World) -> None:
    assert not await world.looks(None)
    assert world.metrics.pinged == 1


async def test_a_failure_is_the_callers_and_nothing_is_taken_for_looked_up(world: World) -> None:
    world.metrics.failure = Unreachable("away")
    with pytest.raises(Unreachable):
        await world.scrapes.of(sample.FLEET)
    world.metrics.failure = None
    assert await world.looks()


async def test_a_clock_that_is_off_is_told_with_the_scrapes(world: World) -> None:
    assert (await world.scrapes.of(sample.FLEET)).clock == ""
    world.metrics.ahead = 7200.0
    await world.looks(after=LOOK_AGAIN + 1)
    assert (await world.scrapes.of(sample.FLEET)).clock == "its clock is 2 h ahead of this machine's"
