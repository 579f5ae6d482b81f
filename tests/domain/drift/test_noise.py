"""The noise floor: exact quantiles, and how often samples without drift really stay below it."""

from __future__ import annotations

import math
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.drift.noise import chi_square_quantile, chi_square_tail, noise_floor
from modeldeck.domain.gates.drift import drift
from modeldeck.domain.gates.measures import Buckets


@pytest.mark.parametrize(
    ("quantile", "freedom", "value"),
    [(0.95, 1, 3.841459), (0.95, 2, 5.991465), (0.95, 9, 16.918978), (0.95, 10, 18.307038), (0.99, 20, 37.566235), (0.5, 3, 2.365974)],
)
def test_quantiles_as_tables_have_them(quantile: float, freedom: int, value: float) -> None:
    assert chi_square_quantile(quantile, freedom) == pytest.approx(value, rel=1e-6)


def test_of_very_many_bins_it_is_about_normal() -> None:
    assert chi_square_quantile(0.95, 399) == pytest.approx(399 * (1 - 2 / (9 * 399) + 1.6448536 * math.sqrt(2 / (9 * 399))) ** 3, rel=1e-4)


@given(st.floats(0, 200), st.integers(1, 100))
def test_the_tail_falls_from_one(value: float, freedom: int) -> None:
    assert 0 <= chi_square_tail(value + 1, freedom) <= chi_square_tail(value, freedom) + 1e-12 <= 1 + 1e-9
    assert chi_square_tail(0.0, freedom) == 1.0


def test_the_floor_is_of_both_samples() -> None:
    assert noise_floor(10, 200, 200) == pytest.approx(16.918978 / 100)
    assert noise_floor(10, 200, 1e12) == pytest.approx(16.918978 / 200)


@pytest.mark.parametrize(("bins", "current", "baseline"), [(1, 5, 5), (0, 5, 5), (5, 0, 5), (5, 5, 0)])
def test_nothing_to_tell_noise_by(bins: int, current: float, baseline: float) -> None:
    assert noise_floor(bins, current, baseline) is None


@pytest.mark.parametrize("count", [100, 500, 5000])
def test_about_one_sample_without_drift_in_twenty_is_above_the_floor(count: int) -> None:
    chance = random.Random(count)

    def sample() -> Buckets:
        masses = [0] * 10
        for place in chance.choices(range(10), k=count):
            masses[place] += 1
        return tuple(zip(map(float, range(10)), map(float, accumulate(masses)), strict=True))

    pairs = [drift(sample(), sample()) for _ in range(400)]
    above = sum(one is not None and one.psi > (noise_floor(one.bins, one.predictions, one.before) or 0.0) for one in pairs)
    assert 6 <= above <= 36, "20 are expected"
