"""Taking back what an operation did: the done steps in reverse, each looking at the world first and guarded the same way.

A step of which nobody knows whether it was done is looked at like a done one. What cannot be taken back ends the operation as NEEDS
ATTENTION, with what stands where and what to type: never a silent half.
"""

from __future__ import annotations

from modeldeck.domain.failures import Failure
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.operations.promotions import Kind, Operation, Outcome, Plan, StepName
from modeldeck.operations.common.retry import patiently
from modeldeck.operations.execution.announcing import MARKING, withdraw
from modeldeck.operations.execution.execution import Run
from modeldeck.operations.execution.lock import LockLost
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.event import story, write_event
from modeldeck.operations.execution.takeover import give_up
from modeldeck.operations.planning.commands import point_alias

_UNDOABLE = (StepName.COPY_VERSION, StepName.MARK, StepName.PATCH_TEMPLATE, StepName.RESTART, StepName.MOVE_ALIAS)


async def undo(run: Run, why: str) -> Operation:
    """Ends UNDONE, or NEEDS ATTENTION. The journal is written where it can be; a broken one does not stop the way back."""
    run.undoing = True
    run.remember("undoing", words=why)
    order = undo_order(run.whole)
    last = next((index for index in reversed(order) if run.whole.steps[index].name in MARKING), None)
    try:
        for index in order:
            if index == last:
                await _withdraw(run)  # while the mark stands, whoever finds it can do what is left
            if run.now.steps[index].may_stand:
                await _undo_step(run, index)
        if last is None:
            await _withdraw(run)
    except LockLost as failure:
        return await give_up(run, failure)
    await _tell(run, why)
    await let_go(run)
    if run.troubles:
        stands = await _what_stands(run)
        return _end(run, Outcome.NEEDS_ATTENTION, f"{why}; the undo is not complete: {'; '.join(run.troubles)}. {stands}")
    return _end(run, Outcome.UNDONE, f"{why}; everything was taken back")


def undo_order(plan: Plan) -> tuple[int, ...]:
    """Places of the steps to take back, first to last: in reverse, but the alias first, where pods read it as they start."""
    order: list[int] = []
    for index, step in reversed(list(enumerate(plan.steps))):
        if step.name is StepName.RESTART:
            order += [place for place, one in enumerate(plan.steps) if one.leg == step.leg and one.name is StepName.MOVE_ALIAS]
        if step.name in _UNDOABLE and index not in order:
            order.append(index)
    return tuple(order)


async def _withdraw(run: Run) -> None:
    """No alias moves any more."""
    try:
        await withdraw(run)
    except LockLost:
        raise
    except Failure as failure:
        run.troubles.append(f"{failure} ({failure.hint})" if failure.hint else str(failure))


async def _undo_step(run: Run, index: int) -> None:
    run.index = index
    name = run.whole.steps[index].name
    run.remember("undo-trying", step=index)
    try:
        words = await WORKS[name].undo(run)
    except LockLost:
        raise
    except Failure as failure:
        run.remember("undo-failed", step=index, words=str(failure))
        run.troubles.append(f"{name} could not be taken back ({failure}){finish_by_hand(run, name)}")
        return
    run.remember("undone", step=index, words=words)


async def let_go(run: Run) -> None:
    """Give the locks back. What cannot be given back ends by itself soon."""
    if run.locks is None:
        return
    try:
        await run.locks.release()
    except Failure as failure:
        run.say(f"the lock could not be given back and ends by itself: {failure}")


async def _tell(run: Run, why: str) -> None:
    """The Event is evidence: where it cannot be written, the journal and the Deployment's history still tell."""
    patches = (StepName.PATCH_TEMPLATE, StepName.RESTART)
    for index, step in enumerate(run.now.steps):
        if step.name in patches and step.requests:
            run.index = index
            await _tell_leg(run, why)


async def _tell_leg(run: Run, why: str) -> None:
    """What could not be taken back whole is not told as if it had been: it may yet be gone on with."""
    kind = "Rollback" if run.plan.intent.kind is Kind.ROLLBACK else "Promotion"
    reason, told = (f"{kind}NeedsAttention", "not taken back whole") if run.troubles else (f"{kind}Undone", "taken back")
    try:
        await write_event(run, reason, f"{told}: {story(run)}: {why}"[:1000], warning=True)
    except Failure as failure:
        run.say(f"no event could be written: {failure}")


def finish_by_hand(run: Run, name: StepName) -> str:
    """What a person types instead."""
    plan = run.plan
    namespace, deployment = run.key
    if name is StepName.MOVE_ALIAS:
        target = plan.fingerprint.alias_version if run.undoing else plan.to_version
        return f" — type: {point_alias(plan.model, plan.intent.alias, target)}"
    if name in (StepName.RELEASE, StepName.MARK):
        return f" — type: kubectl -n {namespace} annotate deployment {deployment} modeldeck.dev/operation-"
    if name is StepName.VERIFY:
        return f" — type: modeldeck status {namespace}/{deployment}"
    if plan.from_version is None:
        return f" — look at: kubectl -n {namespace} rollout history deployment {deployment}"
    return f" — type: modeldeck rollback {namespace}/{deployment} --to {plan.from_version}"


async def _what_stands(run: Run) -> str:
    """Where alias and template are now, as far as they can be read."""
    said = []
    for leg in range(len(run.whole.legs)):
        run.index = next((index for index, step in enumerate(run.whole.steps) if step.leg == leg), run.index)
        where = f"{'/'.join(run.key)}: " if run.whole.others else ""
        said.append(f"{where}{await _template_words(run)}; {await _alias_words(run)}")
    return f"Now: {'; '.join(said)}"


async def _template_words(run: Run) -> str:
    cluster = run.world.need_cluster()
    try:
        deployment = await patiently(lambda: cluster.deployment(*run.key), run.clock, patience=1.0)
    except Failure as failure:
        return f"the template cannot be read ({failure})"
    link = link_of(deployment, run.world.environment.patterns)
    return f"the template says {link.slot.text}" if link else "the template names no version"


async def _alias_words(run: Run) -> str:
    registry = run.world.registry
    alias = run.plan.intent.alias
    if registry is None:
        return f"alias {alias} is not known"
    try:
        version = await patiently(lambda: registry.version_of_alias(run.plan.model, alias), run.clock, patience=1.0)
    except Failure as failure:
        return f"alias {alias} cannot be read ({failure})"
    return f"alias {alias} points at {version or 'nothing'}"


def _end(run: Run, outcome: Outcome, words: str) -> Operation:
    run.remember("ended", outcome=outcome.value, words=words)
    return run.now
