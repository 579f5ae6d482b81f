"""A process that hangs for longer than its lock holds: it is told, and its owner takes over as a colleague would. When it wakes up it sees
that it was taken over, does nothing more, and leaves every journal with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import under_way
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.operations.common.liveness import unheard
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.journal.follow import follow
from modeldeck.operations.journal.journal import TakenUp
from modeldeck.operations.runner.runner import Verb
from tests.operations.conftest import Bench
from tests.operations.processes import Fault, Process
from tests.operations.reference import KEY
from tests.operations.test_machine import Promotions
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.journals import MemoryJournal

HANGS = (4, 8, 11)
"""At which of its calls it hangs: from before its mark to before its alias."""


@pytest.fixture(params=[True, False], ids=["one journal", "two journals"])
def machine(request: pytest.FixtureRequest) -> Iterator[Promotions]:
    """Ann and bob; `shared`: on one machine and one journal."""
    made = Promotions()
    made.begin(uri="models:/iris/1", shared=request.param, several=False)
    yield made
    made._close()
    made.computers.__exit__(None, None, None)


def hung(machine: Promotions, call: int) -> tuple[Process, Operation]:
    """Ann's promotion of version 2, hung at one of its calls."""
    machine.change(bob=False, wish=(Kind.PROMOTE, "2", "better"), on=(KEY,), fault=Fault("call", "hang", call))
    (process,) = machine.hung
    return process, known(machine.ann.journal, process)


def known(journal: MemoryJournal, process: Process) -> Operation:
    found = journal.operation(process.operation)
    assert found is not None
    return found


@pytest.mark.parametrize("verb", [Verb.UNDO, Verb.RESUME])
@pytest.mark.parametrize("call", HANGS)
def test_its_owner_takes_over_and_it_does_nothing_more(machine: Promotions, call: int, verb: Verb) -> None:
    process, operation = hung(machine, call)
    assert isinstance(machine._recover(machine.ann, operation.id, verb, None), Conflict)  # it may only be slow
    machine.time_passes(20.0)
    quiet = unheard(known(machine.ann.journal, process), machine.clock.now())
    assert quiet is not None
    assert quiet >= 20.0
    assert machine._recover(machine.ann, operation.id, verb, None) is None
    outcome = Outcome.UNDONE if verb is Verb.UNDO else Outcome.DONE
    assert known(machine.ann.journal, process).outcome is outcome
    before, stands = list(machine.ann.journal.written), machine.reference.stand()
    machine.wake_or_kill(kill=False, pick=0)
    assert process.task is not None
    assert isinstance(process.task.exception(), TakenUp)
    assert machine.ann.journal.written == before
    assert machine.reference.stand() == stands
    machine.one_story_is_told()


@pytest.mark.parametrize("call", HANGS[1:])
def test_a_colleague_takes_it_back_and_its_own_journal_tells_so(machine: Promotions, call: int) -> None:
    process, operation = hung(machine, call)
    machine.time_passes(20.0)
    if under_way(machine.fake.annotations(KEY)) is None:
        return
    assert machine._recover(machine.bob, operation.id, Verb.UNDO, None) is None
    machine.wake_or_kill(kill=False, pick=0)
    for journal in (machine.ann.journal, machine.bob.journal):
        assert known(journal, process).outcome is Outcome.UNDONE, known(journal, process).message
    assert machine.reference.stand() == ("models:/iris/1", "1")
    machine.one_story_is_told()


@pytest.mark.parametrize("call", HANGS)
def test_one_that_wakes_up_while_its_lock_is_watched_goes_on(machine: Promotions, call: int) -> None:
    process, operation = hung(machine, call)
    machine.time_passes(20.0)
    machine.loop.call_later(8.0, process.awake.set)
    machine._recover(machine.ann, operation.id, Verb.UNDO, None)
    process.parked.clear()
    machine._carry_on(process)
    assert known(machine.ann.journal, process).outcome in (Outcome.DONE, Outcome.UNDONE)
    machine.one_story_is_told()


async def test_whoever_attaches_is_told_when_it_is_not_heard_any_more(bench: Bench) -> None:
    journal, clock, plan = MemoryJournal(), FakeClock(), await bench.good_plan("2")
    journal.append(plan.id, "planned", {"at": clock.now(), "plan": plan_to_journal(plan), "host": "elsewhere"})
    journal.append(plan.id, "started", {"at": clock.now(), "pid": 1, "host": "elsewhere"})
    seen: list[float | None] = []
    async for operation in follow(plan.id, journal, clock):
        seen.append(unheard(operation, clock.now()))
        if len(seen) == 2:
            journal.beat(plan.id, clock.now())
        if len(seen) == 3:
            journal.append(plan.id, "ended", {"at": clock.now(), "outcome": "done", "message": ""})
    assert [one is not None for one in seen] == [False, True, False, False]


def test_nobody_is_unheard_who_has_ended_or_never_began() -> None:
    machine = Promotions()
    machine.begin(uri="models:/iris/1", shared=True, several=False)
    process, operation = hung(machine, 8)
    assert unheard(replace(operation, heartbeat_at=0.0), 100.0) == 100.0
    for one in (replace(operation, heartbeat_at=None), replace(operation, heartbeat_at=0.0, state=State.ENDED)):
        assert unheard(one, 100.0) is None
    assert unheard(replace(operation, heartbeat_at=200.0), 100.0) is None  # a clock was set back
    process.kill()
    machine._close()
    machine.computers.__exit__(None, None, None)
