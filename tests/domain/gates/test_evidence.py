"""How often the two p-values of an error ratio are wrong, counted out over everything that could come, at the edge of the margin."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeldeck.domain.gates.evidence import NONE, Evidence, ceiling, rise
from modeldeck.domain.gates.judgement import GateVerdict
from modeldeck.domain.gates.looks import Levels
from modeldeck.domain.gates.statistics import rate_at_least, rate_at_most

FEW = st.integers(1, 16)
RATIOS = st.floats(0.005, 0.3)
SURE = st.sampled_from([0.003, 0.01, 0.1])


def chances(total: int, ratio: float) -> list[float]:
    return [math.comb(total, count) * ratio**count * (1 - ratio) ** (total - count) for count in range(total + 1)]


@given(st.integers(1, 300), RATIOS, SURE)
def test_a_ceiling_is_wrong_no_more_often_than_it_says(requests: int, most: float, sure: float) -> None:
    found = [(chance, ceiling(failed, requests, most)) for failed, chance in enumerate(chances(requests, most))]
    assert sum(chance for chance, each in found if each.beyond <= sure) <= sure * (1 + 1e-6)
    assert sum(chance for chance, each in found if each.within <= sure) <= sure * (1 + 1e-6)


@settings(max_examples=40)
@given(FEW, FEW, RATIOS, st.floats(1.1, 3.0), RATIOS, SURE)
def test_a_rise_is_wrong_no_more_often_than_it_says_with_the_noise_of_both(
    requests: int, before: int, base: float, times: float, tolerated: float, sure: float
) -> None:
    edge = max(times * base, tolerated)
    new, old = chances(requests, edge), chances(before, base)
    beyond = within = 0.0
    for failed_before, chance_before in enumerate(old):
        for failed, chance in enumerate(new):
            found = rise(failed, requests, failed_before, before, times, tolerated)
            beyond += chance * chance_before * (found.beyond <= sure)
            within += chance * chance_before * (found.within <= sure)
    assert beyond <= sure
    assert within <= sure


@pytest.mark.parametrize(("requests", "before"), [(8, 60), (15, 200), (20, 200), (30, 60)])
def test_either_of_both_is_wrong_hardly_more_often_where_their_edges_are_the_same(requests: int, before: int) -> None:
    """Ten percent, twice five: why they have one part of what may be wrong (looks). At the level of the second look."""
    wrong, sure = 0.0, 0.003
    new, old = chances(requests, 0.1), chances(before, 0.05)
    for failed_before, chance_before in enumerate(old):
        for failed, chance in enumerate(new):
            found = (ceiling(failed, requests, 0.1), rise(failed, requests, failed_before, before, 2.0, 0.01))
            wrong += chance * chance_before * any(each.beyond <= sure for each in found)
    assert wrong <= 1.15 * sure


def test_what_tells_nothing_decides_nothing_however_little_is_asked() -> None:
    assert (NONE.beyond, NONE.within, NONE.blind) == (1.0, 1.0, True)
    assert NONE.verdict(Levels(0.99, 0.99)) is GateVerdict.INSUFFICIENT


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Evidence(0.01, 1.0), GateVerdict.FAIL),
        (Evidence(0.011, 0.02), GateVerdict.PASS),
        (Evidence(0.011, 0.021), GateVerdict.INSUFFICIENT),
        (Evidence(0.01, 0.02), GateVerdict.FAIL),
        (Evidence(0.011, 0.02, blind=True), GateVerdict.INSUFFICIENT),
        (Evidence(0.01, 1.0, blind=True), GateVerdict.FAIL),
    ],
)
def test_evidence_decides_from_its_level_on(found: Evidence, verdict: GateVerdict) -> None:
    assert found.verdict(Levels(passing=0.02, failing=0.01)) is verdict


def test_within_is_only_what_the_older_versions_errors_allow() -> None:
    """Four of a thousand, twice of which is less than the tolerated one percent: the ceiling; of six, twice that is the edge."""
    few, many = rise(0, 500, 4, 1000, 2.0, 0.01), rise(0, 500, 6, 1000, 2.0, 0.01)
    assert few.within == ceiling(0, 500, 0.01).within
    assert rise(0, 500, 5, 1000, 2.0, 0.01).within == ceiling(0, 500, 0.01).within
    assert many.within == rate_at_most(0, 500, 6, 1000, 2.0)
    assert rise(30, 500, 6, 1000, 2.0, 0.01).beyond == rate_at_least(30, 500, 6, 1000, 2.0)
    assert rise(10, 500, 1, 100_000, 2.0, 0.01).beyond == ceiling(10, 500, 0.01).beyond
