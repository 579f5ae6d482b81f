from __future__ import annotations

import pytest

from modeldeck.domain.failures import Failure
from modeldeck.domain.reading import LatestReading, Reading


def test_when_it_was_asked_for_and_how_old_it_is() -> None:
    read = Reading("prod", "value", fetched_at=100.0, took=2.5)
    assert (read.asked_at, Reading("prod", "value", fetched_at=100.0).asked_at, Reading("prod").asked_at) == (97.5, 100.0, None)
    assert [read.age(now) for now in (100.0, 108.0, 90.0)] == [0.0, 8.0, 0.0]
    assert Reading("prod").age(100.0) is None


FAILED = Failure("no answer")


@pytest.mark.parametrize(
    ("fetched_at", "fails", "state"), [(None, False, "loading"), (1.0, False, "live"), (1.0, True, "stale"), (None, True, "unavailable")]
)
def test_what_state_it_is_in(fetched_at: float | None, fails: bool, state: str) -> None:
    assert Reading("prod", None, fetched_at, FAILED if fails else None).state == state


class Told:
    """A `LatestReading`, all that it told, and its clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.readings: list[Reading[tuple[str, ...]]] = []
        self.latest: LatestReading[tuple[str, ...]] = LatestReading("prod", self.readings.append, lambda: self.now)

    @property
    def states(self) -> list[str]:
        return [reading.state for reading in self.readings]


@pytest.fixture
def told() -> Told:
    return Told()


def pods(*names: str) -> tuple[str, ...]:
    """A tuple of its own each time."""
    return names


def test_an_equal_value_renews_the_time_and_tells_nobody(told: Told) -> None:
    first = pods("a")
    told.latest.publish(first)
    told.now = 105.0
    told.latest.publish(pods("a"))
    assert told.readings == [Reading("prod", first, 100.0)]
    assert told.latest.reading == Reading("prod", first, 105.0)
    assert told.latest.reading.value is first
    told.latest.publish(pods("b"))
    assert told.readings[1:] == [Reading("prod", ("b",), 105.0)]


def test_a_value_of_nothing_is_a_value() -> None:
    readings: list[Reading[None]] = []
    latest: LatestReading[None] = LatestReading("prod", readings.append, lambda: 100.0)
    latest.publish(None)
    assert [reading.state for reading in readings] == ["live"]


def test_a_failure_is_told_beside_the_last_value_and_so_is_its_end(told: Told) -> None:
    told.latest.publish(pods("a"), took=0.2)
    told.now = 110.0
    told.latest.publish_failure(Failure("refused"))
    told.latest.publish_failure(Failure("refused"))
    assert told.readings[1:] == [Reading("prod", ("a",), 100.0, Failure("refused"), 0.2)]
    told.latest.publish_failure(Failure("hangs"))
    told.latest.publish(pods("a"), took=0.2)
    assert told.readings[3] == Reading("prod", ("a",), 110.0, None, 0.2)
    assert told.states == ["live", "stale", "stale", "live"]


def test_a_failure_before_any_value_can_be_over_before_one_comes(told: Told) -> None:
    told.latest.publish_failure(None)
    assert told.readings == []
    told.latest.publish_failure(Failure("refused"))
    told.latest.publish_failure(None)
    assert told.states == ["unavailable", "loading"]


def test_a_value_that_is_doubtful_is_as_old_as_the_last_one_that_was_not(told: Told) -> None:
    told.latest.publish(pods("a"), failure=FAILED)
    told.now = 110.0
    told.latest.publish(pods("b"), failure=FAILED)
    assert [(reading.value, reading.fetched_at, reading.state) for reading in told.readings] == [
        (("a",), 100.0, "stale"),
        (("b",), 100.0, "stale"),
    ]


@pytest.mark.parametrize(
    ("paces", "count"), [((0.1, 0.19), 1), ((0.1, 0.21), 2), ((0.1, 0.049), 2), ((0.004, 0.049), 1), ((None, 9.0), 1), ((9.0, None), 1)]
)
def test_another_pace_is_told(told: Told, paces: tuple[float | None, ...], count: int) -> None:
    for took in paces:
        told.latest.publish(pods("a"), took=took)
    assert len(told.readings) == count
    assert told.latest.reading.took == paces[-1]


def test_after_close_nothing_lands(told: Told) -> None:
    told.latest.publish(pods("a"))
    told.latest.close()
    told.latest.publish(pods("b"))
    told.latest.publish_failure(FAILED)
    assert told.states == ["live"]
    assert told.latest.reading.value == ("a",)


def test_a_kept_failure_holds_no_frames(told: Told) -> None:
    try:
        try:
            raise KeyError
        except KeyError as error:
            raise Failure("cut") from error
    except Failure as caught:
        failure = caught
    told.latest.publish_failure(failure)
    assert (failure.__traceback__, failure.__context__, failure.__cause__) == (None, None, None)
