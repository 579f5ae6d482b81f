"""A p99 against a bound, from buckets."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.gates.latency import P99, by_chance, p99_of, slower
from tui.domain.gates.measures import Buckets

HUNDRED: Buckets = ((0.1, 90.0), (0.2, 100.0), (math.inf, 100.0))


def test_p99() -> None:
    assert p99_of(HUNDRED) == P99(pytest.approx(0.19), 100)  # type: ignore[arg-type]
    assert p99_of(((0.1, 90.0), (math.inf, 100.0))) == P99(0.1, 100, beyond=True)
    assert p99_of(((0.1, 0.0), (math.inf, 0.0))) == P99(None, 0)


@pytest.mark.parametrize(("bound", "count"), [(0.0, 100), (0.05, 55), (0.1, 10), (0.15, 5), (0.2, 0), (9.0, 0)])
def test_how_many_were_slower(bound: float, count: int) -> None:
    assert slower(HUNDRED, bound) == count


def test_what_is_beyond_the_last_bound_was_slower() -> None:
    assert slower(((0.1, 90.0), (math.inf, 100.0)), 5.0) == 10


def test_chance() -> None:
    assert by_chance(HUNDRED, 0.2, 100) == 1.0
    assert by_chance(HUNDRED, 0.15, 100) == pytest.approx(0.0034323, rel=1e-4)


MASSES = st.lists(st.floats(0, 1e4), min_size=2, max_size=10)


@given(MASSES, st.floats(0, 20), st.floats(0, 20))
def test_fewer_are_slower_than_a_higher_bound(masses: list[float], one: float, other: float) -> None:
    bounds = [0.01 * 2**i for i in range(len(masses) - 1)] + [math.inf]
    buckets = tuple(zip(bounds, accumulate(masses), strict=True))
    low, high = sorted((one, other))
    assert 0 <= slower(buckets, high) <= slower(buckets, low) <= round(buckets[-1][1])


@given(MASSES, st.floats(0.001, 20))
def test_about_one_percent_is_slower_than_the_p99(masses: list[float], bound: float) -> None:
    bounds = [0.01 * 2**i for i in range(len(masses) - 1)] + [math.inf]
    buckets = tuple(zip(bounds, accumulate(masses), strict=True))
    found = p99_of(buckets)
    if found.seconds is not None and not found.beyond:
        assert slower(buckets, found.seconds) == pytest.approx(0.01 * buckets[-1][1], abs=1)
