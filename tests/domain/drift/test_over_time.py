"""Drift step by step: each step is compared by itself, and what is not known is a gap."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.drift.comparison import compare
from modeldeck.domain.drift.over_time import DriftStep, drift_steps, step_of
from modeldeck.domain.metrics.samples import Matrix, Series

BASELINE = ((1.0, 500.0), (2.0, 1000.0), (math.inf, 1500.0))
LES = ("1", "2", "+Inf")


def matrix(*steps: tuple[float, ...]) -> Matrix:
    """Counts of each bucket alone, by step, a minute apart."""
    rows = [list(accumulate(step)) for step in steps]
    return Matrix(tuple(Series({"le": le}, tuple((60.0 * at, row[n]) for at, row in enumerate(rows))) for n, le in enumerate(LES)))


STEPS = st.lists(st.tuples(*[st.integers(0, 500)] * 3), min_size=1, max_size=8)


@given(STEPS)
def test_each_step_says_what_a_comparison_of_its_own_values_says(steps: list[tuple[int, int, int]]) -> None:
    found = drift_steps(matrix(*steps), BASELINE)
    assert [one.at for one in found] == [60.0 * at for at in range(len(steps))]
    for one, counts in zip(found, steps, strict=True):
        whole = compare(tuple(zip((1.0, 2.0, math.inf), map(float, accumulate(counts)), strict=True)), BASELINE)
        assert (one.psi, one.noise, one.values) == (whole.distances.psi if whole.distances else None, whole.noise, whole.current)


def test_a_step_in_which_nothing_came_is_a_gap() -> None:
    assert drift_steps(matrix((0, 0, 0), (10, 10, 10)), BASELINE)[0] == DriftStep(0.0, None, None, 0)


def test_a_bound_that_is_written_in_two_ways_is_one() -> None:
    both = Matrix((*matrix((5, 5, 5)).series, Series({"le": "1.0"}, ((0.0, 5.0),))))
    assert drift_steps(both, BASELINE)[0].values == 15
    split = Matrix((Series({"le": "1.0"}, ((0.0, 5.0),)), Series({"le": "2.0"}, ((0.0, 10.0),)), Series({"le": "+Inf"}, ((60.0, 15.0),))))
    assert [one.psi for one in drift_steps(split, BASELINE)] == [None, None], "without +Inf, or with nothing else, nothing is compared"


@pytest.mark.parametrize("le", ["", "NaN", "x"])
def test_a_bound_that_is_no_number_makes_no_histogram(le: str) -> None:
    found = drift_steps(Matrix((*matrix((5, 5, 5)).series, Series({"le": le}, ((0.0, 5.0),)))), BASELINE)
    assert [one.psi for one in found] == [None]


def test_what_is_no_histogram_is_refused() -> None:
    with pytest.raises(ValueError, match="801 series"):
        drift_steps(Matrix(tuple(Series({"le": str(n)}, ()) for n in range(801))), BASELINE)
    assert drift_steps(Matrix(()), BASELINE) == ()


@pytest.mark.parametrize(
    ("window", "columns", "step"),
    [(3600.0, 60, 60.0), (3600.0, 200, 60.0), (6 * 3600.0, 60, 360.0), (86400.0, 100, 900.0), (60.0, 0, 60.0)],
)
def test_steps_are_whole_minutes(window: float, columns: int, step: float) -> None:
    assert step_of(window, columns) == step
