"""The new end of a range joined with what is known of it is what asking for all of it would answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.live.range_answers import OVERLAP, WHOLE_EVERY, RangeAnswer

STEP = 10.0
PROMQL = "sum(x)"
GAPS = st.sets(st.integers(0, 300), max_size=300)


def answer(start: float, end: float, gaps: set[int]) -> Matrix:
    """Points of a number of their own, but where there are gaps; no series where there is no point."""
    points = tuple((at * STEP, float(at)) for at in range(int(start / STEP), int(end / STEP) + 1) if at not in gaps)
    return Matrix((Series({}, points),) if points else ())


def known(start: float = 0.0, end: float = 1000.0, *, found: Matrix | None = None) -> RangeAnswer:
    return RangeAnswer(PROMQL, start, end, STEP, found if found is not None else answer(start, end, set()), 0.0)


@given(GAPS, st.integers(0, 90), st.integers(0, 150))
def test_nothing_is_lost_and_nothing_twice(gaps: set[int], later: int, longer: int) -> None:
    older = known(found=answer(0.0, 1000.0, gaps))
    start, end = later * STEP, 1000.0 + longer * STEP
    since = older.ask_from(PROMQL, start, end, STEP, 5.0)
    if since is None:
        assert start >= 1000.0 - OVERLAP - STEP
        return
    assert start < since <= 1000.0 - OVERLAP
    found = older.extended(answer(since, end, gaps), start, since, end)
    assert found.answer == answer(start, end, gaps)
    assert (found.start, found.end, found.whole_at) == (start, end, older.whole_at)


def test_what_came_late_replaces_what_was_known_of_the_end() -> None:
    newer = Matrix((Series({}, ((900.0, 7.0), (1010.0, 8.0))),), ("w",))
    found = known().extended(newer, 500.0, 880.0, 1010.0).answer
    assert found.series[0].points[-3:] == ((870.0, 87.0), (900.0, 7.0), (1010.0, 8.0))
    assert found.warnings == ("w",)


def test_each_of_several_series_is_joined_with_its_own() -> None:
    def bucket(bound: str, *times: float) -> Series:
        return Series({"le": bound}, tuple((at, 1.0) for at in times))

    older = known(found=Matrix((bucket("1", 500.0, 870.0, 890.0), bucket("2", 870.0), bucket("old", 400.0))))
    found = older.extended(Matrix((bucket("2", 880.0), bucket("1", 1010.0), bucket("new", 1010.0))), 500.0, 880.0, 1010.0)
    assert found.answer.series == (bucket("1", 500.0, 870.0, 1010.0), bucket("2", 870.0, 880.0), bucket("new", 1010.0))


@pytest.mark.parametrize(
    ("older", "asked"),
    [
        (known(), (PROMQL, 500.0, 1010.0, 20.0, 5.0)),
        (known(), ("sum(y)", 500.0, 1010.0, STEP, 5.0)),
        (known(300.0), (PROMQL, 200.0, 1010.0, STEP, 5.0)),
        (known(), (PROMQL, 500.0, 900.0, STEP, 5.0)),
        (known(), (PROMQL, 1100.0, 2000.0, STEP, 5.0)),
        (known(), (PROMQL, 500.0, 1010.0, STEP, WHOLE_EVERY)),
        (known(), (PROMQL, 500.0, 1010.0, STEP, -5.0)),
        (known(found=Matrix((), ("one store is away",))), (PROMQL, 500.0, 1010.0, STEP, 5.0)),
    ],
)
def test_another_range_an_old_one_or_a_doubtful_one_is_asked_for_whole(
    older: RangeAnswer, asked: tuple[str, float, float, float, float]
) -> None:
    assert older.ask_from(*asked) is None
    assert known().ask_from(PROMQL, 500.0, 1010.0, STEP, 5.0) == 880.0
