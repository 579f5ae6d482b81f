"""The four measures against plain reference implementations, and as what they are: PSI symmetric, the others metrics."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.drift.distances import Distances, distances
from modeldeck.domain.gates.drift import CommonBins, common_bins
from modeldeck.domain.gates.measures import Buckets

BOUNDS = (-1.0, 0.5, 1.0, 4.0, math.inf)
POSITIVE = (0.5, 1.0, 4.0, 5.0, math.inf)


def buckets(masses: tuple[int, ...], bounds: tuple[float, ...] = BOUNDS) -> Buckets:
    return tuple(zip(bounds, map(float, accumulate(masses)), strict=True))


def between(new: tuple[int, ...], old: tuple[int, ...], bounds: tuple[float, ...] = BOUNDS) -> Distances:
    bins = common_bins(buckets(new, bounds), buckets(old, bounds))
    assert bins is not None
    return distances(bins)


MASSES = st.tuples(*[st.integers(0, 2000)] * 5).filter(any)


def reference(new: tuple[int, ...], old: tuple[int, ...], bounds: tuple[float, ...]) -> tuple[float, float, float | None]:
    """KS, JS and Wasserstein on points: each bin's values spread evenly over 200 points, the tails at the bounds that are known."""
    edges = [0.0 if bounds[0] > 0 else bounds[0], *bounds[:-1]]
    grid, masses = [], ([], [])  # type: ignore[var-annotated]
    for low, high, a, b in zip(edges, [*bounds[:-1], bounds[-2]], new, old, strict=True):
        points = np.linspace(low, high, 200, endpoint=False) + (high - low) / 400
        grid += list(points)
        masses[0].extend([a / 200] * 200)
        masses[1].extend([b / 200] * 200)
    places, q, p = np.array(grid), np.array(masses[0]) / sum(new), np.array(masses[1]) / sum(old)
    area = float(np.sum(np.abs(np.cumsum(q) - np.cumsum(p))[:-1] * np.diff(places)))
    deviation = math.sqrt(float(np.sum(p * places**2) - np.sum(p * places) ** 2)) if np.ptp(places[p > 0]) > 0 else 0.0
    shares_q, shares_p = np.array(new) / sum(new), np.array(old) / sum(old)
    middle = (shares_q + shares_p) / 2

    def entropy(shares: object) -> float:
        values = np.array(shares)
        return float(-np.sum(values[values > 0] * np.log2(values[values > 0])))

    divergence = entropy(middle) - (entropy(shares_q) + entropy(shares_p)) / 2
    ks = float(np.max(np.abs(np.cumsum(shares_q) - np.cumsum(shares_p))))
    return ks, math.sqrt(max(0.0, divergence)), area / deviation if deviation > 0 else None


@given(MASSES, MASSES, st.sampled_from([BOUNDS, POSITIVE]))
def test_as_a_plain_computation_on_points_has_it(new: tuple[int, ...], old: tuple[int, ...], bounds: tuple[float, ...]) -> None:
    found, (ks, js, wasserstein) = between(new, old, bounds), reference(new, old, bounds)
    assert found.ks == pytest.approx(ks, abs=1e-9)
    assert found.js == pytest.approx(js, abs=1e-6)
    assert (found.wasserstein is None) == (wasserstein is None)
    if found.wasserstein is not None:
        assert found.wasserstein == pytest.approx(wasserstein, abs=0.02, rel=0.02)


@given(MASSES, MASSES)
def test_psi_is_the_sum_over_the_filled_bins_with_half_a_value_in_each(new: tuple[int, ...], old: tuple[int, ...]) -> None:
    pairs = [(a, b) for a, b in zip(new, old, strict=True) if a or b]
    q = [(a + 0.5) / (sum(new) + len(pairs) / 2) for a, _ in pairs]
    p = [(b + 0.5) / (sum(old) + len(pairs) / 2) for _, b in pairs]
    assert between(new, old).psi == pytest.approx(sum((a - b) * math.log(a / b) for a, b in zip(q, p, strict=True)), abs=1e-12)


@given(MASSES)
def test_equal_ones_do_not_lie_apart(masses: tuple[int, ...]) -> None:
    found = between(masses, masses)
    assert (found.psi, found.ks, found.js) == (0.0, 0.0, 0.0)
    assert found.wasserstein in (0.0, None)


@given(MASSES, MASSES)
def test_they_are_the_same_both_ways_and_within_their_bounds(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    there, back = between(one, other), between(other, one)
    assert (there.psi, there.ks, there.js) == pytest.approx((back.psi, back.ks, back.js))
    assert there.psi >= 0
    assert 0 <= there.ks <= 1
    assert 0 <= there.js <= 1
    assert there.wasserstein is None or there.wasserstein >= 0


@given(MASSES, MASSES, MASSES)
def test_no_way_round_is_shorter(one: tuple[int, ...], other: tuple[int, ...], third: tuple[int, ...]) -> None:
    direct, first, second = between(one, third), between(one, other), between(other, third)
    assert direct.ks <= first.ks + second.ks + 1e-9
    assert direct.js <= first.js + second.js + 1e-6


def test_the_farthest_there_is() -> None:
    found = between((10, 0, 0, 0, 0), (0, 0, 0, 0, 10))
    assert (found.ks, found.js) == (1.0, 1.0)


def test_known_values_of_the_area() -> None:
    """All values in (0, 1] against all in (1, 2]: each moved by 1, and an even spread over a width of 1 deviates by 1/√12."""
    found = between((8, 0, 0), (0, 8, 0), (1.0, 2.0, math.inf))
    assert found.wasserstein == pytest.approx(math.sqrt(12))
    crossing = between((4, 0, 4), (0, 8, 0), (1.0, 2.0, math.inf))
    # The difference goes to +0.5 over the first bin, from there to −0.5 over the second: 0.25 each.
    assert crossing.wasserstein == pytest.approx(0.5 * math.sqrt(12))


@pytest.mark.parametrize(
    ("masses", "bounds"),
    [
        ((0, 5), (1.0, math.inf)),
        ((5,), (math.inf,)),
        ((5, 0), (-1.0, math.inf)),
        ((5, 5, 5), (-1e308, 1e308, math.inf)),
        ((5, 5), (1e200, math.inf)),
    ],
)
def test_without_a_spread_or_with_absurd_bounds_there_is_no_area_in_deviations(masses: tuple[int, ...], bounds: tuple[float, ...]) -> None:
    assert between(masses, tuple(reversed(masses))[: len(masses)] if len(masses) == 3 else masses, bounds).wasserstein is None


def test_a_histogram_without_its_last_bucket_is_measured_as_far_as_it_goes() -> None:
    bins = CommonBins((1.0, 2.0), (8.0, 0.0), (0.0, 8.0))
    assert distances(bins).wasserstein == pytest.approx(math.sqrt(12))
