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
from modeldeck.domain.operations.promotions import Plan, State, StepName
from modeldeck.operations.common.retry import LATE_ANSWER, PASSING
from modeldeck.operations.common.text import harmless, iso
from modeldeck.operations.execution.execution import Run
from modeldeck.operations.planning.announced import in_the_midst, is_over
from modeldeck.operations.planning.commands import take_announcement_off

_LOOKS = 4
# How often one whose own tag stands looks whether others yield, LATE_ANSWER apart.
MARKING = (StepName.MARK, StepName.PATCH_TEMPLATE)
"""Steps that come with the mark, and take it off as they are taken back."""


def moves_alias(plan: Plan) -> bool:
    """Whether the plan of one Deployment moves its alias."""
    return not plan.fingerprint.alias_known or plan.fingerprint.alias_version != plan.to_version


async def announce(run: Run) -> str:
    """All aliases that the operation moves, for its lock; in words, "" where it moves none.

    Raises Conflict where another operation is in the midst of moving one of them."""
    said: list[str] = []
    for plan in _moving(run.whole):
        alias = f"{plan.intent.alias} of {plan.model}"
        if not plan.fingerprint.alias_known:
            said.append(f"alias {alias} is announced when it is moved: MLflow could not be asked")
            continue
        try:
            await _announce(run, plan)
        except (NotFound, Forbidden):
            if plan.copied_from is None:
                raise
            said.append(f"alias {alias} is announced when it is moved: the model is yet to be made")
        else:
            said.append(f"alias {alias} announced")
    return ", ".join(said)


async def hold_alias(run: Run) -> None:
    """Before the alias of the step at work moves: no other operation is in the midst of moving it. Asks only where this process has not
    announced it itself. Raises Conflict."""
    plan = run.plan
    if _place(plan) in run.announced:
        return
    for look in range(_LOOKS):
        tags = await _tags(run, plan)
        if moving_tag(plan.intent.alias, run.whole.id) not in tags:
            await _announce(run, plan)
            return
        others = await _others(run, plan, tags)
        if not others:
            run.announced.add(_place(plan))
            return
        if look < _LOOKS - 1:
            await run.clock.sleep(LATE_ANSWER)  # whoever came later sees ours, and yields
    raise in_the_midst(plan.model, plan.intent.alias, others[0])


async def withdraw(run: Run, *, locked: bool = True) -> None:
    """Take off what this operation has announced. `locked`: only while the lock is surely ours; else the operation has changed nothing, or
    has ended. Raises a Failure where an announcement still stands then."""
    run.withdrawn = True
    for plan in _moving(run.whole):
        if _place(plan) in run.announced or (run.taken_up and await _left_behind(run, plan)):
            try:
                await _take_off(run, plan, run.whole.id, locked=locked)
            except NotFound:
                pass  # with the model went its tags
            except PASSING as failure:
                hint = (
                    f"modeldeck operations resume {run.whole.id}, or {take_announcement_off(plan.model, plan.intent.alias, run.whole.id)}"
                )
                words = f"alias {plan.intent.alias} of {plan.model} is still announced as moving: {failure}"
                raise type(failure)(words, backend="MLflow", hint=hint) from failure
            run.announced.discard(_place(plan))


async def withdraw_untouched(run: Run) -> str:
    """The same of an operation that has changed nothing, or has ended: in words what could not be taken off, "" where nothing stands."""
    run.undoing = True
    try:
        await withdraw(run, locked=False)
    except Failure as failure:
        return f"; {failure} ({failure.hint})"
    return ""


def _moving(whole: Plan) -> Iterator[Plan]:
    """One plan for each alias that the operation moves."""
    places = {_place(plan): plan for plan in reversed(whole.legs) if moves_alias(plan)}
    yield from places.values()


def _place(plan: Plan) -> tuple[str, str]:
    return plan.model, plan.intent.alias


async def _announce(run: Run, plan: Plan) -> None:
    model, alias = _place(plan)
    registry, key, text = run.world.need_registry(), moving_tag(alias, run.whole.id), announcement_text(_announcement(run, plan))
    await run.request(f"announce that alias {alias} of {model} moves: tag {key}")
    run.announced.add((model, alias))
    try:
        await run.patiently(_settled(run, lambda: registry.tag_model(model, key, text)), allowed=plan.copied_from is None)
    except (NotFound, Forbidden):
        run.announced.discard((model, alias))  # refused: nothing was written
        raise
    others = await _others(run, plan, await _tags(run, plan))
    if not others:
        return
    try:
        await _take_off(run, plan, run.whole.id)
        run.announced.discard((model, alias))
    except Failure as failure:
        run.say(f"the announcement could not be taken off: {failure}")
    raise in_the_midst(model, alias, others[0])


def _announcement(run: Run, plan: Plan) -> Announcement:
    last = next((step.leg for step in run.whole.steps if step.name in MARKING), 0)
    named = run.whole.leg(last)
    return Announcement(
        id=run.whole.id,
        deployment=named.intent.key,
        uid=named.fingerprint.deployment_uid,
        actor=harmless(plan.intent.actor, limit=120),
        at=iso(run.clock.now()) or "",
        from_version=plan.fingerprint.alias_version or "",
        to_version=plan.to_version,
    )


async def _tags(run: Run, plan: Plan) -> dict[str, str]:
    registry = run.world.need_registry()
    return dict((await run.patiently(lambda: registry.model(plan.model))).tags)


async def _others(run: Run, plan: Plan, tags: dict[str, str]) -> list[Announcement]:
    """Who else is in the midst of moving the alias. What surely has ended is taken off."""
    found = []
    for one in announced_by_others(tags, plan.intent.alias, run.whole.id):
        if await _is_over(run, one):
            run.say(f"operation {one.id} has ended without taking off that it moves alias {plan.intent.alias} of {plan.model}: taken off")
            await _take_off(run, plan, one.id)
        else:
            found.append(one)
    return found


async def _is_over(run: Run, other: Announcement) -> bool:
    namespace, _, name = other.deployment.partition("/")
    if not namespace or not name:
        return False
    cluster = run.world.need_cluster()
    try:
        deployment = await run.patiently(lambda: cluster.deployment(namespace, name), allowed=False)
    except (NotFound, Forbidden):
        return False
    held = run.locks is not None and any((one.namespace, one.name) == (namespace, lock_name(name)) for one in run.locks.held)
    return is_over(other, deployment, locked=held)


async def _left_behind(run: Run, plan: Plan) -> bool:
    """Whether a process that is gone has left the operation's tag: it may still be on its way."""
    key = moving_tag(plan.intent.alias, run.whole.id)
    try:
        if key in await _tags(run, plan):
            return True
        if run.now.state is State.ENDED:
            return False  # its tag was off before its mark was: nothing is on its way
        await run.clock.sleep(LATE_ANSWER)
        return key in await _tags(run, plan)
    except NotFound:
        return False


async def _take_off(run: Run, plan: Plan, operation_id: str, *, locked: bool = True) -> None:
    model, alias = _place(plan)
    registry, key = run.world.need_registry(), moving_tag(alias, operation_id)
    if locked:
        await run.hold()
    run.say(f"take off tag {key} of {model}")
    await run.patiently(_settled(run, lambda: registry.untag_model(model, key)))


def _settled(run: Run, ask: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Where an answer is lost, what was sent has arrived, if it ever does, before anything else is sent."""

    async def once() -> None:
        try:
            await ask()
        except PASSING:
            await run.clock.sleep(LATE_ANSWER)
            raise

    return once
