"""A p99 against a bound, from buckets: what they tell, and what they do not."""

from __future__ import annotations

import math
import random
import statistics
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates.evidence import NONE
from modeldeck.domain.gates.latency import P99, LatencyTail, against, compared, p99_of, tail_of
from modeldeck.domain.gates.measures import Buckets

HUNDRED: Buckets = ((0.1, 90.0), (0.2, 100.0), (math.inf, 100.0))
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


def pareto(total: float, slower: float = 1.0, bounds: tuple[float, ...] = BOUNDS) -> Buckets:
    """As many as are to be expected of a tail that is a straight line in logarithms: 2 % take longer than 100 ms, p99 141 ms."""
    above = [total * min(1.0, 0.02 * (0.1 * slower / bound) ** 2) for bound in bounds]
    return (*((bound, total - count) for bound, count in zip(bounds, above, strict=True)), (math.inf, total))


def test_p99() -> None:
    assert p99_of(HUNDRED) == P99(pytest.approx(0.19), 100)  # type: ignore[arg-type]
    assert p99_of(((0.1, 90.0), (math.inf, 100.0))) == P99(0.1, 100, beyond=True)
    assert p99_of(((0.1, 0.0), (math.inf, 0.0))) == P99(None, 0)


def test_what_lies_between_two_bounds_is_known_from_both_sides() -> None:
    tail = tail_of(pareto(100_000))
    exact = 100_000 * 0.02 * (0.1 / 0.15) ** 2
    assert tail.at_least(0.15)[0] == pytest.approx(exact, rel=0.01)
    assert tail.at_most(0.15) > exact
    thin = tail_of(((0.1, 900.0), (1.0, 1000.0), (math.inf, 1000.0))).at_least(0.5)
    assert thin[1] < thin[0] / 2, "where it rests on a bucket that held nothing, it is hardly known"
    assert tail.longer(0.1) == pytest.approx(2000)
    assert tail.longer(0.15) == pytest.approx(320)
    assert tail.at_most(9.0) == tail.longer(2.5)
    assert tail.at_least(9.0) == (0.0, 0.0)


def test_a_bucket_that_lost_samples_holds_none() -> None:
    assert tail_of(((0.1, 50.0), (0.2, 40.0), (math.inf, 100.0))) == LatencyTail(100.0, ((0.1, 50.0), (0.2, 50.0)))


@pytest.mark.parametrize(("slower", "beyond", "within"), [(1.0, False, True), (1.4, False, False), (3.0, True, False), (10.0, True, False)])
def test_compared(slower: float, beyond: bool, within: bool) -> None:
    found = compared(pareto(20_000, slower), pareto(20_000), 1.5, 1.0)
    assert (found.beyond < 0.001, found.within < 0.001, found.blind) == (beyond, within, False)


def test_few_requests_decide_nothing_but_a_catastrophe() -> None:
    assert compared(pareto(300), pareto(20_000), 1.5, 1.0).within > 0.01
    assert compared(pareto(40, 20.0), pareto(20_000), 1.5, 1.0).beyond < 1e-6
    assert compared(pareto(40, 20.0), pareto(20_000), 1.5, 0.0).beyond == 1.0, "what was never seen"


def test_buckets_that_are_too_coarse_never_pass_and_say_so() -> None:
    """Hardly any take longer than 1 s, nearly all longer than 100 ms: where the p99 is in between, nobody knows."""
    blunt: Buckets = ((0.1, 20_000.0), (1.0, 99_990.0), (math.inf, 100_000.0))
    found = compared(blunt, blunt, 1.5, 1.0)
    assert found.blind
    assert found.within == 1.0
    assert found.beyond > 0.01
    all_in_the_first: Buckets = ((1.0, 100_000.0), (math.inf, 100_000.0))
    assert compared(all_in_the_first, all_in_the_first, 1.5, 1.0).blind
    slow: Buckets = ((0.1, 1_000.0), (1.0, 50_000.0), (math.inf, 100_000.0))
    assert compared(slow, blunt, 1.5, 1.0).beyond < 1e-9


def test_of_few_requests_the_buckets_are_not_to_blame() -> None:
    few: Buckets = ((0.1, 3.0), (0.25, 4.0), (math.inf, 4.0))
    assert not compared(few, few, 1.5, 1.0).blind


