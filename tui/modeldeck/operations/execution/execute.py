"""Carrying out a plan: step by step, each intent in the journal before its request leaves, each outcome before the next step.

Until the commit (the alias points at the new version and the pods serve it) every failure and every cancel is answered with an undo.
After it the rest is evidence: what cannot be written is said, and nothing is taken back.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.promotions import Kind, Operation, Outcome, Plan, StepName, StepState
from modeldeck.operations.common.clients import World
from modeldeck.operations.common.liveness import birth
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.announcing import withdraw, withdraw_untouched
from modeldeck.operations.execution.execution import Run, Stopped
from modeldeck.operations.execution.lock import Locked, LockLost, Locks
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.verify import NotTrue
from modeldeck.operations.execution.takeover import give_up
from modeldeck.operations.execution.undo import finish_by_hand, let_go, undo
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.journal.signals import Mailbox
from modeldeck.operations.planning.plan import stamped
from modeldeck.operations.planning.preconditions import what_moved
from modeldeck.ports import Clock, Journal, Progress

_BEFORE_THE_WORLD = (StepName.AWAIT_APPROVAL, StepName.LOCK)
"""Steps after which the world is held against the plan once more: meanwhile a person has thought, or another operation has ended."""


async def execute(
    plan: Plan, world: World, journal: Journal, clock: Clock, progress: Progress, cancel: asyncio.Event, *, mailbox: Mailbox | None = None
) -> Operation:
    """Carry the plan out in this process and answer how it ended. Failures, those of the journal too, end in the operation's words, never
    as exceptions."""
    plan = stamped(plan, clock.now())
    run = Run(plan, world, journal, clock, progress, cancel, mailbox=mailbox or Mailbox(cancel))
    run.remember("planned", plan=plan_to_journal(plan), host=host())
    return await begin(run)


async def begin(run: Run) -> Operation:
    """From the first step on, for an operation that stands in the journal as planned."""
    held = _held(run)
    if held is not None:
        return held
    if run.locks is None and run.world.cluster is not None:
        run.locks = Locks(run.world.cluster, run.clock)
    return await forward(run, 0)


def _held(run: Run) -> Operation | None:
    """The ended operation where nothing may, or need, be done."""
    plan = run.whole
    if plan.refused:
        return _end(run, Outcome.REFUSED, "; ".join(f"{check.name}: {check.words}" for check in plan.refused))
    if run.world.environment.read_only:
        return _end(run, Outcome.REFUSED, f"{run.world.environment.name} is read-only")
    if plan.already_there:
        return _end(run, Outcome.NOTHING_TO_DO, "already there: nothing was changed")
    if run.unwritten is None:
        try:
            started(run)
        except JournalFailure as failure:
            run.unwritten = failure
    if run.unwritten is not None:
        return _end(run, Outcome.REFUSED, f"nothing was applied: {run.unwritten.words}")
    return None


def started(run: Run) -> None:
    """This process carries it out from here on. Raises Conflict where another one does by now; JournalFailure."""
    run.claim(pid=os.getpid(), host=host(), birth=birth(os.getpid()))


async def forward(run: Run, first: int) -> Operation:
    """The steps from `first` on, then the end. A resume begins in the middle."""
    for index in range(first, len(run.whole.steps)):
        run.index = index
        committed = run.committed
        try:
            if not committed:
                run.stop_if_asked()
            if committed and run.now.steps[index].state is StepState.DONE:
                continue
            if _pointless(run):
                run.record("skipped", step=index, words="left out: the registry could not be reached")
                continue
            if not run.touched and _world_comes_next(run):
                moved = await _nothing_moved(run)
                if moved is not None:
                    return moved
            await _step(run)
        except Stopped:
            return await _back(run, "cancelled")
        except LockLost as failure:
            return await give_up(run, failure)
        except JournalFailure as failure:
            return await _without_journal(run, failure, committed=committed)
        except Failure as failure:
            run.remember("failed", step=index, words=_words(failure))
            ended = await _failed(run, failure, committed=committed)
            if ended is not None:
                return ended
    return await _conclude(run)


def _world_comes_next(run: Run) -> bool:
    """The step at work is the first that changes what others see."""
    return run.whole.steps[run.index].name not in _BEFORE_THE_WORLD


async def _nothing_moved(run: Run) -> Operation | None:
    """The ended operation where the world is not what the plan was made from, or cannot be looked at."""
    try:
        moved = [words for plan in run.whole.legs for words in await run.patiently(partial(what_moved, plan, run.world, run.clock))]
    except Failure as failure:
        return await _nothing_applied(run, str(failure))
    if not moved:
        return None
    return await _nothing_applied(run, "because the world moved since the plan was made: " + "; ".join(moved))


async def _nothing_applied(run: Run, why: str) -> Operation:
    """Refused, and the lock given back. Its own end, where the API cannot be asked to, comes by itself."""
    stands = await withdraw_untouched(run)
    await let_go(run)
    said = f"nothing was applied, {why}" if why.startswith("because") else f"nothing was applied: {why}"
    return _end(run, Outcome.REFUSED, said + stands)


async def _step(run: Run) -> None:
    index = run.index
    name = run.whole.steps[index].name
    if run.locks is not None:
        run.locks.step = name.value
    run.record("trying", step=index)
    words = await WORKS[name].do(run)
    run.record("done", step=index, words=words)


def _pointless(run: Run) -> bool:
    """Tags tell of a move in the registry: where the alias was left open there is none, and asking again would only take time."""
    if run.whole.steps[run.index].name is not StepName.TAG_VERSION:
        return False
    return any(step.name is StepName.MOVE_ALIAS and step.state is StepState.SKIPPED for step in run.now.steps)


async def _failed(run: Run, failure: Failure, *, committed: bool) -> Operation | None:
    """What a failed step means: None goes on with the next one."""
    name = run.whole.steps[run.index].name
    if committed:
        if name is StepName.RELEASE or isinstance(failure, NotTrue):
            run.troubles.append(f"{name}: {_words(failure)}{finish_by_hand(run, name)}")
        return None
    if name is StepName.MOVE_ALIAS and run.plan.intent.kind is Kind.ROLLBACK and not run.plan.by_alias:
        # The bad version is gone from the cluster: going back to it because the registry is away would be the greater harm.
        words = f"left open: {_words(failure)}"
        run.remember("skipped", step=run.index, words=words)
        run.troubles.append(f"alias {run.plan.intent.alias} was not moved ({_words(failure)}){finish_by_hand(run, name)}")
        return None
    if isinstance(failure, Locked) and not run.touched:
        return await _nothing_applied(run, str(failure))
    if isinstance(failure, Conflict) and not run.touched:
        return await _nothing_applied(run, _words(failure))
    return await _back(run, f"{name} failed: {_words(failure)}")


async def _back(run: Run, why: str) -> Operation:
    if not run.touched:
        stands = await withdraw_untouched(run)
        await let_go(run)
        return _end(run, Outcome.UNDONE, f"{why}; nothing had been changed yet{stands}")
    return await undo(run, why)


async def _without_journal(run: Run, failure: JournalFailure, *, committed: bool) -> Operation:
    """The journal stops an operation before its next step; what was done is undone from what the plan and the world tell."""
    if committed:
        run.troubles.append(f"stopped after the commit: {failure.words}{finish_by_hand(run, StepName.RELEASE)}")
        return await _conclude(run)
    return await _back(run, failure.words)


async def _conclude(run: Run) -> Operation:
    released = all(step.state is StepState.DONE for step in run.now.steps if step.name is StepName.RELEASE)
    if released and not run.withdrawn:  # what came after the commit was left to others; else the announcement goes with the mark
        try:
            await withdraw(run)
        except LockLost as failure:
            return await give_up(run, failure)
        except Failure as failure:
            run.troubles.append(_words(failure))
    await let_go(run)
    plan = run.whole
    verb = "rolled back" if plan.intent.kind is Kind.ROLLBACK else "promoted"
    moves = [f"{leg.from_version or 'nothing'} → {leg.to_version}" for leg in (*plan.others, plan)]
    where = [f" in {leg.intent.key}" if plan.others else "" for leg in (*plan.others, plan)]
    story = f"{plan.model} {verb}: " + ", then ".join(move + place for move, place in zip(moves, where, strict=True))
    if run.troubles:
        return _end(run, Outcome.NEEDS_ATTENTION, f"{story}, but " + "; ".join(run.troubles))
    unsaid = [f"{step.name} failed: {step.words}" for step in run.now.steps if step.state is StepState.FAILED]
    return _end(run, Outcome.DONE, story + ("; " + "; ".join(unsaid) if unsaid else ""))


def _end(run: Run, outcome: Outcome, words: str) -> Operation:
    run.remember("ended", outcome=outcome.value, words=words)
    return run.now


def _words(failure: Failure) -> str:
    return f"{failure} ({failure.hint})" if failure.hint else str(failure)
