"""From answers to counts: what is missing or no number is told, and is never 0."""

from __future__ import annotations

import math

import pytest

from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.objectives.burn import Count
from modeldeck.domain.objectives.counting import SlowCount, Uncountable, failed_count, is_exact, slow_count

PROFILE = Profile("one", (), latency=("took",), requests=(Counter("asked"),), errors=(Counter("failed"),))
APART = Profile("apart", (), requests=(Counter("good"),), errors=(Counter("failed"),), errors_apart=True)
BLIND = Profile("blind", (), requests=(Counter("asked"),), errors=(Counter("failed", blind_to="what a model returns"),))
NONE = Vector(())


def one(value: float, *warnings: str) -> Vector:
    return Vector((Sample({}, 0.0, value),), warnings)


@pytest.mark.parametrize(
    ("profile", "requests", "failed", "begun", "found"),
    [
        (PROFILE, one(100), one(5), one(2), Count(100, 5, 2)),
        (PROFILE, one(100), NONE, NONE, Count(100, 0)),
        (PROFILE, one(100), one(5), None, Count(100, 5)),
        (PROFILE, one(100), one(101), NONE, Count(100, 100)),
        (PROFILE, one(0), NONE, NONE, Count(0, 0)),
        (PROFILE, NONE, NONE, NONE, None),
        (PROFILE, NONE, one(5), NONE, None),
        (APART, one(100), one(5), NONE, Count(105, 5)),
        (APART, NONE, one(5), NONE, Count(5, 5)),
        (APART, one(100), NONE, NONE, Count(100, 0)),
        (APART, NONE, NONE, NONE, None),
        (BLIND, one(100), one(5), NONE, Count(100, 5, None)),
        (PROFILE, one(100, "a store is away"), one(5), NONE, Count(100, 5, partial=True)),
        (PROFILE, one(100), one(5), one(0, "a store is away"), Count(100, 5, partial=True)),
        (PROFILE, one(100, 'metric might not be a counter, name does not end in _total: "asked"'), one(5), NONE, Count(100, 5)),
    ],
)
def test_failed_requests(profile: Profile, requests: Vector, failed: Vector, begun: Vector | None, found: Count | None) -> None:
    assert failed_count(profile, requests, failed, begun) == found


@pytest.mark.parametrize("wrong", [one(math.nan), one(math.inf), Vector((*one(1).samples, *one(2).samples))])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_number_is_told(wrong: Vector, place: int) -> None:
    answers = [one(100), one(5), one(2)]
    answers[place] = wrong
    assert isinstance(failed_count(PROFILE, *answers), Uncountable)


def buckets(**pods: dict[str, float]) -> Vector:
    return Vector(tuple(Sample({"pod": pod, "le": le}, 0.0, value) for pod, found in pods.items() for le, value in found.items()))


FINE = {"0.1": 80.0, "0.25": 95.0, "1": 99.0, "+Inf": 100.0}


@pytest.mark.parametrize(
    ("below", "found"),
    [
        (0.25, SlowCount(Count(100, 5), 0.25)),
        (0.3, SlowCount(Count(100, 5), 0.25)),
        (0.1, SlowCount(Count(100, 20), 0.1)),
        (5.0, SlowCount(Count(100, 1), 1.0)),
    ],
)
def test_slow_requests_are_told_by_a_bound_that_there_is(below: float, found: SlowCount) -> None:
    assert slow_count(PROFILE, buckets(a=FINE), below) == found


def test_below_the_lowest_bound_nothing_can_be_told() -> None:
    found = slow_count(PROFILE, buckets(a=FINE), 0.05)
    assert found == Uncountable("no bucket of the histogram ends at or below 50 ms: the lowest ends at 100 ms")


def test_only_bounds_that_all_pods_have_count() -> None:
    found = slow_count(PROFILE, buckets(a=FINE, b={"0.1": 10.0, "1": 90.0, "+Inf": 100.0}), 0.25)
    assert found == SlowCount(Count(200, 110), 0.1)
    assert isinstance(slow_count(PROFILE, buckets(a={"0.1": 1.0, "+Inf": 1.0}, b={"0.2": 1.0, "+Inf": 1.0}), 0.25), Uncountable)


def test_units_and_spellings_of_a_bound_are_one() -> None:
    profile = Profile("ms", (), latency=("took",), latency_scale=1e-3)
    found = slow_count(profile, buckets(a={"250": 90.0, "250.0": 5.0, "+Inf": 100.0}), 0.25)
    assert found == SlowCount(Count(100, 5), 0.25)
    assert is_exact(250 * 1e-3, 0.25)
    assert not is_exact(0.2499, 0.25)


def test_answers_without_what_is_needed() -> None:
    assert slow_count(PROFILE, NONE, 0.25) is None
    for wrong in (buckets(a={"0.25": 5.0}), buckets(a={**FINE, "0.25": math.nan}), buckets(a={"x": 1.0, "+Inf": 1.0})):
        assert isinstance(slow_count(PROFILE, wrong, 0.25), Uncountable)


def test_a_bucket_that_says_more_than_all_is_all() -> None:
    assert slow_count(PROFILE, buckets(a={"0.25": 101.0, "+Inf": 100.0}), 0.25) == SlowCount(Count(100, 0), 0.25)
