"""The end of a process that has lost its lock: it hung for longer than the lock holds, and somebody took over. It sends nothing any more.
What it still does is to look how the other one ends, so that this journal tells the same end as everybody else's.

Where the other process writes the same journal, that one's entries tell the end, and nothing can be written here (`TakenUp`).
"""

from __future__ import annotations

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.annotations import history_of, under_way
from modeldeck.domain.kubernetes.leases import DURATION, Lease, lock_name, note_of
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Target
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.announcing import withdraw_untouched
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.lock import LockLost

_LOOK = 2.0
_LONGEST = 1800.0
# Seconds that the other process may take, as long as it keeps its lock.


async def give_up(execution: Execution, failure: LockLost) -> Operation:
    """Somebody has taken the operation over, or begun another one: whatever is left to do is theirs."""
    execution.remember("failed", step=execution.index, message=str(failure))
    if not execution.touched:
        stands = await withdraw_untouched(execution)
        return execution.end(Outcome.UNDONE, f"{failure}; nothing had been changed yet{stands}")
    outcome = await _their_end(execution, failure)
    if outcome is None:
        stands = "" if await _may_stand(execution) else await withdraw_untouched(execution)
        message = f"stopped at {execution.step.name}: {failure}; whoever has the lock now goes on with it, or takes it back{stands}"
        return execution.end(Outcome.NEEDS_ATTENTION, message)
    how = "finished" if outcome is Outcome.DONE else "taken back"
    return execution.end(outcome, f"{failure}; it was {how} there, as the deployment's history tells")


async def _their_end(execution: Execution, failure: LockLost) -> Outcome | None:
    """None where nobody is at work on it, or nothing can be seen of that."""
    execution.hold_up(f"{failure}: waiting for how it ends there")
    watched: dict[str, tuple[Lease, float]] = {}
    until = execution.clock.monotonic() + _LONGEST
    while execution.clock.monotonic() < until:
        try:
            busy = any([await _at_work(execution, target, watched) for target in _changed(execution)])
            ends = {await _end(execution, target) for target in _changed(execution)}
        except Failure:
            await execution.clock.sleep(_LOOK)
            continue
        if not busy:
            return _joined(ends)
        await execution.clock.sleep(_LOOK)
    return None


async def _may_stand(execution: Execution) -> bool:
    """Whether the alias may have moved, or a Deployment carries the mark: then what is announced tells others of it. Else the announcement
    would stand with nobody to take it off; who goes on with the operation announces again before the alias moves."""
    if any(step.name is StepName.MOVE_ALIAS and step.requests for step in execution.now.steps):
        return True
    try:
        return any([await _end(execution, target) is Outcome.NEEDS_ATTENTION for target in _changed(execution)])
    except Failure:
        return True


def _changed(execution: Execution) -> list[Target]:
    targets = {step.target for step in execution.plan.steps if step.name not in (StepName.AWAIT_APPROVAL, StepName.LOCK)}
    return [execution.plan.targets[number] for number in sorted(targets)]


async def _at_work(execution: Execution, target: Target, watched: dict[str, tuple[Lease, float]]) -> bool:
    """Whether a process of this operation keeps renewing its lock there: as it is seen to change, not by its times, as clocks differ."""
    lease = await execution.clients.need_cluster().lease(target.namespace, lock_name(target.deployment))
    if lease is None or not lease.holder or note_of(lease).id != execution.plan.id:
        return False
    known = watched.get(target.key)
    now = execution.clock.monotonic()
    if known is None or known[0].resource_version != lease.resource_version:
        watched[target.key] = lease, now
        return True
    return now - known[1] <= max(lease.duration, DURATION)


async def _end(execution: Execution, target: Target) -> Outcome | None:
    """How the Deployment tells that it ended there; None where it tells nothing, or the mark still stands."""
    deployment = await execution.clients.need_cluster().deployment(target.namespace, target.deployment)
    mark = under_way(deployment.annotations)
    if mark is not None and mark.id == execution.plan.id:
        return Outcome.NEEDS_ATTENTION
    told = next((past.outcome for past in history_of(deployment.annotations) if past.id == execution.plan.id), "")
    return next((outcome for outcome in Outcome if outcome == told), None)


def _joined(ends: set[Outcome | None]) -> Outcome | None:
    """Of several Deployments, those that it had not come to tell nothing; but all of them tell that it was finished."""
    if ends == {Outcome.DONE} or (Outcome.UNDONE in ends and ends <= {Outcome.UNDONE, None}):
        return Outcome.DONE if Outcome.DONE in ends else Outcome.UNDONE
    return None
