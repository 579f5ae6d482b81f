"""What a plan tells of how late a catastrophe is seen, against simulated promotions."""

from __future__ import annotations

import numpy as np
import pytest

from modeldeck.domain.gates import DEFAULT, Decision
from modeldeck.domain.gates.latency import slowed, tail_of
from modeldeck.domain.gates.measures import Measure, Measured
from modeldeck.domain.gates.outlook import collapse_seen, slowness_seen
from tests.bench.gates import CLIENTS, FASTAPI, Case, Growing, Version, heavy, light, row, skewed


@pytest.mark.parametrize(
    ("rate", "tail", "bounds"), [(0.5, light, FASTAPI), (0.5, skewed, CLIENTS), (1.0, heavy, CLIENTS), (2.0, heavy, FASTAPI)]
)
def test_a_version_ten_times_as_slow_is_undone_by_then(rate: float, tail: object, bounds: tuple[float, ...]) -> None:
    old = Version(tail=tail)
    case = Case("10 × as slow", rate, old, Version(tail=tail, slower=10.0), bounds=bounds)
    before = Growing(case, old, 1, np.random.default_rng(1))
    before.grow(DEFAULT.baseline)
    seconds = slowness_seen(DEFAULT, before.measured([0])[0], DEFAULT.baseline)
    assert seconds is not None
    looks = round((seconds - DEFAULT.warm_up) / DEFAULT.interval)
    found = row(case, 100, seed=3)
    assert found.share(Decision.STOP, looks) >= 0.93
    assert found.share(Decision.STOP, looks / 2) < 0.93


def test_half_of_the_requests_failing_is_undone_by_then() -> None:
    case = Case("half fail", 0.5, Version(errors=0.05), Version(errors=0.5))
    seconds = collapse_seen(DEFAULT, Measured(Measure(1800), Measure(90)), DEFAULT.baseline)
    assert seconds is not None
    assert row(case, 100).share(Decision.STOP, round((seconds - DEFAULT.warm_up) / DEFAULT.interval)) >= 0.93


def test_without_latency_nothing_is_told_of_slowness() -> None:
    assert slowness_seen(DEFAULT, Measured(Measure(1800), Measure(0)), DEFAULT.baseline) is None


def test_a_slowed_version_takes_longer_than_each_bound_as_the_older_one_took_than_a_part_of_it() -> None:
    old = ((0.1, 500.0), (1.0, 900.0), (10.0, 1000.0), (float("inf"), 1000.0))
    tail = tail_of(slowed(old, 10.0, 100.0, 0.0))
    assert tail.total == 100
    assert [round(many) for _, many in tail.points] == [50, 50, 10]
    assert tail_of(slowed(old, 10.0, 100.0, 2.0)).points[2][1] == pytest.approx(10 - 2 * 10**0.5, abs=0.1)
    assert slowed((), 10.0, 100.0, 0.0) == ()
    assert slowed(((1.0, -2.0), (float("inf"), -1.0)), 10.0, 100.0, 0.0) == (), "what counts down counts nothing"
