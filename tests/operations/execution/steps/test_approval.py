"""A second person: nothing is touched before, and nobody approves their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Rejected
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.journal.signals import Signal, SignalRequest, ask, same_person
from tests.operations.conftest import Bench


@pytest.fixture
def careful(bench: Bench) -> Bench:
    bench.fake.environment = replace(bench.fake.environment, approval=True)
    return bench


def when_waiting(bench: Bench, say: object) -> list[Operation]:
    """Calls `say` once the operation waits; answers the states at which it did."""
    seen: list[Operation] = []

    def look() -> None:
        if bench.seen and bench.seen[-1].state is State.WAITING and len(seen) < 3:
            seen.append(bench.seen[-1])
            say(bench.seen[-1])  # type: ignore[operator]

    bench.fake.clock.on_sleep.append(look)
    return seen


async def test_nothing_moves_before_somebody_else_approves(careful: Bench) -> None:
    def approve(operation: Operation) -> None:
        assert careful.fake.env() == "models:/iris/1"
        assert not careful.fake.cluster.leases
        careful.inbox.deliver(SignalRequest(Signal.APPROVE, "ann@laptop"))
        careful.inbox.deliver(SignalRequest(Signal.APPROVE, "bob@box", "looked at the numbers"))

    waited = when_waiting(careful, approve)
    operation = await careful.promote("2")
    assert waited
    assert waited[0].waiting is not None
    assert waited[0].waiting.commands == (f"modeldeck operations approve {waited[0].id}",)
    assert operation.outcome is Outcome.DONE, operation.message
    assert operation.steps[0].message == "approved by bob@box: looked at the numbers"


async def test_its_author_cannot_and_can_still_cancel(careful: Bench) -> None:
    def refuse(operation: Operation) -> None:
        with pytest.raises(Rejected, match="somebody else has to approve"):
            ask(operation, SignalRequest(Signal.APPROVE, "ann@elsewhere"), careful.journal, careful.fake.clock.now())
        with pytest.raises(Conflict, match="nothing to accept"):  # that is for a gate
            ask(operation, SignalRequest(Signal.ACCEPT, "bob@box", "fine"), careful.journal, careful.fake.clock.now())
        careful.cancel.set()

    when_waiting(careful, refuse)
    operation = await careful.promote("2")
    assert operation.outcome is Outcome.UNDONE
    assert careful.fake.env() == "models:/iris/1"
    assert careful.fake.traps.calls.count("patch_deployment") == 0


async def test_the_world_is_looked_at_again_after_the_approval(careful: Bench) -> None:
    def meanwhile(operation: Operation) -> None:
        careful.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug")
        careful.inbox.deliver(SignalRequest(Signal.APPROVE, "bob@box"))

    when_waiting(careful, meanwhile)
    operation = await careful.promote("2")
    assert operation.outcome is Outcome.REFUSED
    assert "LOG_LEVEL" in operation.message
    assert all(not lease.holder for lease in careful.fake.cluster.leases.values())


async def test_where_nobody_asks_for_it_there_is_nothing_to_approve(bench: Bench) -> None:
    made = await bench.good_plan("2")
    assert StepName.AWAIT_APPROVAL not in [step.name for step in made.steps]
    bench.journal.append(made.id, "planned", {"at": 1.0, "plan": {}})
    done = replace(await bench.run(made), state=State.RUNNING)
    with pytest.raises(Conflict, match="needs no approval"):
        ask(done, SignalRequest(Signal.APPROVE, "bob@box"), bench.journal, 1.0)


def test_a_person_is_the_same_on_every_machine() -> None:
    assert same_person("ann@box", "ann@laptop")
    assert not same_person("ann@box", "anna@box")


async def test_one_that_was_approved_before_is_not_waited_for(careful: Bench) -> None:
    careful.inbox.deliver(SignalRequest(Signal.APPROVE, "bob@box"))
    operation = await careful.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    assert operation.steps[0].message == "approved by bob@box"
    kinds = [entry.kind for entry in careful.journal.written]
    assert not {"waiting", "going-on"} & set(kinds)


async def test_who_waits_says_so_once_and_that_it_goes_on(careful: Bench) -> None:
    looks: list[float] = []

    def look() -> None:
        looks.append(careful.fake.clock.monotonic())
        if len(looks) == 8:
            careful.inbox.deliver(SignalRequest(Signal.APPROVE, "bob@box", "fine"))

    began = careful.fake.clock.monotonic()
    careful.fake.clock.on_sleep.append(look)
    made = await careful.good_plan("2")
    operation = await careful.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    told = [(entry.kind, entry.message) for entry in careful.journal.written if entry.kind in ("waiting", "going-on")]
    assert told == [
        ("waiting", "somebody else has to approve it"),
        ("going-on", "approved by bob@box: fine"),
    ]
    assert looks[:8] == [began + 0.25 * number for number in range(1, 9)]
