"""When consoles read again what is large: at the same times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.mlflow.beats import beat, beats_between


@pytest.mark.parametrize(
    ("seconds", "period"), [(0.0, 1.0), (0.3, 1.0), (1.0, 1.0), (1.1, 2.0), (2.0, 2.0), (2.1, 4.0), (5.0, 8.0), (9.0, 16.0), (300.0, 512.0)]
)
def test_a_beat_is_a_power_of_two_that_is_no_shorter_than_the_pause(seconds: float, period: float) -> None:
    assert beat(seconds) == period


@given(st.floats(0.01, 1e5), st.floats(0.01, 1e5))
def test_a_longer_pause_has_no_shorter_beat(one: float, other: float) -> None:
    short, long = sorted((one, other))
    assert beat(short) <= beat(long) < max(1.0, 2 * long) + 1e-9


@pytest.mark.parametrize(
    ("earlier", "now", "between"),
    [(1.0, 7.9, False), (7.9, 8.0, True), (8.0, 15.9, False), (1.0, 100.0, True), (9.0, 8.5, False), (8.0, 7.0, True), (17.0, 1.0, True)],
    ids=["none yet", "just now", "since it", "several", "set back a little", "set back before it", "set back far"],
)
def test_a_beat_lies_between_two_times(earlier: float, now: float, between: bool) -> None:
    assert beats_between(8.0, earlier, now) is between
