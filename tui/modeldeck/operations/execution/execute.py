"""Carrying out a plan: step by step, each intent in the journal before its request leaves, each outcome before the next step.

Until the commit (the alias points at the new version and the pods serve it) every failure and every cancel is answered with an undo.
After it the rest is evidence: what cannot be written is said, and nothing is taken back.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.liveness import birth
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.announcing import withdraw, withdraw_untouched
from modeldeck.operations.execution.execution import Execution, OpenEnd, Stopped
from modeldeck.operations.execution.lock import Locked, LockLost, Locks
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.verify import NotTrue
from modeldeck.operations.execution.takeover import give_up
from modeldeck.operations.execution.undo import finish_by_hand, let_go, undo
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.journal.signals import SignalInbox
from modeldeck.operations.planning.plan import stamped
from modeldeck.operations.planning.preconditions import what_moved
from modeldeck.ports import Clock, Journal, Progress

_BEFORE_THE_WORLD = (StepName.AWAIT_APPROVAL, StepName.LOCK)
"""Steps after which the world is held against the plan once more: meanwhile a person has thought, or another operation has ended."""


async def execute(
    plan: Plan,
    clients: Clients,
    journal: Journal,
    clock: Clock,
    progress: Progress,
    cancel: asyncio.Event,
    *,
    inbox: SignalInbox | None = None,
) -> Operation:
    """Carry the plan out in this process and answer how it ended. Failures, those of the journal too, end in the operation's words, never
    as exceptions."""
    plan = stamped(plan, clock.now())
    run = Execution(plan, clients, journal, clock, progress, cancel, inbox=inbox or SignalInbox(cancel))
    run.remember("planned", plan=plan_to_journal(plan), host=host())
    return await begin(run)


async def begin(execution: Execution) -> Operation:
    """From the first step on, for an operation that stands in the journal as planned."""
    held = _held(execution)
    if held is not None:
        return held
    if execution.locks is None and execution.clients.cluster is not None:
        execution.locks = Locks(execution.clients.cluster, execution.clock)
    return await forward(execution, 0)


def _held(execution: Execution) -> Operation | None:
    """The ended operation where nothing may, or need, be done."""
    plan = execution.plan
    if plan.refused:
        return execution.end(Outcome.REFUSED, "; ".join(f"{check.name}: {check.text}" for check in plan.refused))
    if execution.clients.environment.read_only:
        return execution.end(Outcome.REFUSED, f"{execution.clients.environment.name} is read-only")
    if plan.already_there:
        return execution.end(Outcome.NOTHING_TO_DO, "already there: nothing was changed")
    if execution.unwritten is None:
        try:
            started(execution)
        except JournalFailure as failure:
            execution.unwritten = failure
    if execution.unwritten is not None:
        return execution.end(Outcome.REFUSED, f"nothing was applied: {execution.unwritten.message}")
    return None


def started(execution: Execution) -> None:
    """This process carries it out from here on. Raises Conflict where another one does by now; JournalFailure."""
    execution.claim(pid=os.getpid(), host=host(), birth=birth(os.getpid()))


async def forward(execution: Execution, first: int) -> Operation:
    """The steps from `first` on, then the end. A resume begins in the middle."""
    for index in range(first, len(execution.plan.steps)):
        execution.index = index
        committed = execution.committed
        try:
            if not committed:
                execution.stop_if_asked()
            if committed and execution.now.steps[index].state is StepState.DONE:
                continue
            if _pointless(execution):
                execution.record("skipped", step=index, message="left out: the registry could not be reached")
                continue
            if not execution.touched and _world_comes_next(execution):
                moved = await _nothing_moved(execution)
                if moved is not None:
                    return moved
            await _step(execution)
        except Stopped:
            return await _back(execution, "cancelled")
        except LockLost as failure:
            return await give_up(execution, failure)
        except JournalFailure as failure:
            return await _without_journal(execution, failure, committed=committed)
        except Failure as failure:
            execution.remember("failed", step=index, message=_words(failure))
            ended = await _failed(execution, failure, committed=committed)
            if ended is not None:
                return ended
    return await _conclude(execution)


def _world_comes_next(execution: Execution) -> bool:
    """The step at work is the first that changes what others see."""
    return execution.plan.steps[execution.index].name not in _BEFORE_THE_WORLD


async def _nothing_moved(execution: Execution) -> Operation | None:
    """The ended operation where the world is not what the plan was made from, or cannot be looked at."""
    try:
        moved = [
            message
            for target in execution.plan.targets
            for message in await execution.retry(partial(what_moved, target, execution.plan.id, execution.clients, execution.clock))
        ]
    except Failure as failure:
        return await _nothing_applied(execution, str(failure))
    if not moved:
        return None
    return await _nothing_applied(execution, "because the world moved since the plan was made: " + "; ".join(moved))


async def _nothing_applied(execution: Execution, why: str) -> Operation:
    """Refused, and the lock given back. Its own end, where the API cannot be asked to, comes by itself."""
    stands = await withdraw_untouched(execution)
    await let_go(execution)
    said = f"nothing was applied, {why}" if why.startswith("because") else f"nothing was applied: {why}"
    return execution.end(Outcome.REFUSED, said + stands)


async def _step(execution: Execution) -> None:
    index = execution.index
    name = execution.plan.steps[index].name
    if execution.locks is not None:
        execution.locks.step = name.value
    execution.record("trying", step=index)
    message = await WORKS[name].do(execution)
    execution.record("done", step=index, message=message)


def _pointless(execution: Execution) -> bool:
    """Tags tell of a move in the registry: where the alias was left open there is none, and asking again would only take time."""
    if execution.plan.steps[execution.index].name is not StepName.TAG_VERSION:
        return False
    return any(step.name is StepName.MOVE_ALIAS and step.state is StepState.SKIPPED for step in execution.now.steps)


async def _failed(execution: Execution, failure: Failure, *, committed: bool) -> Operation | None:
    """What a failed step means: None goes on with the next one."""
    name = execution.plan.steps[execution.index].name
    if committed:
        if name is StepName.RELEASE or isinstance(failure, NotTrue):
            execution.open_ends.append(OpenEnd(f"{name}: {_words(failure)}", finish_by_hand(execution, name)))
        return None
    if name is StepName.MOVE_ALIAS and execution.plan.intent.kind is Kind.ROLLBACK and not execution.target.by_alias:
        # The bad version is gone from the cluster: going back to it because the registry is away would be the greater harm.
        message = f"left open: {_words(failure)}"
        execution.remember("skipped", step=execution.index, message=message)
        said = f"alias {execution.target.alias} was not moved ({_words(failure)})"
        execution.open_ends.append(OpenEnd(said, finish_by_hand(execution, name)))
        return None
    if isinstance(failure, Locked) and not execution.touched:
        return await _nothing_applied(execution, str(failure))
    if isinstance(failure, Conflict) and not execution.touched:
        return await _nothing_applied(execution, _words(failure))
    return await _back(execution, f"{name} failed: {_words(failure)}")


async def _back(execution: Execution, why: str) -> Operation:
    if not execution.touched:
        stands = await withdraw_untouched(execution)
        await let_go(execution)
        return execution.end(Outcome.UNDONE, f"{why}; nothing had been changed yet{stands}")
    return await undo(execution, why)


async def _without_journal(execution: Execution, failure: JournalFailure, *, committed: bool) -> Operation:
    """The journal stops an operation before its next step; what was done is undone from what the plan and the world tell."""
    if committed:
        by_hand = finish_by_hand(execution, StepName.RELEASE)
        execution.open_ends.append(OpenEnd(f"stopped after the commit: {failure.message}", by_hand))
        return await _conclude(execution)
    return await _back(execution, failure.message)


async def _conclude(execution: Execution) -> Operation:
    released = all(step.state is StepState.DONE for step in execution.now.steps if step.name is StepName.RELEASE)
    if released and not execution.withdrawn:  # what came after the commit was left to others; else the announcement goes with the mark
        try:
            await withdraw(execution)
        except LockLost as failure:
            return await give_up(execution, failure)
        except Failure as failure:
            execution.open_ends.append(OpenEnd(_words(failure)))
    await let_go(execution)
    plan = execution.plan
    verb = "rolled back" if plan.intent.kind is Kind.ROLLBACK else "promoted"
    moves = [f"{target.from_version or 'nothing'} → {target.to_version}" for target in plan.targets]
    where = [f" in {target.key}" if len(plan.targets) > 1 else "" for target in plan.targets]
    story = f"{plan.last.model} {verb}: " + ", then ".join(move + place for move, place in zip(moves, where, strict=True))
    if execution.open_ends:
        return execution.end_open(f"{story}, but ")
    unsaid = [f"{step.name} failed: {step.message}" for step in execution.now.steps if step.state is StepState.FAILED]
    return execution.end(Outcome.DONE, story + ("; " + "; ".join(unsaid) if unsaid else ""))


def _words(failure: Failure) -> str:
    return f"{failure} ({failure.hint})" if failure.hint else str(failure)
