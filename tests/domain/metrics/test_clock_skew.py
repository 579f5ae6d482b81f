"""Two clocks that tell different times, seen in the times of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.metrics.clock_skew import TOLERATED, skew, told
from modeldeck.domain.metrics.samples import Sample, Vector


def at(*times: float) -> list[Vector]:
    return [Vector((Sample({}, time, 1.0),)) for time in times]


@pytest.mark.parametrize(
    ("times", "ahead"),
    [((105.0,), 0.0), ((7310.0,), 7200.0), ((-7100.0,), -7200.0), ((50.0, 106.0), 0.0), ((), None)],
)
def test_how_far_its_clock_is_from_ours(times: tuple[float, ...], ahead: float | None) -> None:
    assert skew([*at(*times), Vector(())], 100.0, 110.0) == ahead


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (7200.0, "its clock is 2 h ahead of this machine's"),
        (-7200.0, "its clock is 2 h behind this machine's"),
        (3 * 86400.0, "its clock is 3 d ahead of this machine's"),
        (-180.0, "its clock is 3 min behind this machine's"),
        (TOLERATED, ""),
        (None, ""),
    ],
)
def test_it_is_told_where_it_matters(ahead: float | None, words: str) -> None:
    assert told(ahead) == words


@given(st.floats(-1e6, 1e6), st.floats(0, 30), st.floats(0, 1))
def test_a_slow_answer_is_no_skew(ahead: float, took: float, when: float) -> None:
    """Whenever in between it was evaluated, the skew is never told larger than it is, and by no more than the answer took smaller."""
    found = skew(at(1000.0 + ahead + took * when), 1000.0, 1000.0 + took)
    assert found is not None
    assert abs(found) <= abs(ahead) + took + 1e-6
    assert abs(found - ahead) <= took + 1e-6
