"""Going on with, or taking back, an operation whose process is gone. The journal says what was planned and begun, the world what stands.

Steps are looked at before they are sent again, so that one whose outcome is missing is never done twice. An operation that the journal of
this machine does not know is read from the mark on its Deployment (adopt.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tui.domain.failures import Conflict, Failure, NotFound
from tui.domain.marks import history_of, under_way
from tui.domain.promotions import Operation, Outcome, Plan, State, StepName, StepState
from tui.domain.serving import Deployment
from tui.operations.adopt import not_from_here, past_commit, told_by_tags
from tui.operations.entries import Entry, fold, plan_in
from tui.operations.execute import begin, commit_index, forward, started
from tui.operations.guard import may_change
from tui.operations.liveness import is_alive
from tui.operations.lock import Locks
from tui.operations.run import Run
from tui.operations.standing import Standing, standing, taken
from tui.operations.undo import let_go, undo
from tui.operations.wishes import Mailbox
from tui.operations.world import World
from tui.ports import Clock, Journal, Progress


class PlanKeeper(Journal, Protocol):
    """A journal that also gives back its entries, with the number of the newest."""

    def after(self, operation_id: str, seq: int) -> tuple[tuple[Entry, ...], int]: ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """What going on with an operation needs."""

    world: World
    journal: PlanKeeper
    clock: Clock
    progress: Progress
    mailbox: Mailbox
    locks: Locks | None = None


async def resume(operation_id: str, with_: Recovery) -> Operation:
    """Go on where it was cut off, or go on taking it back where it was doing that, and answer how it ended.

    Raises NotFound for an id that the journal does not know, Conflict where it is not for us to go on with: it has ended, its process
    lives or may live on another machine; Locked where somebody else is at work on the Deployment.
    """
    run = reopened(operation_id, with_)
    before = run.now
    refuse_resume(before, run.whole)
    told = await _ended_before(run)
    if told is not None:
        return told
    if before.runner_pid is None and not before.adopted:
        return await begin(run)
    told = await _take_over(run)
    if told is not None:
        return told
    passed, back = await _legs(run, Standing.PASSED), await _legs(run, Standing.BACK)
    if before.undoing or back or (passed and not committed(before, run.whole)):
        return await undo(run, "taken back after it was cut off")
    if before.cancel_asked and not committed(before, run.whole):
        return await undo(run, "somebody asked to undo it before it was cut off")
    _leave(run, passed)
    # An alias that was left open is what is left to do, and its tags with it.
    first = next((index for index, step in enumerate(run.now.steps) if step.state is not StepState.DONE), len(before.steps))
    return await forward(run, first)


async def take_back(operation_id: str, with_: Recovery) -> Operation:
    """Undo it, and answer how it ended. Raises as `resume`, and Conflict where it had come past its commit: then it needs a roll-back."""
    run = reopened(operation_id, with_)
    refuse_take_back(run.now, run.whole)
    told = await _ended_before(run)
    if told is not None:
        return told
    told = await _take_over(run)
    if told is not None:
        return told
    return await undo(run, "taken back by hand after it was cut off")


def refuse_resume(operation: Operation, plan: Plan) -> None:
    """Raises Conflict where it cannot be gone on with, whoever asks."""
    _refuse(operation)
    if operation.adopted and not committed(operation, plan):
        raise not_from_here(operation.id)


def refuse_take_back(operation: Operation, plan: Plan) -> None:
    """Raises Conflict where it cannot be taken back, whoever asks."""
    _refuse(operation)
    if committed(operation, plan):
        raise past_commit(operation.id, operation.key)


def _refuse(operation: Operation) -> None:
    if operation.state is State.ENDED and operation.outcome is not Outcome.NEEDS_ATTENTION:
        raise Conflict(f"operation {operation.id} has ended: {operation.outcome}", hint=f"modeldeck operations show {operation.id}")
    if operation.state is not State.ENDED and operation.runner_pid is not None and is_alive(operation) is not False:
        where = f"process {operation.runner_pid} on {operation.host}"
        hint = f"modeldeck operations attach {operation.id}"
        raise Conflict(f"operation {operation.id} may still be at work ({where})", hint=hint)


_OVER = (StepState.DONE, StepState.SKIPPED)


def committed(operation: Operation, plan: Plan) -> bool:
    """Whether everything that an undo would take back has been done: only a roll-back leads back from there."""
    return all(step.state is StepState.DONE for step in operation.steps[: commit_index(plan) + 1])


def reopened(operation_id: str, with_: Recovery) -> Run:
    """The operation as its journal has it now. Raises NotFound, ReadOnly."""
    may_change(with_.world)
    entries, seen = with_.journal.after(operation_id, 0)
    plan, operation = plan_in(entries), fold(entries)
    if plan is None or operation is None:
        raise NotFound(f"no operation {operation_id}", hint="modeldeck operations list", backend="journal")
    locks = with_.locks or Locks(with_.world.need_cluster(), with_.clock)
    mailbox = with_.mailbox
    return Run(plan, with_.world, with_.journal, with_.clock, with_.progress, mailbox.cancel, operation, seen, mailbox=mailbox, locks=locks)


async def _ended_before(run: Run) -> Operation | None:
    """Like `_ended_elsewhere`, before the lock is taken: then the one that its process left is given back, where there is one."""
    told = await _ended_elsewhere(run)
    if told is not None:
        assert run.locks is not None
        try:
            for plan in run.whole.legs:
                await run.locks.clear(plan)
        except Failure as failure:
            run.say(f"the lock could not be given back and ends by itself: {failure}")
    return told


async def _ended_elsewhere(run: Run) -> Operation | None:
    """A colleague may have finished it or taken it back on another machine, or this one may have lost power right after its last request:
    then the Deployments' history tells how it ended. Raises Conflict where a Deployment is another one: the journal knows operations of
    every environment."""
    ends = {await _end_told(run, run.whole.leg(leg)) for leg in _changed(run)}
    begun = run.now.runner_pid is not None
    # A line in the history that tells of a good end tells more than who has been there since.
    carried_out = begun and Outcome.UNDONE.value not in ends and await _committed(run)
    passed = carried_out and await _legs(run, Standing.PASSED) and not await _marked(run)
    if passed or ends == {Outcome.DONE.value}:
        started(run)
        words = f"it was carried out, and {_SINCE}" if passed else _FINISHED
        for index, step in enumerate(run.now.steps):
            if step.state not in _OVER:
                run.remember("done", step=index, words=words)
        run.remember("ended", outcome=Outcome.DONE.value, words=words)
        return run.now
    # Of several, those that it had not come to tell nothing.
    if Outcome.UNDONE.value in ends and ends <= {Outcome.UNDONE.value, ""} and not run.now.undoing and not await _marked(run):
        started(run)
        run.remember("ended", outcome=Outcome.UNDONE.value, words="it was taken back elsewhere, as the deployment's history tells")
        return run.now
    return None


async def _gone_on_with_elsewhere(run: Run) -> Operation | None:
    """A colleague's operation was to be taken back here, and came past its commit on the machine that began it while this way back lay
    idle: what stands is meant to, and its tags tell so. Where it has not ended there yet, that is for its own machine."""
    if committed(run.now, run.whole) or not await _committed(run):
        return None
    words = f"{past_commit(run.now.id, run.now.key).words}; it was gone on with on another machine: resume it there, or roll back"
    run.remember("ended", outcome=Outcome.NEEDS_ATTENTION.value, words=words)
    return run.now


async def _committed(run: Run) -> bool:
    """Of an operation that was only read from its mark, the journal does not know how far it came: the version's tags do."""
    if committed(run.now, run.whole):
        return True
    return run.now.adopted and any([await told_by_tags(leg, run.world, run.clock) for leg in run.whole.legs])


