"""Going on with, or taking back, an operation whose process is gone. The journal says what was planned and begun, the world what stands.

Steps are looked at before they are sent again, so that one whose outcome is missing is never done twice. An operation that the journal of
this machine does not know is read from the mark on its Deployment (adopt.py).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Protocol

from modeldeck.domain.failures import Conflict, Failure, NotFound
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepState
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import may_change
from modeldeck.operations.common.liveness import is_alive, unheard
from modeldeck.operations.common.ownership import Ownership
from modeldeck.operations.execution.adopt import not_from_here, past_commit
from modeldeck.operations.execution.announcing import withdraw_untouched
from modeldeck.operations.execution.execute import begin, forward, started
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.lock import Locks
from modeldeck.operations.execution.reconcile import (
    behind_another,
    committed,
    ended_elsewhere,
    gone_on_with_elsewhere,
    leave_to_others,
    targets,
)
from modeldeck.operations.execution.undo import let_go, undo
from modeldeck.operations.journal.events import JournalEntry, heard, plan_in, replay
from modeldeck.operations.journal.signals import SignalInbox
from modeldeck.ports import Clock, Journal, Progress


class PlanKeeper(Journal, Protocol):
    """A journal that also gives back its entries, with the number of the newest."""

    def after(self, operation_id: str, seq: int) -> tuple[tuple[JournalEntry, ...], int]: ...
    def heartbeat(self, operation_id: str) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """What going on with an operation needs."""

    clients: Clients
    journal: PlanKeeper
    clock: Clock
    progress: Progress
    inbox: SignalInbox
    locks: Locks | None = None
    runner: str = field(default_factory=lambda: secrets.token_hex(8))
    """Names this process in the journal."""


async def resume(operation_id: str, with_: Recovery) -> Operation:
    """Go on where it was cut off, or go on taking it back where it was doing that, and answer how it ended.

    Raises NotFound for an id that the journal does not know, Conflict where it is not for us to go on with: it has ended, its process
    lives or may live on another machine; Locked where somebody else is at work on the Deployment.
    """
    run = reopened(operation_id, with_)
    before = run.now
    refuse_resume(before, run.plan, run.clock.now())
    told = await _ended_before(run)
    if told is not None:
        return told
    if before.runner_pid is None and not before.adopted:
        return await begin(run)
    told = await _take_over(run)
    if told is not None:
        return told
    passed, back = await targets(run, Ownership.SUPERSEDED), await targets(run, Ownership.REVERTED)
    if before.undoing or back or (passed and not committed(before, run.plan)):
        return await undo(run, "taken back after it was cut off")
    if before.cancel_asked and not committed(before, run.plan):
        return await undo(run, "somebody asked to undo it before it was cut off")
    leave_to_others(run, passed)
    # An alias that was left open is what is left to do, and its tags with it.
    first = next((index for index, step in enumerate(run.now.steps) if step.state is not StepState.DONE), len(before.steps))
    return await forward(run, first)


async def take_back(operation_id: str, with_: Recovery) -> Operation:
    """Undo it, and answer how it ended. Raises as `resume`, and Conflict where it had come past its commit: then it needs a roll-back."""
    run = reopened(operation_id, with_)
    refuse_take_back(run.now, run.plan, run.clock.now())
    told = await _ended_before(run)
    if told is not None:
        return told
    told = await _take_over(run)
    if told is not None:
        return told
    return await undo(run, "taken back by hand after it was cut off")


def refuse_resume(operation: Operation, plan: Plan, now: float) -> None:
    """Raises Conflict where it cannot be gone on with, whoever asks."""
    _refuse(operation, now)
    if operation.adopted and not committed(operation, plan):
        raise not_from_here(operation.id)


def refuse_take_back(operation: Operation, plan: Plan, now: float) -> None:
    """Raises Conflict where it cannot be taken back, whoever asks."""
    _refuse(operation, now)
    if committed(operation, plan):
        raise past_commit(operation.id, operation.key)


def _refuse(operation: Operation, now: float) -> None:
    if operation.state is State.ENDED and operation.outcome is not Outcome.NEEDS_ATTENTION:
        raise Conflict(f"operation {operation.id} has ended: {operation.outcome}", hint=f"modeldeck operations show {operation.id}")
    # One that has not been heard for longer than its lock holds is treated like a colleague's: the lock tells whether it is at work.
    at_work = operation.state is not State.ENDED and operation.runner_pid is not None and unheard(operation, now) is None
    if at_work and is_alive(operation) is not False:
        where = f"process {operation.runner_pid} on {operation.host}"
        hint = f"modeldeck operations attach {operation.id}"
        raise Conflict(f"operation {operation.id} may still be at work ({where})", hint=hint)


def reopened(operation_id: str, with_: Recovery) -> Execution:
    """The operation as its journal has it now. Raises NotFound, ReadOnly."""
    may_change(with_.clients)
    entries, seen = with_.journal.after(operation_id, 0)
    plan, operation = plan_in(entries), replay(entries)
    if plan is None or operation is None:
        raise NotFound(f"no operation {operation_id}", hint="modeldeck operations list", backend="journal")
    operation = heard(operation, with_.journal.heartbeat(operation_id))
    return Execution(
        plan,
        with_.clients,
        with_.journal,
        with_.clock,
        with_.progress,
        with_.inbox.cancel,
        operation,
        seen,
        inbox=with_.inbox,
        locks=with_.locks or Locks(with_.clients.need_cluster(), with_.clock),
        runner=with_.runner,
    )


async def _ended_before(execution: Execution) -> Operation | None:
    """Like `ended_elsewhere`, before the lock is taken: then the one that its process left is given back, where there is one."""
    told = await ended_elsewhere(execution)
    if told is not None:
        assert execution.locks is not None
        try:
            for target in execution.plan.targets:
                await execution.locks.clear(target, execution.plan.id)
        except Failure as failure:
            execution.say(f"the lock could not be given back and ends by itself: {failure}")
        await _left_announced(execution)
    return told


async def _left_announced(execution: Execution) -> None:
    """What a process of an operation that has ended may have left in the registry is taken off. Last: it may take a while, and the journal
    says already that the operation has ended, so that nobody expects its lock to be held."""
    execution.taken_up = True
    stands = await withdraw_untouched(execution)
    if stands:
        execution.say(stands.lstrip("; "))


async def _take_over(execution: Execution) -> Operation | None:
    """The lock first: whoever has it is at work, and then nothing of this operation is ours. Answers the ended operation where that one
    had come to its end. Raises Locked, or Conflict where another process has taken it up since its journal was read."""
    assert execution.locks is not None
    try:
        for target in execution.plan.targets:
            message = await execution.locks.acquire(execution.plan, target, lambda said: None, again=True)
        started(execution)
        execution.taken_up = True
        ended = await ended_elsewhere(execution)
        told = ended or await gone_on_with_elsewhere(execution) or await behind_another(execution)
    except Failure:
        await let_go(execution)
        raise
    if told is not None:
        await let_go(execution)
        if ended is not None:
            await _left_announced(execution)
        return told
    execution.say(f"taken up again: {message}")
    return None
