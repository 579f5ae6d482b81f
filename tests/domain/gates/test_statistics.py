"""The tests that gates decide by: against values of SciPy 1.17 (`binom`, `chi2`, `ncx2`, `norm`), and by their properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates.statistics import (
    at_least,
    at_most,
    chi_square_above,
    chi_square_below,
    normal_above,
    rate_at_least,
    rate_at_most,
)


@pytest.mark.parametrize(
    ("count", "total", "ratio", "above", "below"),
    [
        (5, 100, 0.02, 0.05083044536950036, 0.9845163593582206),
        (40, 1000, 0.01, 4.688553566249777e-13, 0.99999999999989),
        (900, 100_000, 0.008, 0.0002615666795558487, 0.999769765640474),
        (1, 7, 0.0077, 0.052670766186323825, 0.998786500469483),
        (99, 100, 0.5, 7.967495142732219e-29, 1.0),
        (0, 10, 0.3, 1.0, 0.7**10),
        (11, 10, 0.3, 0.0, 1.0),
        (1, 10, 0.0, 0.0, 1.0),
        (10, 10, 1.0, 1.0, 1.0),
    ],
)
def test_binomial_as_scipy_has_it(count: int, total: int, ratio: float, above: float, below: float) -> None:
    assert at_least(count, total, ratio) == pytest.approx(above, rel=1e-7)
    assert at_most(count, total, ratio) == pytest.approx(below, rel=1e-7)


@pytest.mark.parametrize(
    ("value", "freedom", "shift", "above"),
    [(40, 9, 5, 0.0010534504), (21.666, 9, 0, 0.0099999799), (800, 9, 586, 4.3528980664e-05), (3, 9, 0, 0.9642949727)],
)
def test_chi_square_is_near_and_no_smaller(value: float, freedom: int, shift: float, above: float) -> None:
    assert chi_square_above(value, freedom, shift) == pytest.approx(above, rel=0.5)
    assert chi_square_above(value, freedom, shift) >= 0.99 * above
    assert chi_square_above(value, freedom, shift) + chi_square_below(value, freedom, shift) == pytest.approx(1.0)


def test_the_lower_tail_of_a_shifted_chi_square_is_of_the_right_order() -> None:
    assert chi_square_below(400, 9, 586) == pytest.approx(5.692993908341533e-06, rel=0.5)


def test_normal() -> None:
    assert normal_above(3) == pytest.approx(0.0013498980316300933)
    assert normal_above(-1) == pytest.approx(0.8413447460685429)


def test_two_rates_given_their_sum_are_a_binomial() -> None:
    """Twelve of 1,000 against eight of 4,000: at the same rate, a fifth of the twenty would be the first one's."""
    assert rate_at_least(12, 1000, 8, 4000, 1.0) == at_least(12, 20, 0.2)
    assert rate_at_most(12, 1000, 8, 4000, 2.0) == at_most(12, 20, 1 / 3)


def test_nothing_to_compare_with_says_nothing() -> None:
    assert rate_at_least(5, 0, 5, 10, 1.0) == rate_at_least(5, 10, 0, 0, 1.0) == 1.0
    assert rate_at_most(0, 0, 5, 10, 1.0) == rate_at_most(0, 10, 0, 0, 1.0) == 1.0


COUNTS = st.tuples(st.integers(0, 300), st.integers(0, 5000), st.floats(0.0001, 0.9999))


@given(COUNTS)
def test_the_two_tails_make_everything(drawn: tuple[int, int, float]) -> None:
    count, total, ratio = drawn
    assert at_least(count + 1, total, ratio) + at_most(count, total, ratio) == pytest.approx(1.0, abs=1e-9)


@given(st.integers(0, 300), st.floats(1, 1e6), st.integers(0, 300), st.floats(1, 1e6), st.floats(1, 10))
def test_more_of_the_new_is_more_and_more_of_the_old_is_less(new: int, total: float, old: int, base: float, times: float) -> None:
    p = rate_at_least(new, total, old, base, times)
    assert 0.0 <= p <= 1.0
    assert rate_at_least(new + 1, total, old, base, times) <= p + 1e-9
    assert rate_at_least(new, total, old + 1, base, times) >= p - 1e-9
    assert rate_at_least(new, total, old, base, times + 1) >= p - 1e-9


@given(st.integers(0, 25), st.integers(1, 24), st.floats(0.001, 0.999))
def test_a_binomial_tail_is_the_sum_of_its_terms(count: int, total: int, ratio: float) -> None:
    exact = sum(math.comb(total, found) * ratio**found * (1 - ratio) ** (total - found) for found in range(count, total + 1))
    assert at_least(count, total, ratio) == pytest.approx(exact, rel=1e-9, abs=1e-12)
    assert at_most(count - 1, total, ratio) == pytest.approx(1 - exact, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("count", "total", "ratio", "above"),
    [
        (0, 5, 0.0, 1.0),
        (1, 5, 0.0, 0.0),
        (5, 5, 1.0, 1.0),
        (6, 5, 1.0, 0.0),
        (-1, 5, 0.5, 1.0),
        (1, 0, 0.5, 0.0),
        (0, 0, 0.5, 1.0),
        (3, 3, 0.5, 0.125),
    ],
)
def test_a_binomial_tail_at_its_ends(count: int, total: int, ratio: float, above: float) -> None:
    assert at_least(count, total, ratio) == pytest.approx(above)


def test_a_tail_that_is_too_small_for_a_float_ends() -> None:
    assert at_least(100_000, 100_000, 1e-9) == 0.0
    assert at_least(50_000, 1_000_000, 0.001) == 0.0
    assert at_least(500_000, 1_000_000, 0.5) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("value", "freedom", "above"),
    [
        (3.940, 10, 0.95),
        (18.307, 10, 0.05),
        (23.209, 10, 0.01),
        (31.410, 20, 0.05),
        (10.851, 20, 0.95),
        (7.815, 3, 0.05),
        (9.348, 3, 0.025),
    ],
)
def test_chi_square_as_tables_have_it(value: float, freedom: int, above: float) -> None:
    assert chi_square_above(value, freedom) == pytest.approx(above, rel=0.02)
    assert chi_square_below(value, freedom) == pytest.approx(1 - above, rel=0.02)


@pytest.mark.parametrize(
    ("total", "base", "times", "share"), [(1000.0, 4000.0, 1.0, 0.2), (1000.0, 4000.0, 4.0, 0.5), (300.0, 100.0, 2.0, 6 / 7)]
)
def test_of_two_counts_the_first_has_its_share_of_the_sum(total: float, base: float, times: float, share: float) -> None:
    assert rate_at_least(7, total, 5, base, times) == pytest.approx(at_least(7, 12, share))
    assert rate_at_most(3, total, 5, base, times) == pytest.approx(at_most(3, 8, share))


@pytest.mark.parametrize(("total", "base"), [(0.0, 5.0), (5.0, 0.0), (-1.0, 5.0)])
def test_without_requests_on_a_side_nothing_is_told(total: float, base: float) -> None:
    assert rate_at_least(9, total, 1, base, 1.0) == rate_at_most(0, total, 9, base, 1.0) == 1.0
    assert rate_at_least(9, 0.5, 1, 0.5, 1.0) < 0.05, "a side may have less than one"