_FINISHED = "it was finished, as the deployment's history tells"
_SINCE = "another operation has been there since"


async def _legs(run: Run, how: Standing) -> tuple[int, ...]:
    """Its Deployments on which it stands so, by their numbers."""
    return tuple(leg for leg, found, _ in await _standings(run) if found is how)


async def _marked(run: Run) -> bool:
    """Whether one of its own marks still stands."""
    return any(found is Standing.OURS and under_way(deployment.annotations) for _, found, deployment in await _standings(run))


def _leave(run: Run, passed: Sequence[int]) -> None:
    """Past the commit nothing of it is told again over a later operation; its other Deployments are still told of it."""
    for index, step in enumerate(run.now.steps):
        if step.leg in passed and step.state not in _OVER:
            run.remember("done", step=index, words=_SINCE)


async def _taken(run: Run) -> Operation | None:
    """The mark of another operation stands on one of its Deployments: the end of that one tells what is left of this one, which is to be
    taken up again then. One that has changed nothing leaves nothing."""
    if not any(step.requests and step.name is not StepName.LOCK for step in run.now.steps):
        return None
    words = next((f"{taken(deployment)}" for _, found, deployment in await _standings(run) if found is Standing.TAKEN), None)
    if words is None:
        return None
    run.remember("ended", outcome=Outcome.NEEDS_ATTENTION.value, words=f"nothing was tried: {words}")
    return run.now


async def _standings(run: Run) -> list[tuple[int, Standing, Deployment]]:
    """How it stands on each of the Deployments that it changes, with their numbers."""
    cluster = run.world.need_cluster()
    found: list[tuple[int, Standing, Deployment]] = []
    for leg in _changed(run):
        plan = run.whole.leg(leg)
        deployment = await cluster.deployment(plan.intent.namespace, plan.intent.deployment)
        found.append((leg, standing(plan, deployment), deployment))
    return found


def _changed(run: Run) -> tuple[int, ...]:
    """The numbers of its Deployments, but for those where nothing was to do."""
    return tuple(sorted({step.leg for step in run.whole.steps if step.name not in (StepName.AWAIT_APPROVAL, StepName.LOCK)}))


async def _end_told(run: Run, plan: Plan) -> str:
    """How it ended on one Deployment; "" where the mark still stands, or nothing is told."""
    namespace, name = plan.intent.namespace, plan.intent.deployment
    deployment = await run.world.need_cluster().deployment(namespace, name)
    if deployment.uid != plan.fingerprint.deployment_uid:
        words = f"{deployment.key} of environment {run.world.environment.name} is another deployment than the one that was changed"
        raise Conflict(words, hint=f"choose its environment: -e {plan.environment}")
    mark = under_way(deployment.annotations)
    if mark is not None and mark.id == plan.id:
        return ""
    return next((past.outcome for past in history_of(deployment.annotations) if past.id == plan.id), "")


async def _take_over(run: Run) -> Operation | None:
    """The lock first: whoever has it is at work, and then nothing of this operation is ours. Answers the ended operation where that one
    had come to its end. Raises Locked, or Conflict where another process has taken it up since its journal was read."""
    assert run.locks is not None
    try:
        for plan in run.whole.legs:
            words = await run.locks.acquire(plan, lambda said: None, again=True)
        started(run)
        told = await _ended_elsewhere(run) or await _gone_on_with_elsewhere(run) or await _taken(run)
    except Failure:
        await let_go(run)
        raise
    if told is not None:
        await let_go(run)
        return told
    run.say(f"taken up again: {words}")
    return None