def test_a_few_requests_beyond_what_hardly_any_reached_show_a_catastrophe() -> None:
    """Three of three over a quarter of a second: at the bound that it passes by, one in five takes as long by the straight line."""
    before: Buckets = ((0.05, 12_100.0), (0.1, 17_400.0), (0.25, 17_998.0), (1.0, 18_000.0), (math.inf, 18_000.0))
    slow: Buckets = ((0.05, 0.0), (0.1, 0.0), (0.25, 0.0), (1.0, 3.0), (math.inf, 3.0))
    assert compared(slow, before, 1.5, 1.0).beyond < 0.001


def test_histograms_without_a_common_bound_tell_nothing() -> None:
    found = compared(((0.3, 5.0), (math.inf, 9.0)), HUNDRED, 1.5, 1.0)
    assert (found.beyond, found.within, found.blind) == (1.0, 1.0, True)


def test_a_p99_beyond_the_last_bound_is_not_known_to_be_near() -> None:
    ended: Buckets = ((0.1, 5_000.0), (1.0, 9_000.0), (math.inf, 10_000.0))
    assert compared(ended, ended, 1.5, 1.0).within > 0.01


@pytest.mark.parametrize(("ceiling", "beyond", "within"), [(0.1, True, False), (0.25, False, True), (0.5, False, True)])
def test_against_a_ceiling(ceiling: float, beyond: bool, within: bool) -> None:
    found = against(pareto(20_000), ceiling, 1.0)
    assert (found.beyond < 0.001, found.within < 0.001) == (beyond, within)


def test_a_ceiling_within_a_bucket_may_not_be_told() -> None:
    found = against(pareto(1_000_000), 0.15, 1.0)
    assert found.blind
    assert min(found.beyond, found.within) > 0.01


MASSES = st.lists(st.floats(0, 1e4), min_size=2, max_size=10)


@given(MASSES, st.floats(0.001, 20), st.floats(0.001, 20))
def test_fewer_take_longer_the_longer_it_is(masses: list[float], one: float, other: float) -> None:
    bounds = [0.01 * 2**i for i in range(len(masses) - 1)] + [math.inf]
    tail = tail_of(tuple(zip(bounds, accumulate(masses), strict=True)))
    low, high = sorted((one, other))
    assert tail.at_most(high) <= tail.at_most(low) + 1e-6
    assert tail.at_least(high)[0] <= tail.at_least(low)[0] + 0.5 + 1e-6
    assert tail.at_least(low)[0] <= tail.at_most(low) + 0.5 + 1e-6


@given(MASSES, MASSES, st.floats(1.01, 10), st.floats(0, 1))
def test_no_histogram_makes_a_version_fail_against_itself(masses: list[float], other: list[float], most: float, seen: float) -> None:
    bounds = [0.01 * 2**i for i in range(len(masses) - 1)] + [math.inf]
    same = tuple(zip(bounds, accumulate(masses), strict=True))
    assert compared(same, same, most, seen).beyond > 0.2
    found = compared(
        same, tuple(zip([0.01 * 2**i for i in range(len(other) - 1)] + [math.inf], accumulate(other), strict=True)), most, seen
    )
    assert 0 <= found.beyond <= 1
    assert 0 <= found.within <= 1


def test_what_lies_between_two_bounds_is_as_noisy_as_it_says() -> None:
    """Of many services with the same tail: how far what is worked out is off, and how far a count of so many would be."""
    chance, between, low = random.Random(1), 1900.0, 100.0
    found = [
        LatencyTail(1e5, ((0.1, above + below), (0.2, below))).at_least(0.15)[0]
        for above, below in ((chance.gauss(between, math.sqrt(between)), chance.gauss(low, math.sqrt(low))) for _ in range(20_000))
    ]
    noise = statistics.variance(map(math.log, found))
    assert LatencyTail(1e5, ((0.1, between + low), (0.2, low))).at_least(0.15)[1] == pytest.approx(1 / noise, rel=0.05)


@pytest.mark.parametrize(("share", "blind"), [(0.095, False), (0.105, True)])
def test_what_is_slower_than_a_p90_says_nothing_of_the_p99(share: float, blind: bool) -> None:
    counts: Buckets = ((0.1, 1e6 * (1 - share)), (0.2, 1e6 * (1 - share)), (math.inf, 1e6))
    assert compared(counts, counts, 2.0, 1.0).blind is blind


@pytest.mark.parametrize(("slowest", "passes"), [(2.0, True), (60.0, True), (600.0, False)])
def test_where_the_bound_is_a_lower_quantile_passing_needs_the_next_bound_too(slowest: float, passes: bool) -> None:
    """A fifth of the older version's take longer than 50 ms, a fiftieth longer than 100, hardly any longer than 400."""
    old: Buckets = ((0.05, 80_000.0), (0.1, 98_000.0), (0.4, 99_990.0), (math.inf, 100_000.0))
    new: Buckets = ((0.05, 16_000.0), (0.1, 19_000.0), (0.4, 20_000.0 - slowest), (math.inf, 20_000.0))
    assert (compared(new, old, 2.0, 1.0).within < 1e-4) is passes


