"""Announcing in the registry which alias an operation moves, so that of operations on different Deployments only one moves it at a time.

Leases are of Deployments, and MLflow overwrites an alias blindly. So each operation that moves one first WRITES a tag of its own on the
registered model, THEN READS the model's tags: whoever sees another operation's tag takes its own off and ends. Of two, the one that reads
last has both tags before it, whatever the order of the writes: no two go on. Both may yield, where each has written before either reads:
MLflow has no compare-and-swap that could choose one of them, and to try again costs less than a wrong alias.

The tag is taken off before the operation's last mark is, so that whoever finds the mark can finish or take back the rest. What a process
left that is gone is found standing by the one that takes the operation up; where it is missing it is written again, before the alias moves.

Another's tag is only taken off where that operation surely moves no alias any more: its Deployment tells that it was done or taken back; or
that Deployment is without its mark and its lock is ours, so that it had changed nothing and its process has lost the lock. Of a Deployment
in another cluster, or an operation with an open end, nobody else can tell: a person does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from modeldeck.domain.failures import Failure, Forbidden, NotFound
from modeldeck.domain.kubernetes.leases import lock_name
from modeldeck.domain.mlflow.announcements import Announcement, announced_by_others, announcement_text, moving_tag
from modeldeck.domain.operations.operation import State
from modeldeck.domain.operations.plan import Plan, Target
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.retry import LATE_ANSWER, TRANSIENT
from modeldeck.operations.common.text import iso, sanitize
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.planning.announced import in_the_midst, is_over
from modeldeck.operations.planning.commands import take_announcement_off

_LOOKS = 4
# How often one whose own tag stands looks whether others yield, LATE_ANSWER apart.
MARKING = (StepName.MARK, StepName.PATCH_TEMPLATE)
"""Steps that come with the mark, and take it off as they are taken back."""


def moves_alias(target: Target) -> bool:
    """Whether the alias of one Deployment moves."""
    return not target.fingerprint.alias_known or target.fingerprint.alias_version != target.to_version


async def announce(execution: Execution) -> str:
    """All aliases that the operation moves, for its lock; in words, "" where it moves none.

    Raises Conflict where another operation is in the midst of moving one of them."""
    said: list[str] = []
    for target in _moving(execution.plan):
        alias = f"{target.alias} of {target.model}"
        if not target.fingerprint.alias_known:
            said.append(f"alias {alias} is announced when it is moved: MLflow could not be asked")
            continue
        try:
            await _announce(execution, target)
        except (NotFound, Forbidden):
            if target.copied_from is None:
                raise
            said.append(f"alias {alias} is announced when it is moved: the model is yet to be made")
        else:
            said.append(f"alias {alias} announced")
    return ", ".join(said)


async def hold_alias(execution: Execution) -> None:
    """Before the alias of the step at work moves: no other operation is in the midst of moving it. Asks only where this process has not
    announced it itself. Raises Conflict."""
    target = execution.target
    if _place(target) in execution.announced:
        return
    for look in range(_LOOKS):
        tags = await _tags(execution, target)
        if moving_tag(target.alias, execution.plan.id) not in tags:
            await _announce(execution, target)
            return
        others = await _others(execution, target, tags)
        if not others:
            execution.announced.add(_place(target))
            return
        if look < _LOOKS - 1:
            await execution.clock.sleep(LATE_ANSWER)  # whoever came later sees ours, and yields
    raise in_the_midst(target.model, target.alias, others[0])


async def withdraw(execution: Execution, *, locked: bool = True) -> None:
    """Take off what this operation has announced. `locked`: only while the lock is surely ours; else the operation has changed nothing, or
    has ended. Raises a Failure where an announcement still stands then."""
    execution.withdrawn = True
    for target in _moving(execution.plan):
        if _place(target) in execution.announced or (execution.taken_up and await _left_behind(execution, target)):
            try:
                await _take_off(execution, target, execution.plan.id, locked=locked)
            except NotFound:
                pass  # with the model went its tags
            except TRANSIENT as failure:
                by_hand = take_announcement_off(target.model, target.alias, execution.plan.id)
                hint = f"modeldeck operations resume {execution.plan.id}, or {by_hand}"
                message = f"alias {target.alias} of {target.model} is still announced as moving: {failure}"
                raise type(failure)(message, backend="MLflow", hint=hint) from failure
            execution.announced.discard(_place(target))


async def withdraw_untouched(execution: Execution) -> str:
    """The same of an operation that has changed nothing, or has ended: in words what could not be taken off, "" where nothing stands."""
    execution.undoing = True
    try:
        await withdraw(execution, locked=False)
    except Failure as failure:
        return f"; {failure} ({failure.hint})"
    return ""


def _moving(plan: Plan) -> Iterator[Target]:
    """One target for each alias that the operation moves."""
    places = {_place(target): target for target in plan.targets if moves_alias(target)}
    yield from places.values()


def _place(target: Target) -> tuple[str, str]:
    return target.model, target.alias


async def _announce(execution: Execution, target: Target) -> None:
    model, alias = _place(target)
    registry, key, text = (
        execution.clients.need_registry(),
        moving_tag(alias, execution.plan.id),
        announcement_text(_announcement(execution, target)),
    )
    await execution.request(f"announce that alias {alias} of {model} moves: tag {key}")
    execution.announced.add((model, alias))
    try:
        await execution.retry(_settled(execution, lambda: registry.tag_model(model, key, text)), allowed=target.copied_from is None)
    except (NotFound, Forbidden):
        execution.announced.discard((model, alias))  # refused: nothing was written
        raise
    others = await _others(execution, target, await _tags(execution, target))
    if not others:
        return
    try:
        await _take_off(execution, target, execution.plan.id)
        execution.announced.discard((model, alias))
    except Failure as failure:
        execution.say(f"the announcement could not be taken off: {failure}")
    raise in_the_midst(model, alias, others[0])


def _announcement(execution: Execution, target: Target) -> Announcement:
    last = next((step.target for step in execution.plan.steps if step.name in MARKING), 0)
    named = execution.plan.targets[last]
    return Announcement(
        id=execution.plan.id,
        deployment=named.key,
        uid=named.fingerprint.deployment_uid,
        actor=sanitize(execution.plan.intent.actor, limit=120),
        at=iso(execution.clock.now()) or "",
        from_version=target.fingerprint.alias_version or "",
        to_version=target.to_version,
    )


async def _tags(execution: Execution, target: Target) -> dict[str, str]:
    registry = execution.clients.need_registry()
    return dict((await execution.retry(lambda: registry.model(target.model))).tags)


async def _others(execution: Execution, target: Target, tags: dict[str, str]) -> list[Announcement]:
    """Who else is in the midst of moving the alias. What surely has ended is taken off."""
    found = []
    for one in announced_by_others(tags, target.alias, execution.plan.id):
        if await _is_over(execution, one):
            execution.say(
                f"operation {one.id} has ended without taking off that it moves alias {target.alias} of {target.model}: taken off"
            )
            await _take_off(execution, target, one.id)
        else:
            found.append(one)
    return found


async def _is_over(execution: Execution, other: Announcement) -> bool:
    namespace, _, name = other.deployment.partition("/")
    if not namespace or not name:
        return False
    cluster = execution.clients.need_cluster()
    try:
        deployment = await execution.retry(lambda: cluster.deployment(namespace, name), allowed=False)
    except (NotFound, Forbidden):
        return False
    held = execution.locks is not None and any((one.namespace, one.name) == (namespace, lock_name(name)) for one in execution.locks.held)
    return is_over(other, deployment, locked=held)


async def _left_behind(execution: Execution, target: Target) -> bool:
    """Whether a process that is gone has left the operation's tag: it may still be on its way."""
    key = moving_tag(target.alias, execution.plan.id)
    try:
        if key in await _tags(execution, target):
            return True
        if execution.now.state is State.ENDED:
            return False  # its tag was off before its mark was: nothing is on its way
        await execution.clock.sleep(LATE_ANSWER)
        return key in await _tags(execution, target)
    except NotFound:
        return False


async def _take_off(execution: Execution, target: Target, operation_id: str, *, locked: bool = True) -> None:
    model, alias = _place(target)
    registry, key = execution.clients.need_registry(), moving_tag(alias, operation_id)
    if locked:
        await execution.hold()
    execution.say(f"take off tag {key} of {model}")
    await execution.retry(_settled(execution, lambda: registry.untag_model(model, key)))


def _settled(execution: Execution, ask: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Where an answer is lost, what was sent has arrived, if it ever does, before anything else is sent."""

    async def once() -> None:
        try:
            await ask()
        except TRANSIENT:
            await execution.clock.sleep(LATE_ANSWER)
            raise

    return once
