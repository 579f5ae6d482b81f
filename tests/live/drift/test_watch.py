"""What the drift screen reads: the present, and one histogram over time against the same baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.drift.comparison import DriftVerdict
from modeldeck.domain.drift.settings import DriftRules, baseline_of
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.live.drift.subject import DriftSubject
from modeldeck.live.drift.training_baseline import TrainingBaseline
from modeldeck.live.drift.watch import DriftQuery, DriftWatch
from modeldeck.live.fleet_metrics import FleetScrapes
from tests.live.drift.world import CHANGED, EVEN, FLEET, MOVED, NOW, PREDICTIONS, SCRAPED, DriftWorld
from tests.support.clocks import FakeClock

HOUR = DriftQuery(3600.0, 60)


class Scrapes:
    async def of(self, fleet: Fleet | None) -> FleetScrapes:
        return FleetScrapes({"serving/iris": SCRAPED})


class Watched:
    def __init__(self, world: DriftWorld, *, fleet: Fleet | None = FLEET, rules: DriftRules | None = None) -> None:
        self.trained = 0
        self.training = TrainingBaseline("training of iris 5", {PREDICTIONS: tuple((bound, share * 9000) for bound, share in EVEN)})
        scrapes: Any = Scrapes()
        found = rules or DriftRules((("*", {"window": 600.0}),))
        self.watch = DriftWatch(
            "serving/iris", world.past, scrapes, lambda: fleet, found, LinkPatterns(), self.read_training, FakeClock(NOW + 7.0)
        )

    async def read_training(self, subject: DriftSubject) -> TrainingBaseline:
        self.trained += 1
        return self.training


async def test_each_step_is_counted_by_itself_and_the_change_stands_out() -> None:
    world = DriftWorld()
    world.serve(EVEN, MOVED, rate=20.0)
    found = await Watched(world).watch.read(HOUR)
    assert (found.start, found.end, found.step, found.histogram) == (NOW - 3600.0, float(NOW), 60.0, PREDICTIONS)
    before = [one for one in found.steps if one.at <= NOW - CHANGED]
    after = [one for one in found.steps if one.at > NOW - CHANGED + 60.0]
    assert (len(before), len(after)) == (50, 9)
    for one in (*before, *after):
        assert one.psi is not None
        assert one.noise is not None
        assert (one.psi > one.noise) is (one.at > NOW - CHANGED)
        assert one.values == pytest.approx(1200, rel=0.01)
    assert found.drift.histograms[0].comparison.verdict is DriftVerdict.ACT
    assert "[60s]" in found.promql


async def test_few_questions() -> None:
    world = DriftWorld()
    world.serve()
    ranges: list[str] = []
    ask = world.past.query_range

    async def counted(promql: str, **given: Any) -> Any:
        ranges.append(promql)
        return await ask(promql, **given)

    world.past.query_range = counted  # type: ignore[method-assign]
    await Watched(world).watch.read(HOUR)
    assert (len(world.past.asked), len(ranges)) == (4, 1)


async def test_another_histogram_and_another_baseline() -> None:
    world = DriftWorld()
    world.serve()
    world.serve(EVEN, MOVED, histogram="age")
    watched = Watched(world, rules=DriftRules((("*", {"window": 600.0, "histograms": ("age",)}),)))
    found = await watched.watch.read(replace(HOUR, histogram=PREDICTIONS, baseline=baseline_of("training")))
    assert (found.histogram, found.drift.histograms[1].against, len(found.steps)) == (PREDICTIONS, "training of iris 5", 60)
    assert (await watched.watch.read(replace(HOUR, histogram="gone"))).histogram == "age"


async def test_what_was_logged_at_training_is_read_once_until_it_is_forgotten() -> None:
    world = DriftWorld()
    world.serve()
    watched = Watched(world)
    query = replace(HOUR, baseline=baseline_of("training"))
    await watched.watch.read(query)
    await watched.watch.read(query)
    assert watched.trained == 1
    watched.watch.forget()
    watched.training = TrainingBaseline("training", message="gone", failure=Unreachable("gone", backend="MLflow"))
    found = await watched.watch.read(query)
    assert (found.steps, found.message) == ((), "gone")
    await watched.watch.read(query)
    assert watched.trained == 5, "what was not answered is asked again"


async def test_a_baseline_that_is_not_known_leaves_no_steps_and_says_why() -> None:
    world = DriftWorld(fleet=FLEET)
    world.serve()
    found = await Watched(world, fleet=replace(FLEET, replica_sets=FLEET.replica_sets[1:])).watch.read(HOUR)
    assert (found.steps, found.message) == ((), "no version before is known")


async def test_a_prometheus_that_answers_nothing_is_a_failure_and_one_question_is_not() -> None:
    world = DriftWorld()
    world.serve()
    world.past.failure = Unreachable("gone", backend="Prometheus")
    with pytest.raises(Unreachable):
        await Watched(world).watch.read(HOUR)
    world.past.failing = lambda promql: "[60s]" in promql
    found = await Watched(world).watch.read(HOUR)
    assert (found.steps, found.message) == ((), "Prometheus: gone")
    assert found.drift.histograms[0].comparison.current is not None


async def test_before_the_pods_are_known_nothing_is_asked() -> None:
    world = DriftWorld()
    found = await Watched(world, fleet=None).watch.read(HOUR)
    assert (found.drift.histograms, world.past.asked) == ((), [])
