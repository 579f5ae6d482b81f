"""How long a backend that is away is asked again, and which failures are no reason to give up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import (
    Failure,
    Faulty,
    Forbidden,
    Malformed,
    NotFound,
    Rejected,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.common.liveness import unheard
from modeldeck.operations.common.retry import AWAY, LATE_ANSWER, OUTAGE_TIMEOUT, REQUEST_TIMEOUT, TRANSIENT, Refusals, pause_after, retry
from tests.support.fakes.clock import FakeClock


class Backend:
    """Away so many times, then there; notes when it was asked."""

    def __init__(self, clock: FakeClock, times: int, failure: Failure) -> None:
        self.clock, self.times, self.failure, self.asked = clock, times, failure, list[float]()

    async def ask(self) -> str:
        self.asked.append(round(self.clock.monotonic(), 3))
        if len(self.asked) <= self.times:
            raise self.failure
        return "there"


async def test_it_is_asked_again_after_pauses_that_double_up_to_two_seconds() -> None:
    clock = FakeClock()
    backend, waited = Backend(clock, 7, Unreachable("refused")), list[Failure]()
    assert await retry(backend.ask, clock, patience=20.0, waiting=waited.append) == "there"
    began = backend.asked[0]
    assert [round(at - began, 3) for at in backend.asked] == [0.0, 0.2, 0.6, 1.4, 3.0, 5.0, 7.0, 9.0]
    assert waited == [backend.failure] * 7


async def test_it_is_given_up_when_the_next_try_would_be_too_late() -> None:
    clock = FakeClock()
    backend = Backend(clock, 99, TimedOut("no answer"))
    with pytest.raises(TimedOut):
        await retry(backend.ask, clock)
    assert backend.asked[-1] - backend.asked[0] == pytest.approx(7.0)
    exact = Backend(clock, 1, TimedOut("no answer"))
    with pytest.raises(TimedOut):
        await retry(exact.ask, clock, patience=0.2)


@pytest.mark.parametrize("failure", [NotFound("gone"), Rejected("bad"), Forbidden("no")])
async def test_what_will_not_pass_is_not_asked_again(failure: Failure) -> None:
    clock = FakeClock()
    backend = Backend(clock, 1, failure)
    with pytest.raises(type(failure)):
        await retry(backend.ask, clock)
    assert len(backend.asked) == 1


def test_which_failures_pass_and_how_long_is_waited() -> None:
    assert set(TRANSIENT) == {*AWAY, Malformed} == {Unreachable, TimedOut, Throttled, Faulty, Malformed}
    assert (REQUEST_TIMEOUT, OUTAGE_TIMEOUT, LATE_ANSWER) == (8.0, 120.0, 1.0)


@pytest.mark.parametrize(
    ("asked", "pause", "waits"), [(None, 0.2, 0.2), (0.1, 0.2, 0.2), (1.5, 0.2, 1.5), (60.0, 0.2, 2.0), (60.0, 5.0, 5.0)]
)
def test_a_backend_may_ask_for_a_pause_within_reason(asked: float | None, pause: float, waits: float) -> None:
    assert pause_after(Throttled("slow down", retry_after=asked), pause) == waits


def test_a_refusal_is_believed_once_it_has_lasted() -> None:
    refusals = Refusals()
    assert [refusals.believed(Forbidden("no"), at) for at in (0.0, 14.9, 15.0)] == [False, False, True]
    assert not refusals.believed(Unreachable("away"), 16.0)
    assert [refusals.believed(Unauthorized("who"), at) for at in (17.0, 31.9, 32.0)] == [False, False, True], "it began anew"


RUNNING = Operation(
    "op", Kind.PROMOTE, "ann", (VersionChange("serving/iris", "iris", "1", "2"),), "", State.RUNNING, None, 0.0, None, 7, heartbeat_at=100.0
)


def test_a_process_is_unheard_once_its_lock_could_have_been_taken() -> None:
    assert [unheard(RUNNING, now) for now in (100.0, 115.0, 115.5)] == [None, None, 15.5]
    assert unheard(replace(RUNNING, state=State.ENDED, outcome=Outcome.DONE), 900.0) is None
    assert unheard(replace(RUNNING, runner_pid=None), 900.0) is None
    assert unheard(replace(RUNNING, heartbeat_at=None), 900.0) is None
