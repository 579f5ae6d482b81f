"""Taking back what an operation did: the done steps in reverse, each looking at the world first and guarded the same way.

A step of which nobody knows whether it was done is looked at like a done one. What cannot be taken back ends the operation as NEEDS
ATTENTION, with what stands where and what to type: never a silent half.
"""

from __future__ import annotations

from modeldeck.domain.failures import Failure
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.retry import retry
from modeldeck.operations.execution.announcing import MARKING, withdraw
from modeldeck.operations.execution.execution import Execution, OpenEnd
from modeldeck.operations.execution.lock import LockLost
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.event import story, write_event
from modeldeck.operations.execution.takeover import give_up
from modeldeck.operations.planning.commands import point_alias

_UNDOABLE = (StepName.COPY_VERSION, StepName.MARK, StepName.PATCH_TEMPLATE, StepName.RESTART, StepName.MOVE_ALIAS)


async def undo(execution: Execution, why: str) -> Operation:
    """Ends UNDONE, or NEEDS ATTENTION. The journal is written where it can be; a broken one does not stop the way back."""
    execution.undoing = True
    execution.remember("undoing", message=why)
    order = undo_order(execution.plan)
    last = next((index for index in reversed(order) if execution.plan.steps[index].name in MARKING), None)
    try:
        for index in order:
            if index == last:
                await _withdraw(execution)  # while the mark stands, whoever finds it can do what is left
            if execution.now.steps[index].may_stand:
                await _undo_step(execution, index)
        if last is None:
            await _withdraw(execution)
    except LockLost as failure:
        return await give_up(execution, failure)
    await _tell(execution, why)
    await let_go(execution)
    if execution.open_ends:
        return execution.end_open(f"{why}; the undo is not complete: ", f". {await _what_stands(execution)}")
    return execution.end(Outcome.UNDONE, f"{why}; everything was taken back")


def undo_order(plan: Plan) -> tuple[int, ...]:
    """Places of the steps to take back, first to last: in reverse, but the alias first, where pods read it as they start."""
    order: list[int] = []
    for index, step in reversed(list(enumerate(plan.steps))):
        if step.name is StepName.RESTART:
            order += [place for place, one in enumerate(plan.steps) if one.target == step.target and one.name is StepName.MOVE_ALIAS]
        if step.name in _UNDOABLE and index not in order:
            order.append(index)
    return tuple(order)


async def _withdraw(execution: Execution) -> None:
    """No alias moves any more."""
    try:
        await withdraw(execution)
    except LockLost:
        raise
    except Failure as failure:
        execution.open_ends.append(OpenEnd(f"{failure} ({failure.hint})" if failure.hint else str(failure)))


async def _undo_step(execution: Execution, index: int) -> None:
    execution.index = index
    name = execution.plan.steps[index].name
    execution.remember("undo-trying", step=index)
    try:
        message = await WORKS[name].undo(execution)
    except LockLost:
        raise
    except Failure as failure:
        execution.remember("undo-failed", step=index, message=str(failure))
        execution.open_ends.append(OpenEnd(f"{name} could not be taken back ({failure})", finish_by_hand(execution, name)))
        return
    execution.remember("undone", step=index, message=message)


async def let_go(execution: Execution) -> None:
    """Give the locks back. What cannot be given back ends by itself soon."""
    if execution.locks is None:
        return
    try:
        await execution.locks.release()
    except Failure as failure:
        execution.say(f"the lock could not be given back and ends by itself: {failure}")


async def _tell(execution: Execution, why: str) -> None:
    """The Event is evidence: where it cannot be written, the journal and the Deployment's history still tell."""
    patches = (StepName.PATCH_TEMPLATE, StepName.RESTART)
    for index, step in enumerate(execution.now.steps):
        if step.name in patches and step.requests:
            execution.index = index
            await _tell_target(execution, why)


async def _tell_target(execution: Execution, why: str) -> None:
    """What could not be taken back whole is not told as if it had been: it may yet be gone on with."""
    kind = "Rollback" if execution.plan.intent.kind is Kind.ROLLBACK else "Promotion"
    reason, told = (f"{kind}NeedsAttention", "not taken back whole") if execution.open_ends else (f"{kind}Undone", "taken back")
    try:
        await write_event(execution, reason, f"{told}: {story(execution)}: {why}"[:1000], warning=True)
    except Failure as failure:
        execution.say(f"no event could be written: {failure}")


def finish_by_hand(execution: Execution, name: StepName) -> str:
    """What a person types instead."""
    target = execution.target
    namespace, deployment = execution.key
    if name is StepName.MOVE_ALIAS:
        version = target.fingerprint.alias_version if execution.undoing else target.to_version
        return point_alias(target.model, target.alias, version)
    if name in (StepName.RELEASE, StepName.MARK):
        return f"kubectl -n {namespace} annotate deployment {deployment} modeldeck.dev/operation-"
    if name is StepName.VERIFY:
        return f"modeldeck status {namespace}/{deployment}"
    if target.from_version is None:
        return f"kubectl -n {namespace} rollout history deployment {deployment}"
    return f"modeldeck rollback {namespace}/{deployment} --to {target.from_version}"


async def _what_stands(execution: Execution) -> str:
    """Where alias and template are now, as far as they can be read."""
    said = []
    for target in range(len(execution.plan.targets)):
        execution.index = next((index for index, step in enumerate(execution.plan.steps) if step.target == target), execution.index)
        where = f"{'/'.join(execution.key)}: " if len(execution.plan.targets) > 1 else ""
        said.append(f"{where}{await _template_words(execution)}; {await _alias_words(execution)}")
    return f"Now: {'; '.join(said)}"


async def _template_words(execution: Execution) -> str:
    cluster = execution.clients.need_cluster()
    try:
        deployment = await retry(lambda: cluster.deployment(*execution.key), execution.clock, patience=1.0)
    except Failure as failure:
        return f"the template cannot be read ({failure})"
    link = link_of(deployment, execution.clients.environment.patterns)
    return f"the template says {link.slot.text}" if link else "the template names no version"


async def _alias_words(execution: Execution) -> str:
    registry = execution.clients.registry
    alias = execution.target.alias
    if registry is None:
        return f"alias {alias} is not known"
    try:
        version = await retry(lambda: registry.version_of_alias(execution.target.model, alias), execution.clock, patience=1.0)
    except Failure as failure:
        return f"alias {alias} cannot be read ({failure})"
    return f"alias {alias} points at {version or 'nothing'}"
