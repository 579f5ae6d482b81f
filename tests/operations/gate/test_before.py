"""The version being replaced: what is kept of it from one judgement to the next, and whose series it had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.gates import Gate
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Measure, Measured
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.operations.gate import Baseline, GateTarget
from modeldeck.operations.gate.asking import Unanswered
from modeldeck.operations.gate.before import side_before
from modeldeck.operations.gate.looking import Pods
from modeldeck.operations.gate.queries import Side
from tests.support.fakes.metrics import FASTAPI, FakeMetrics
from tests.support.fakes.traps import Traps

OLD, NEW = "iris-5d4f", "iris-7c9d"
TARGET = GateTarget("serving", "iris", (NEW,), (OLD,), 5000.0, baseline_addresses=(PodAddress("serving/old", "10.0.0.8"),))
FASTAPI_PROFILE = next(profile for profile in PROFILES if profile.name == "FastAPI instrumentator")
SIDE = Side(Scraped(FASTAPI_PROFILE, PodLabels()), Pods("serving", f"{NEW}-[a-z0-9]{{5}}"), 300, 9000.0)
KNOWN: Measure[Any] = Measure(7, "q")
NONE: Measure[Any] = Measure(None, "q", Trouble.NO_METRIC, "not exported")
AWAY: Measure[Any] = Measure(None, "q", Trouble.UNREACHABLE, "refused")
FOUND = Measured(KNOWN, KNOWN, KNOWN, NONE, seconds=300.0)
GATE = Gate()


def kept(found: Measured, gate: Gate = GATE, target: GateTarget = TARGET) -> bool:
    baseline = Baseline()
    assert baseline.known(gate, target, SIDE) is None
    baseline.keep(gate, target, SIDE, found)
    return baseline.known(gate, target, SIDE) is found


@pytest.mark.parametrize(
    ("parts", "complete"),
    [
        ({}, True),
        ({"failed": NONE}, True),
        ({"latency": NONE}, True),
        ({"failed": AWAY}, False),
        ({"latency": AWAY}, False),
        ({"requests": AWAY}, False),
        ({"requests": NONE}, False),
        ({"failed": replace(KNOWN, warnings=("partial",))}, False),
        ({"requests": replace(KNOWN, warnings=("partial",))}, False),
    ],
)
def test_what_is_complete_is_asked_once(parts: dict[str, Any], complete: bool) -> None:
    assert kept(replace(FOUND, **parts)) is complete


def test_predictions_count_where_drift_is_judged() -> None:
    drift = Gate(max_drift=0.2)
    assert kept(replace(FOUND, predictions=AWAY))
    assert not kept(replace(FOUND, predictions=AWAY), drift)
    assert kept(FOUND, drift), "what its pods did not export, they did not"
    assert not kept(replace(FOUND, predictions=replace(KNOWN, warnings=("partial",))), drift)


def test_one_that_goes_on_serving_is_asked_anew_each_time() -> None:
    assert not kept(FOUND, target=replace(TARGET, baseline_until=None))


def test_what_was_kept_is_of_one_gate_one_baseline_and_the_same_series() -> None:
    baseline = Baseline()
    baseline.keep(GATE, TARGET, SIDE, FOUND)
    later = replace(SIDE, at=9500.0, window=600)
    assert baseline.known(GATE, replace(TARGET, current=("another",)), later) is FOUND
    assert baseline.known(Gate(baseline=60.0), TARGET, SIDE) is None
    assert baseline.known(GATE, replace(TARGET, baseline_until=5001.0), SIDE) is None
    assert baseline.known(GATE, replace(TARGET, baseline=("another",)), SIDE) is None
    otherwise = replace(SIDE, scraped=Scraped(FASTAPI_PROFILE, PodLabels("who", "")))
    assert baseline.known(GATE, TARGET, otherwise) is None


def prometheus(*exports: dict[str, str]) -> FakeMetrics:
    found = FakeMetrics(Traps())
    found.exports = exports
    return found


async def before(gate: Gate = GATE, target: GateTarget = TARGET, new: Side = SIDE, metrics: FakeMetrics | None = None) -> Side | Unanswered:
    return await side_before(gate, target, metrics or prometheus(*map(dict, FASTAPI)), new)


async def test_it_is_looked_at_for_as_long_as_the_gate_says_until_the_change() -> None:
    found = await before(Gate(baseline=600.4))
    assert isinstance(found, Side)
    assert (found.window, found.at) == (600, 5000.0)
    assert found.pods == Pods("serving", f"{OLD}-[a-z0-9]{{5}}", TARGET.baseline_addresses)
    short = await before(Gate(baseline=0.2))
    assert isinstance(short, Side)
    assert short.window == 1
    both = await before(target=replace(TARGET, baseline_until=None))
    assert isinstance(both, Side)
    assert both.at == SIDE.at, "both serve at the same time"


async def test_the_same_pods_are_not_looked_for_again() -> None:
    metrics = prometheus(*map(dict, FASTAPI))
    found = await before(target=replace(TARGET, baseline=TARGET.current), metrics=metrics)
    assert isinstance(found, Side)
    assert (found.scraped, found.pods, found.at) == (SIDE.scraped, SIDE.pods, 5000.0)
    assert metrics.asked == []


@pytest.mark.parametrize(
    ("gate", "target"),
    [
        (GATE, replace(TARGET, baseline=())),
        (Gate(max_error_rise=None, max_p99_ratio=None, max_drift=None), TARGET),
    ],
)
async def test_where_nothing_is_compared_nothing_is_asked(gate: Gate, target: GateTarget) -> None:
    metrics = prometheus(*map(dict, FASTAPI))
    assert await before(gate, target, metrics=metrics) == Unanswered(Trouble.NO_DATA, "there is none to compare with")
    assert metrics.asked == []


async def test_pods_that_exported_nothing_then_are_taken_to_be_scraped_as_the_new_ones() -> None:
    """It had no traffic yet, so that its counters were not there."""
    nothing = prometheus()
    found = await before(metrics=nothing)
    assert isinstance(found, Side)
    assert found.scraped == SIDE.scraped
    by_address = replace(SIDE, scraped=Scraped(FASTAPI_PROFILE, PodLabels("instance", "", by_address=True)))
    assert isinstance(await before(new=by_address, metrics=nothing), Side)
    unknown = await before(target=replace(TARGET, baseline_addresses=()), new=by_address, metrics=nothing)
    message = "its series name pods by address alone, and which addresses its pods had is not known"
    assert unknown == Unanswered(Trouble.NO_METRIC, message)
    assert isinstance(await before(target=replace(TARGET, baseline_addresses=()), metrics=nothing), Side)


async def test_where_nobody_answers_nothing_is_known_of_it() -> None:
    away = prometheus()
    away.failure = Unreachable("refused")
    assert await before(metrics=away) == Unanswered(Trouble.UNREACHABLE, "refused")
