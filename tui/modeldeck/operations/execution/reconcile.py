"""What became of an operation while its process was gone: finished or taken back by somebody else, or passed by a later one.

The Deployments tell, by marks and by their history; of an operation that is only known by its mark, the tags of its version, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import history_of, under_way
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan, Target
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.ownership import Ownership, ownership_of, taken
from modeldeck.operations.execution.adopt import past_commit, told_by_tags
from modeldeck.operations.execution.execute import started
from modeldeck.operations.execution.execution import Execution

_OVER = (StepState.DONE, StepState.SKIPPED)


def committed(operation: Operation, plan: Plan) -> bool:
    """Whether everything that an undo would take back has been done: only a roll-back leads back from there."""
    return all(step.state is StepState.DONE for step in operation.steps[: plan.commit_index + 1])


async def ended_elsewhere(execution: Execution) -> Operation | None:
    """A colleague may have finished it or taken it back on another machine, or this one may have lost power right after its last request:
    then the Deployments' history tells how it ended. Raises Conflict where a Deployment is another one: the journal knows operations of
    every environment."""
    ends = {await _end_told(execution, execution.plan.targets[number]) for number in _changed(execution)}
    begun = execution.now.runner_pid is not None
    # A line in the history that tells of a good end tells more than who has been there since.
    carried_out = begun and Outcome.UNDONE.value not in ends and await _committed(execution)
    passed = carried_out and await targets(execution, Ownership.SUPERSEDED) and not await _marked(execution)
    if passed or ends == {Outcome.DONE.value}:
        started(execution)
        message = f"it was carried out, and {_SINCE}" if passed else _FINISHED
        for index, step in enumerate(execution.now.steps):
            if step.state not in _OVER:
                execution.remember("done", step=index, message=message)
        return execution.end(Outcome.DONE, message)
    # Of several, those that it had not come to tell nothing.
    if Outcome.UNDONE.value in ends and ends <= {Outcome.UNDONE.value, ""} and not execution.now.undoing and not await _marked(execution):
        started(execution)
        return execution.end(Outcome.UNDONE, "it was taken back elsewhere, as the deployment's history tells")
    return None


async def gone_on_with_elsewhere(execution: Execution) -> Operation | None:
    """A colleague's operation was to be taken back here, and came past its commit on the machine that began it while this way back lay
    idle: what stands is meant to, and its tags tell so. Where it has not ended there yet, that is for its own machine."""
    if committed(execution.now, execution.plan) or not await _committed(execution):
        return None
    message = (
        f"{past_commit(execution.now.id, execution.now.key).message}; it was gone on with on another machine: resume it there, or roll back"
    )
    return execution.end(Outcome.NEEDS_ATTENTION, message)


async def _committed(execution: Execution) -> bool:
    """Of an operation that was only read from its mark, the journal does not know how far it came: the version's tags do."""
    if committed(execution.now, execution.plan):
        return True
    return execution.now.adopted and any(
        [await told_by_tags(execution.plan.id, target, execution.clients, execution.clock) for target in execution.plan.targets]
    )


_FINISHED = "it was finished, as the deployment's history tells"
_SINCE = "another operation has been there since"


async def targets(execution: Execution, how: Ownership) -> tuple[int, ...]:
    """Its Deployments on which it stands so, by their numbers."""
    return tuple(target for target, found, _ in await _standings(execution) if found is how)


async def _marked(execution: Execution) -> bool:
    """Whether one of its own marks still stands."""
    return any(found is Ownership.OURS and under_way(deployment.annotations) for _, found, deployment in await _standings(execution))


def leave_to_others(execution: Execution, passed: Sequence[int]) -> None:
    """Past the commit nothing of it is told again over a later operation; its other Deployments are still told of it."""
    for index, step in enumerate(execution.now.steps):
        if step.target in passed and step.state not in _OVER:
            execution.remember("done", step=index, message=_SINCE)


async def behind_another(execution: Execution) -> Operation | None:
    """The mark of another operation stands on one of its Deployments: the end of that one tells what is left of this one, which is to be
    taken up again then. One that has changed nothing leaves nothing."""
    if not any(step.requests and step.name is not StepName.LOCK for step in execution.now.steps):
        return None
    message = next(
        (f"{taken(deployment)}" for _, found, deployment in await _standings(execution) if found is Ownership.HELD_BY_OTHER), None
    )
    if message is None:
        return None
    return execution.end(Outcome.NEEDS_ATTENTION, f"nothing was tried: {message}")


async def _standings(execution: Execution) -> list[tuple[int, Ownership, Deployment]]:
    """How it stands on each of the Deployments that it changes, with their numbers."""
    cluster = execution.clients.need_cluster()
    found: list[tuple[int, Ownership, Deployment]] = []
    for number in _changed(execution):
        target = execution.plan.targets[number]
        deployment = await cluster.deployment(target.namespace, target.deployment)
        found.append((number, ownership_of(target, execution.plan.id, deployment), deployment))
    return found


def _changed(execution: Execution) -> tuple[int, ...]:
    """The numbers of its Deployments, but for those where nothing was to do."""
    return tuple(sorted({step.target for step in execution.plan.steps if step.name not in (StepName.AWAIT_APPROVAL, StepName.LOCK)}))


async def _end_told(execution: Execution, target: Target) -> str:
    """How it ended on one Deployment; "" where nothing is told, as nothing is while the mark stands (see under_way)."""
    namespace, name = target.namespace, target.deployment
    deployment = await execution.clients.need_cluster().deployment(namespace, name)
    if deployment.uid != target.fingerprint.deployment_uid:
        message = (
            f"{deployment.key} of environment {execution.clients.environment.name} is another deployment than the one that was changed"
        )
        raise Conflict(message, hint=f"choose its environment: -e {execution.plan.environment}")
    return next((past.outcome for past in history_of(deployment.annotations) if past.id == execution.plan.id), "")
