"""One operation at work: what is written before a request leaves, and how long a backend that is away is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from modeldeck.domain.failures import SETTLING, Conflict, Failure, Forbidden, NotFound, TimedOut, Unreachable
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution, Stopped
from modeldeck.operations.execution.lock import LockLost, Locks
from modeldeck.operations.journal.journal import JournalFailure
from tests.operations.conftest import Bench
from tests.support.fakes.journals import MemoryJournal


async def run_of(bench: Bench, journal: Any = None, **fields: Any) -> Execution:
    plan = await bench.good_plan("2")
    run = Execution(plan, bench.fake.clients, journal or bench.journal, bench.fake.clock, bench.seen.append, bench.cancel, **fields)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return run


class Away:
    """A backend that fails in these ways, by turns, for so many seconds from the first question on."""

    def __init__(self, bench: Bench, seconds: float, *ways: Failure) -> None:
        self._clock, self._seconds, self._ways = bench.fake.clock, seconds, ways
        self.asked = 0
        self._began = self._clock.monotonic()

    async def __call__(self) -> str:
        self.asked += 1
        if self._clock.monotonic() - self._began < self._seconds:
            raise self._ways[self.asked % len(self._ways)]
        return "here"


def log(execution: Execution) -> list[str]:
    return [said.message for said in execution.now.log]


REFUSED = Unreachable("refused", backend="MLflow")
SLOW = TimedOut("no answer", backend="MLflow")


async def test_an_outage_of_two_minutes_is_waited_for_and_told_once_in_each_of_its_ways(bench: Bench) -> None:
    run = await run_of(bench)
    assert await run.retry(Away(bench, 119.0, REFUSED, SLOW)) == "here"
    assert sorted(log(run)) == ["MLflow: no answer — still trying", "MLflow: refused — still trying"]
    assert run.now.held_up.endswith("still trying")


async def test_a_longer_one_is_not(bench: Bench) -> None:
    run = await run_of(bench)
    began = bench.fake.clock.monotonic()
    with pytest.raises(Unreachable):
        await run.retry(Away(bench, 10_000.0, REFUSED))
    assert 120.0 < bench.fake.clock.monotonic() - began <= 122.0


async def test_what_was_given_up_once_is_given_up_sooner_next(bench: Bench) -> None:
    """One outage: it is not waited for from the beginning with every question."""
    run = await run_of(bench)
    with pytest.raises(Unreachable):
        await run.retry(Away(bench, 10_000.0, REFUSED))
    began = bench.fake.clock.monotonic()
    with pytest.raises(Unreachable):
        await run.retry(Away(bench, 10_000.0, REFUSED))
    assert 8.0 < bench.fake.clock.monotonic() - began <= 11.0
    assert await run.retry(Away(bench, 5.0, REFUSED)) == "here", "briefly it is always waited for"
    began = bench.fake.clock.monotonic()
    with pytest.raises(Unreachable):
        await run.retry(Away(bench, 10_000.0, REFUSED))
    assert bench.fake.clock.monotonic() - began > 120.0, "it has been here since"


async def test_an_outage_of_another_backend_is_another(bench: Bench) -> None:
    run = await run_of(bench)
    with pytest.raises(Unreachable):
        await run.retry(Away(bench, 10_000.0, REFUSED))
    began = bench.fake.clock.monotonic()
    with pytest.raises(Unreachable):
        await run.retry(Away(bench, 10_000.0, Unreachable("refused", backend="Kubernetes")))
    assert bench.fake.clock.monotonic() - began > 120.0


async def test_a_refusal_of_what_was_allowed_is_believed_once_it_has_lasted(bench: Bench) -> None:
    run = await run_of(bench)
    denied = Forbidden("not you", backend="Kubernetes")
    assert await run.retry(Away(bench, SETTLING - 1.0, denied)) == "here"
    began = bench.fake.clock.monotonic()
    with pytest.raises(Forbidden):
        await run.retry(Away(bench, 10_000.0, denied))
    assert SETTLING <= bench.fake.clock.monotonic() - began <= SETTLING + 2.0
    once = Away(bench, 10_000.0, denied)
    with pytest.raises(Forbidden):
        await run.retry(once, allowed=False)
    assert once.asked == 1


async def test_what_will_not_pass_is_not_asked_again(bench: Bench) -> None:
    once = Away(bench, 10_000.0, NotFound("gone"))
    with pytest.raises(NotFound):
        await (await run_of(bench)).retry(once)
    assert once.asked == 1


async def test_a_cancel_ends_the_waiting_until_the_commit(bench: Bench) -> None:
    run = await run_of(bench)
    bench.cancel.set()
    with pytest.raises(Stopped):
        await run.retry(Away(bench, 5.0, REFUSED))
    run.undoing = True
    assert await run.retry(Away(bench, 5.0, REFUSED)) == "here", "a way back is not cancelled"
    run.undoing, run.index = False, run.plan.commit_index + 1
    assert run.committed
    assert await run.retry(Away(bench, 5.0, REFUSED)) == "here"
    run.index = run.plan.commit_index
    assert not run.committed
    with pytest.raises(Stopped):
        await run.retry(Away(bench, 5.0, REFUSED))


async def test_a_lock_that_is_lost_stops_the_way_back_too(bench: Bench) -> None:
    run = await run_of(bench)
    run.stop_if_asked()
    run.locks = Locks(bench.fake.cluster, bench.fake.clock)
    run.stop_if_asked()
    run.locks.lost = LockLost("taken over")
    for run.undoing in (True, False):
        with pytest.raises(LockLost):
            run.stop_if_asked()


class Broken(MemoryJournal):
    broken = False

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        if self.broken:
            raise JournalFailure("the disk is full")
        super().append(operation_id, kind, body)


def first_state(run: Execution) -> StepState:
    return run.now.steps[0].state


async def test_what_cannot_be_written_has_not_been_begun_but_what_has_happened_has(bench: Bench) -> None:
    journal = Broken()
    run = await run_of(bench, journal)
    journal.broken = True
    with pytest.raises(JournalFailure):
        run.record("trying", step=0)
    assert first_state(run) is StepState.PLANNED
    assert (str(run.unwritten), len(bench.seen)) == ("the disk is full", 1)
    run.remember("trying", step=0)
    assert (first_state(run), len(bench.seen)) == (StepState.TRYING, 2)
    run.undoing = True
    run.record("undo-trying", step=0)
    assert first_state(run) is StepState.UNDOING, "a way back goes on without the journal"
    assert [entry.kind for entry in journal.written] == ["planned"]


async def test_of_two_that_claim_it_the_second_is_refused(bench: Bench) -> None:
    first = await run_of(bench)
    _, seen = bench.journal.after(first.plan.id, 0)
    fields = {"operation": first.now, "seen": seen}
    second = Execution(first.plan, bench.fake.clients, bench.journal, bench.fake.clock, lambda operation: None, asyncio.Event(), **fields)
    first.seen = seen
    first.claim(pid=1, host="box", birth="")
    assert first.claimed
    with pytest.raises(Conflict, match=f"operation {first.plan.id} has just been taken up by another process") as failed:
        second.claim(pid=2, host="box", birth="")
    assert failed.value.hint == f"modeldeck operations attach {first.plan.id}"
    assert not second.claimed
    first.say("it goes on")
    started, said = bench.journal.written[-2:]
    assert (started.kind, started.body["runner"], said.body["runner"]) == ("started", first.runner, first.runner)


async def test_a_request_is_written_down_with_the_lock_held_before_and_after(bench: Bench) -> None:
    run = await run_of(bench)
    run.index = 1
    holds: list[int] = []
    run.locks = Locks(bench.fake.cluster, bench.fake.clock)

    async def hold() -> None:
        holds.append(run.step.requests)

    run.locks.hold = hold  # type: ignore[method-assign]
    await run.request("patch\x1b[31m it")
    assert holds == [0, 1]
    assert (run.step.requests, run.now.steps[0].requests) == (1, 0)
    assert "\x1b" not in log(run)[-1]


async def test_a_lock_is_nothing_that_others_see(bench: Bench) -> None:
    run = await run_of(bench)
    assert run.step.name is StepName.LOCK
    run.record("trying", step=0)
    await run.request("lock it")
    assert not run.touched
    run.index = 1
    assert run.changing is None
    run.record("trying", step=1)
    assert not run.touched
    await run.request("patch it")
    assert run.touched
    assert run.changing is not None
    assert run.changing.name is StepName.PATCH_TEMPLATE


async def test_of_nothing_that_is_recorded_there_is_no_state(bench: Bench) -> None:
    run = Execution(await bench.good_plan("2"), bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, bench.cancel)
    with pytest.raises(RuntimeError, match="nothing is recorded yet"):
        _ = run.now