def test_what_was_half_seen_decides_half_as_surely() -> None:
    whole = [compared(pareto(n), pareto(20_000), 1.5, 1.0) for n in (4000, 8000)]
    half = compared(pareto(8000), pareto(20_000), 1.5, 0.5)
    assert half.within == pytest.approx(whole[0].within, rel=0.2)
    assert half.within > 10 * whole[1].within
    slow = [compared(pareto(n, 3.0), pareto(20_000), 1.5, 1.0) for n in (300, 600)]
    assert compared(pareto(600, 3.0), pareto(20_000), 1.5, 0.5).beyond == pytest.approx(slow[0].beyond, rel=0.5)
    assert against(pareto(8000), 0.25, 0.5).within == pytest.approx(against(pareto(4000), 0.25, 1.0).within, rel=0.5)
    assert against(pareto(8000), 0.1, 0.5).beyond == pytest.approx(against(pareto(4000), 0.1, 1.0).beyond, rel=0.5)


def test_the_straight_lines_between_bounds() -> None:
    tail = LatencyTail(1000.0, ((0.1, 200.0), (0.4, 50.0)))
    assert [tail.at_most(seconds) for seconds in (0.0, 0.05, 0.1, 0.25, 0.4, 1.0)] == pytest.approx([1000, 600, 200, 125, 50, 50])
    assert [tail.longer(seconds) for seconds in (0.05, 0.1, 0.2, 0.4, 0.5)] == [200.0, 200.0, 50.0, 50.0, 0.0]
    assert tail.at_least(0.05) == (200.0, 200.0), "below the first bound no logarithm is known"
    found, counted = tail.at_least(0.2)
    assert found == pytest.approx(math.sqrt(200.5 * 50.5))
    assert counted == found, "it is no surer than so many that are counted"
    assert tail.at_least(0.4)[0] == pytest.approx(50.5)
    assert tail.at_least(0.4)[1] == pytest.approx(50.5), "at a bound it is as noisy as what is counted there"


def test_only_finite_bounds_above_nothing_are_of_a_tail() -> None:
    buckets: Buckets = ((-1.0, 0.0), (0.0, 5.0), (0.1, 60.0), (0.2, 90.0), (math.inf, 100.0))
    assert tail_of(buckets) == LatencyTail(100.0, ((0.1, 40.0), (0.2, 10.0)))
    assert tail_of(buckets, {0.2, math.inf}) == LatencyTail(100.0, ((0.2, 10.0),))
    assert tail_of(()) == LatencyTail(0.0, ())


def test_a_p99_among_few_requests_and_at_the_end_of_the_buckets() -> None:
    assert p99_of(((0.1, 99.0), (math.inf, 100.0))) == P99(0.1, 100)
    assert p99_of(((0.1, 98.9), (math.inf, 100.0))) == P99(0.1, 100, beyond=True)


def test_nothing_counted_on_either_side_tells_nothing() -> None:
    empty: Buckets = ((0.1, 0.0), (0.2, 0.0), (math.inf, 0.0))
    assert compared(empty, HUNDRED, 1.5, 1.0) == compared(HUNDRED, empty, 1.5, 1.0) == NONE
    assert compared((), HUNDRED, 1.5, 1.0) == compared(((math.inf, 9.0),), ((math.inf, 9.0),), 1.5, 1.0) == NONE


@pytest.mark.parametrize(("requests", "blind"), [(900, False), (1100, True)])
def test_buckets_are_to_blame_once_ten_slow_requests_were_to_be_expected(requests: float, blind: bool) -> None:
    buckets: Buckets = ((0.1, 0.9 * requests), (0.2, requests), (math.inf, requests))
    assert against(buckets, 0.15, 1.0).blind is blind
    coarse: Buckets = ((1.0, requests), (math.inf, requests))
    assert compared(coarse, coarse, 1.5, 1.0).blind is blind


@pytest.mark.parametrize("ceiling", [0.1, 0.2, 0.5])
def test_a_ceiling_that_a_bound_tells_is_none_that_the_buckets_are_to_blame_for(ceiling: float) -> None:
    assert not against(((0.1, 9e4), (0.2, 1e5), (math.inf, 1e5)), ceiling, 1.0).blind
