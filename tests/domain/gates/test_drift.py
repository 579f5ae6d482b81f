"""PSI from buckets: known values, symmetry, and the noise floor against real samples without drift."""

from __future__ import annotations

import math
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates.drift import Drift, drift
from modeldeck.domain.gates.evidence import Evidence
from modeldeck.domain.gates.measures import Buckets
from modeldeck.domain.gates.statistics import normal_above


def buckets(masses: list[float]) -> Buckets:
    return tuple(zip([float(index) for index in range(len(masses))], accumulate(masses), strict=True))


def test_a_known_value() -> None:
    found = drift(buckets([100, 100]), buckets([150, 50]))
    assert found is not None
    q, p = (100.5 / 201, 100.5 / 201), (150.5 / 201, 50.5 / 201)
    assert found.psi == pytest.approx(sum((a - b) * math.log(a / b) for a, b in zip(q, p, strict=True)))
    assert (found.predictions, found.before, found.bins, found.largest) == (200, 200, 2, 0.75)


def test_only_common_bounds_and_bins_that_hold_something_count() -> None:
    finer: Buckets = ((0.0, 10.0), (0.5, 60.0), (1.0, 100.0), (2.0, 100.0), (math.inf, 100.0))
    coarser: Buckets = ((0.0, 10.0), (1.0, 100.0), (math.inf, 100.0))
    found = drift(finer, coarser)
    assert found is not None
    assert (found.psi, found.bins) == (0.0, 2)


def test_nothing_to_compare() -> None:
    assert drift((), buckets([5.0])) is None
    assert drift(((0.5, 5.0),), ((1.0, 5.0),)) is None
    assert drift(buckets([0.0, 0.0]), buckets([1.0, 1.0])) is None


def test_a_bucket_that_lost_samples_is_empty() -> None:
    found = drift(((0.0, 50.0), (1.0, 40.0), (2.0, 100.0)), buckets([50, 0, 50]))
    assert found is not None
    assert found.psi == 0.0


MASSES = st.lists(st.integers(0, 2000), min_size=5, max_size=5)


@given(MASSES, MASSES)
def test_it_is_never_negative_and_the_same_both_ways(one: list[float], other: list[float]) -> None:
    there, back = drift(buckets(one), buckets(other)), drift(buckets(other), buckets(one))
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.psi >= 0
        assert there.psi == pytest.approx(back.psi)


@given(MASSES)
def test_a_version_has_not_drifted_from_itself(masses: list[float]) -> None:
    found = drift(buckets(masses), buckets(masses))
    assert found is None or found.psi == 0.0


def test_one_bin_tells_nothing() -> None:
    found = drift(buckets([50.0]), buckets([50.0]))
    assert found is not None
    assert (found.evidence(0.1, 1.0).beyond, found.evidence(0.1, 1.0).within, found.evidence(0.1, 1.0).blind) == (1.0, 1.0, True)


def test_what_was_never_seen_tells_nothing() -> None:
    found = drift(buckets([50.0, 50.0]), buckets([90.0, 10.0]))
    assert found is not None
    assert (found.evidence(0.1, 0.0).beyond, found.evidence(0.1, 0.0).within) == (1.0, 1.0)


@pytest.mark.parametrize("count", [100, 500, 5000])
def test_without_drift_hardly_anything_looks_like_it(count: int) -> None:
    chance = random.Random(count)

    def sample() -> Buckets:
        masses = [0.0] * 10
        for _ in range(count):
            masses[chance.randrange(10)] += 1
        return buckets(masses)

    found = [evidence.evidence(0.1, 1.0) for _ in range(200) if (evidence := drift(sample(), sample())) is not None]
    assert sum(one.beyond < 0.01 for one in found) <= 4
    assert (sum(one.within < 0.01 for one in found) > 190) == (count == 5000), "few predictions exclude nothing"


@pytest.mark.parametrize(("new", "old", "counted"), [(200, 200, 100), (200, 600, 150), (600, 300, 200)])
def test_two_bins_are_one_degree_of_freedom_of_as_many_as_both_sides_tell_together(new: float, old: float, counted: float) -> None:
    """With one degree of freedom the noncentral χ² is the square of a normal, and its tail is known exactly."""
    found = drift(buckets([new / 2, new / 2]), buckets([0.65 * old, 0.35 * old]))
    assert found is not None
    root, shift = math.sqrt(found.psi * counted), math.sqrt(0.1 * counted)
    exact = normal_above(root - shift) + normal_above(root + shift)
    assert found.evidence(0.1, 1.0).beyond == pytest.approx(exact, rel=0.03)
    assert found.evidence(0.1, 1.0).within == pytest.approx(1 - exact, rel=0.03)


def test_a_bin_counts_where_either_side_holds_something_in_it() -> None:
    found = drift(buckets([50, 0, 50, 0]), buckets([0, 50, 50, 0]))
    assert found is not None
    assert (found.bins, found.largest) == (3, 0.5)


def test_what_is_counted_is_what_both_sides_tell_together() -> None:
    """Half as much of a shift in twice as many predictions tells as much; and what was not seen was not counted."""
    one = Drift(0.4, 1, 1, 3, 0.5)
    assert one.evidence(0.2, 1.0) == Drift(0.2, 2, 2, 3, 0.5).evidence(0.1, 1.0)
    assert Drift(0.4, 10, 5, 3, 0.5).evidence(0.2, 0.5) == Drift(0.4, 5, 5, 3, 0.5).evidence(0.2, 1.0)
    assert Drift(0.4, 5, 10, 3, 0.5).evidence(0.2, 1.0) == Drift(0.4, 10, 5, 3, 0.5).evidence(0.2, 1.0)
    assert not one.evidence(0.2, 1.0).blind
    assert one.evidence(0.2, 1.0).beyond < 1.0


@pytest.mark.parametrize(("predictions", "before", "seen"), [(0, 5, 1.0), (5, 0, 1.0), (5, 5, 0.0)])
def test_a_side_without_predictions_decides_nothing(predictions: int, before: int, seen: float) -> None:
    assert Drift(0.4, predictions, before, 3, 0.5).evidence(0.2, seen) == Evidence(1.0, 1.0)
    assert Drift(0.0, predictions, before, 1, 1.0).evidence(0.2, seen).blind
