"""How often the two p-values of an error ratio are wrong, counted out over everything that could come, at the edge of the margin."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.domain.gates.evidence import ceiling, rise

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
