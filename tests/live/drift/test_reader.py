"""The drift of a deployment as it is: which windows are asked, and that nothing unknown becomes a number."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modeldeck.domain.drift.comparison import Doubt, DriftVerdict, compare
from modeldeck.domain.drift.findings import HistogramDrift, Role
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.live.drift.training_baseline import TrainingBaseline
from tests.live.drift.world import CHANGED, EVEN, MOVED, NOW, PREDICTIONS, SCRAPE, SCRAPED, DriftWorld, Shares


async def read(world: DriftWorld) -> HistogramDrift:
    found = await world.reader().read(world.subject(), world.settings, NOW + 0.4)
    (one,) = found.histograms
    return one


async def test_the_version_before_in_the_same_window_before_the_change() -> None:
    world = DriftWorld()
    world.serve(EVEN, MOVED, rate=4.0)
    found = await read(world)
    assert (found.against, found.role, found.comparison.verdict) == ("version 4", Role.PREDICTIONS, DriftVerdict.ACT)
    assert (found.current.start, found.current.end, found.current.version) == (NOW - CHANGED, NOW, "5")
    assert found.baseline is not None
    assert (found.baseline.start, found.baseline.end, found.baseline.version) == (NOW - 2 * CHANGED, NOW - CHANGED, "4")
    assert found.current.query == (
        'sum by (le) (increase(model_prediction_value_bucket{namespace="serving",pod=~"iris-bbb-[a-z0-9]{5}"}[600s]))'
    )
    assert found.comparison.current == pytest.approx(4 * CHANGED, abs=4 * SCRAPE)
    assert found.comparison.baseline == pytest.approx(4 * CHANGED, abs=4 * SCRAPE)
    by_hand = compare(masses(MOVED), masses(EVEN)).distances
    assert by_hand is not None
    assert found.comparison.distances is not None
    assert found.comparison.distances.psi == pytest.approx(by_hand.psi, rel=0.01)
    assert found.comparison.distances.ks == pytest.approx(0.35)


def masses(shares: Shares) -> Shares:
    return tuple((bound, share * 4 * CHANGED) for bound, share in shares)


async def test_a_window_never_reaches_back_before_the_change() -> None:
    world = DriftWorld()
    world.settings = replace(world.settings, window=3000.0)
    world.serve(MOVED, EVEN)
    found = await read(world)
    assert (found.current.start, found.baseline and found.baseline.start) == (NOW - CHANGED, NOW - CHANGED - 3000.0)


async def test_the_time_before_whatever_served_then() -> None:
    world = DriftWorld()
    world.against("30m")
    world.serve(EVEN, MOVED)
    found = await read(world)
    assert found.baseline is not None
    assert (found.against, found.baseline.start, found.baseline.end) == ("the 30m before", NOW - CHANGED - 1800.0, NOW - CHANGED)
    assert "iris-[a-z0-9]+-[a-z0-9]{5}" in found.baseline.query
    assert found.comparison.verdict is DriftVerdict.ACT


async def test_what_was_logged_at_training() -> None:
    world = DriftWorld()
    world.against("training")
    world.serve(EVEN, EVEN, rate=10.0)
    world.training = TrainingBaseline("training of iris 5", {PREDICTIONS: tuple((bound, share * 90_000) for bound, share in EVEN)})
    found = await read(world)
    assert (found.against, found.baseline, found.comparison.verdict) == ("training of iris 5", None, DriftVerdict.LITTLE)
    assert found.comparison.baseline == 90_000


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (TrainingBaseline("training", message="run 7 has no file"), "run 7 has no file"),
        (TrainingBaseline("training of iris 5", {"age": ((math.inf, 1.0),)}), "nothing of model_prediction_value was logged"),
    ],
)
async def test_a_training_that_logged_nothing(training: TrainingBaseline, message: str) -> None:
    world = DriftWorld(training=training)
    world.against("training")
    world.serve()
    found = await read(world)
    assert (found.comparison.verdict, found.comparison.distances, found.comparison.baseline) == (DriftVerdict.UNKNOWN, None, None)
    assert message in found.comparison.message
    assert found.comparison.current == pytest.approx(2 * CHANGED, abs=2 * SCRAPE)


async def test_no_series_is_not_known_and_series_that_counted_nothing_are_insufficient() -> None:
    world = DriftWorld()
    found = await read(world)
    assert (found.comparison.verdict, found.comparison.current) == (DriftVerdict.UNKNOWN, None)
    assert "Prometheus has no model_prediction_value_bucket" in found.comparison.message
    world.serve(rate=0.0)
    found = await read(world)
    assert (found.comparison.verdict, found.comparison.message) == (DriftVerdict.INSUFFICIENT, "no values in the window")


async def test_a_baseline_that_is_gone_is_not_known() -> None:
    world = DriftWorld()
    world.past.scraped("iris-bbb-22222", CHANGED, 0, lambda age: {f'{PREDICTIONS}_bucket{{le="+Inf"}}': age})
    found = await read(world)
    assert (found.comparison.verdict, found.comparison.baseline) == (DriftVerdict.UNKNOWN, None)
    assert "of these pods in that time" in found.comparison.message


async def test_a_prediction_that_is_no_number_is_told() -> None:
    world = DriftWorld()
    world.serve(total=math.nan)
    assert [one.doubt for one in (await read(world)).comparison.warnings] == [Doubt.NOT_FINITE]


async def test_an_answer_with_parts_missing_and_mixed_series_are_doubtful() -> None:
    world = DriftWorld(scraped=replace(SCRAPED, several=("two clusters",)))
    world.serve()
    world.past.warnings = ("one store is away",)
    told = [(one.doubt, one.message) for one in (await read(world)).comparison.warnings]
    assert told == [(Doubt.PARTIAL, "one store is away"), (Doubt.PARTIAL, "two clusters")]


async def test_by_addresses_alone_the_past_is_not_known() -> None:
    world = DriftWorld(scraped=Scraped(SCRAPED.profile, PodLabels("instance", "", by_address=True)))
    for baseline in ("previous", "7d"):
        world.against(baseline)
        found = await read(world)
        assert found.comparison.distances is None
        assert found.baseline is None


async def test_a_question_that_is_not_answered_is_told_in_its_place() -> None:
    world = DriftWorld()
    world.serve()
    world.settings = replace(world.settings, histograms=("age",))
    world.past.failure, world.past.failing = Unreachable("gone", backend="Prometheus"), lambda promql: "age_bucket" in promql
    age, predictions = (await world.reader().read(world.subject(), world.settings, NOW)).histograms
    assert (age.histogram, age.comparison.verdict, age.comparison.current) == ("age", DriftVerdict.UNKNOWN, None)
    assert age.failure is world.past.failure
    assert predictions.failure is None
    assert predictions.comparison.distances is not None


async def test_without_a_histogram_nothing_is_asked() -> None:
    world = DriftWorld(scraped=None)
    found = await world.reader().read(world.subject(), world.settings, NOW)
    assert (found.histograms, world.past.asked) == ((), [])
