"""The tests that gates decide by: against values of SciPy 1.17 (`fisher_exact`, `binom.sf`, `chi2.ppf`), and by their properties."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tui.domain.gates.statistics import LARGE, binomial, chi_square_quantile, fisher, pooled, two_proportions


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((3, 20, 1, 20), 0.30249480249480254),
        ((9, 100, 2, 100), 0.029110358790143762),
        ((12, 300, 3, 300), 0.01647678578955868),
        ((6, 60, 10, 1000), 0.00013176979706346542),
        ((40, 1000, 20, 1000), 0.006069770757779359),
        ((0, 60, 0, 60), 1.0),
        ((60, 60, 60, 60), 1.0),
        ((0, 60, 30, 60), 1.0),
        ((1, 2000, 1999, 2000), 1.0),
    ],
)
def test_fisher_as_scipy_has_it(counts: tuple[int, int, int, int], p: float) -> None:
    assert two_proportions(*counts) == pytest.approx(p, rel=1e-9)


def test_large_counts_are_approximated_closely() -> None:
    counts = (5000, 100_000, 4700, 100_000)
    assert min(counts) > LARGE
    assert two_proportions(*counts) == pooled(*counts) == pytest.approx(0.0008959855927731306, rel=1e-9)
    assert fisher(*counts) == pytest.approx(0.0009275293624928596, rel=1e-6)


@pytest.mark.parametrize(
    ("at_least", "total", "ratio", "p"),
    [
        (5, 100, 0.01, 0.0034323215877545207),
        (4, 60, 0.01, 0.003123329171554689),
        (1, 300, 0.01, 0.9509591059287142),
        (600, 1000, 0.5, 1.3642320780329735e-10),
        (0, 10, 0.3, 1.0),
        (11, 10, 0.3, 0.0),
        (1, 10, 0.0, 0.0),
        (10, 10, 1.0, 1.0),
    ],
)
def test_binomial_as_scipy_has_it(at_least: int, total: int, ratio: float, p: float) -> None:
    assert binomial(at_least, total, ratio) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(("freedom", "quantile"), [(2, 9.2103), (3, 11.3449), (9, 21.666), (20, 37.5662), (50, 76.1539)])
def test_chi_square_is_near(freedom: int, quantile: float) -> None:
    assert chi_square_quantile(freedom) == pytest.approx(quantile, rel=0.005)


@pytest.mark.parametrize("counts", [(5, 4, 0, 1), (-1, 4, 0, 1), (0, 1, 2, 1)])
def test_what_is_no_count_is_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no counts"):
        two_proportions(*counts)


def test_nothing_to_compare_is_no_difference() -> None:
    assert two_proportions(0, 0, 5, 10) == two_proportions(5, 10, 0, 0) == 1.0


TOTALS = st.integers(1, 1500)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int, int]:
    total, base_total = draw(TOTALS), draw(TOTALS)
    return draw(st.integers(0, total)), total, draw(st.integers(0, base_total)), base_total


@given(counts())
def test_p_is_a_probability_that_falls_with_every_failure_more(given_: tuple[int, int, int, int]) -> None:
    failed, total, base_failed, base_total = given_
    p = two_proportions(*given_)
    assert 0 <= p <= 1
    if failed < total:
        assert two_proportions(failed + 1, total, base_failed, base_total) <= p + 1e-9
    if base_failed < base_total:
        assert two_proportions(failed, total, base_failed + 1, base_total) >= p - 1e-9


@given(counts())
def test_a_ratio_that_is_not_worse_is_never_significant(given_: tuple[int, int, int, int]) -> None:
    failed, total, base_failed, base_total = given_
    assume(failed * base_total <= base_failed * total)
    assert two_proportions(*given_) >= 0.49


@given(st.integers(1, 1500), st.integers(1, 10**7), st.integers(1, 10**7))
def test_swapping_the_versions_swaps_the_tail(failed: int, total: int, base_total: int) -> None:
    assume(failed <= min(total, base_total))
    one, other = pooled(failed, total, failed, base_total), pooled(failed, base_total, failed, total)
    assert one == 1.0 or one + other == pytest.approx(1.0)
    if total == base_total and failed < total:
        assert one == pytest.approx(0.5)


@given(st.integers(0, 2000), st.integers(1, 2000), st.floats(0.0001, 0.9999))
def test_the_binomial_tail_falls(at_least: int, total: int, ratio: float) -> None:
    p = binomial(at_least, total, ratio)
    assert 0 <= p <= 1
    assert binomial(at_least + 1, total, ratio) <= p + 1e-9
