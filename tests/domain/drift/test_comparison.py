"""The verdict: never more than the counts can tell, and what is doubtful is said."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.drift.comparison import MOST_BUCKETS, Doubt, DriftVerdict, compare, flaw
from modeldeck.domain.gates.measures import Buckets

V = DriftVerdict


def buckets(*masses: int) -> Buckets:
    bounds = [*map(float, range(len(masses) - 1)), math.inf]
    return tuple(zip(bounds, map(float, accumulate(masses)), strict=True))


def doubts(new: Buckets, old: Buckets) -> list[Doubt]:
    return [one.doubt for one in compare(new, old).warnings]


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        ((25, 25, 25, 25), (25, 25, 25, 25), V.INSUFFICIENT),
        ((2500, 2500, 2500, 2500), (2500, 2500, 2500, 2500), V.LITTLE),
        ((3000, 2500, 2500, 2000), (2500, 2500, 2500, 2500), V.LITTLE),
        ((3600, 2500, 2500, 1400), (2500, 2500, 2500, 2500), V.MODERATE),
        ((5000, 2500, 1500, 1000), (2500, 2500, 2500, 2500), V.ACT),
        ((7, 1, 1, 1), (3, 3, 2, 2), V.INSUFFICIENT),
    ],
)
def test_the_verdict(new: tuple[int, ...], old: tuple[int, ...], verdict: DriftVerdict) -> None:
    found = compare(buckets(*new), buckets(*old))
    assert found.verdict is verdict
    assert (found.current, found.baseline, found.bins) == (sum(new), sum(old), 4)
    assert found.distances is not None
    assert found.noise is not None


@given(st.lists(st.integers(0, 3000), min_size=5, max_size=5), st.lists(st.integers(0, 3000), min_size=5, max_size=5))
def test_what_is_within_the_noise_is_never_called_drift(new: list[int], old: list[int]) -> None:
    found = compare(buckets(*new), buckets(*old))
    if found.distances is not None and found.noise is not None and found.distances.psi <= found.noise:
        assert found.verdict in (V.INSUFFICIENT, V.LITTLE)
        assert "within the noise" in found.message
    if found.verdict is V.ACT:
        assert found.distances is not None
        assert found.distances.psi > 0.25


def test_so_few_that_a_drift_could_not_have_been_seen_are_insufficient() -> None:
    """Of 10 bins, 100 values on each side hide a PSI of 0.1, 5,000 do not."""
    assert compare(buckets(*[10] * 10), buckets(*[10] * 10)).verdict is V.INSUFFICIENT
    assert compare(buckets(*[500] * 10), buckets(*[500] * 10)).verdict is V.LITTLE


def test_a_side_without_values() -> None:
    found = compare(buckets(0, 0, 0), buckets(10, 20, 30))
    assert (found.verdict, found.message, found.current, found.baseline) == (V.INSUFFICIENT, "no values in the window", 0, 60)
    assert compare(buckets(10, 20, 30), buckets(0, 0, 0)).message == "no values in the baseline"


def test_all_in_one_bucket_shows_nothing() -> None:
    found = compare(buckets(0, 500, 0), buckets(0, 500, 0))
    assert (found.verdict, found.noise) == (V.INSUFFICIENT, None)


def test_a_constant_output_and_a_bucket_that_hides() -> None:
    assert doubts(buckets(0, 995, 5), buckets(300, 400, 300)) == [Doubt.CONSTANT]
    assert doubts(buckets(0, 50, 0), buckets(15, 20, 15)) == [Doubt.BLIND], "50 values cannot show 99 %"
    assert doubts(buckets(25, 25, 25, 25), buckets(10, 10, 10, 70)) == [Doubt.BLIND], "of the baseline, too"
    assert doubts(buckets(25, 25, 25, 25), buckets(25, 25, 25, 25)) == []


def test_bounds_that_only_one_has_are_left_out_and_said() -> None:
    found = compare(((0.5, 10.0), (1.0, 20.0), (2.0, 30.0), (math.inf, 40.0)), ((1.0, 20.0), (2.0, 30.0), (math.inf, 40.0)))
    assert [one.doubt for one in found.warnings] == [Doubt.BLIND, Doubt.OTHER_BUCKETS]
    assert found.distances is not None
    assert found.distances.psi == 0.0


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ((), "no histogram"),
        (((1.0, 5.0),), "no +Inf bucket"),
        (((1.0, math.nan), (math.inf, 5.0)), "a bucket holds no number"),
        (((-math.inf, 0.0), (math.inf, 5.0)), "a bound is no number"),
        ((*((float(n), 1.0) for n in range(MOST_BUCKETS)), (math.inf, 1.0)), "more than 400 buckets"),
        (((5.0, 3.0), (math.inf, 5.0)), "no bucket in common but +Inf"),
    ],
)
def test_what_cannot_be_compared_is_said_and_is_no_verdict(one: Buckets, message: str) -> None:
    whole = buckets(1, 2, 3)
    for new, old in ((one, whole), (whole, one)):
        found = compare(new, old)
        assert (found.verdict, found.distances) == (V.UNKNOWN, None)
        assert message in found.message
    assert flaw(whole) is None
