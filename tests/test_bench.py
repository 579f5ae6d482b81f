"""What the bench makes of its samples. The measuring itself is run by hand."""

from __future__ import annotations

import pytest

from tests.bench.__main__ import remembering
from tests.bench.measures import Idle, slope


def watched(*megabytes: float) -> Idle:
    """One sample a minute."""
    return Idle(0.0, 0.0, tuple((60.0 * minute, each) for minute, each in enumerate(megabytes)))


def test_growth_is_that_of_the_last_third() -> None:
    filling, level, creeping = [60.0 + minute for minute in range(10)], [70.0] * 10, [70.0 + 0.1 * minute for minute in range(10)]
    assert watched(*filling, *level, *level).growth == pytest.approx(0)
    assert watched(*filling, *level, *creeping).growth == pytest.approx(0.1)


def test_a_spike_or_a_single_step_is_no_growth() -> None:
    assert slope([(0, 70), (1, 70), (2, 70), (3, 79), (4, 70), (5, 70)]) == 0
    assert slope([(0, 70), (1, 70), (2, 70), (3, 70), (4, 70), (5, 71)]) == 0


def test_growth_is_judged_where_there_was_time_for_it() -> None:
    short, long = watched(*[70.0] * 11), watched(*[70.0 + minute for minute in range(26)])
    assert [figure.met for figure in remembering(short, None, 10)] == [True]
    assert [(figure.unit, figure.met) for figure in remembering(long, None, 25)] == [("MB", True), ("MB/min", False)]
