"""Moving the alias. MLflow overwrites blindly and keeps no previous value: so read, set, and read again."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict, Failure, Faulty
from modeldeck.domain.kubernetes.annotations import OPERATION_TAG
from modeldeck.operations.common.ownership import Standing, passed_words, standing, taken
from modeldeck.operations.common.retry import LATE_ANSWER, PASSING, patiently, pause_after
from modeldeck.operations.execution.announcing import hold_alias
from modeldeck.operations.execution.execution import Run
from modeldeck.operations.execution.waiting import still_ours

_BRIEFLY = 2.0
# Seconds for a registry that was away already when the plan was made.
_TRIES = 4


class MoveAlias:
    async def do(self, run: Run) -> str:
        """Raises Conflict where somebody else has moved it since the plan was made, where another operation is in the midst of that, or
        where the template was changed since the rollout."""
        target = run.plan.to_version
        taken = run.plan.fingerprint
        if not taken.alias_known:
            await _there_again(run)
        await hold_alias(run)
        await still_ours(run)  # before the alias is read: between its reading and its setting nothing guards it
        before = await _read(run)
        if before == target:
            return f"it pointed at {target} already"
        if taken.alias_known and before != taken.alias_version:
            raise Conflict(f"somebody moved alias {_name(run)} to {before or 'nothing'} meanwhile", backend="MLflow")
        return await _point(run, before, target)

    async def undo(self, run: Run) -> str:
        """Back to what it pointed at before, unless somebody has moved it on."""
        previous = run.plan.fingerprint.alias_version
        now = await _read(run)
        if now == previous:
            # A request was sent and is not to be seen: it may still be on its way.
            await run.clock.sleep(LATE_ANSWER)
            now = await _read(run)
        if now == previous:
            return "the alias never moved"
        cluster = run.world.need_cluster()
        deployment = await run.patiently(lambda: cluster.deployment(*run.key))
        found = standing(run.plan, deployment)
        if found is Standing.PASSED:
            return passed_words(deployment)
        if found is Standing.TAKEN:
            raise taken(deployment)
        if found is Standing.BACK:
            return "it was taken back; somebody has moved the alias since"
        if found is Standing.UNMARKED:
            raise Conflict("the mark of this operation is gone: whether it moved the alias cannot be told", backend="MLflow")
        other = await _brought_since(run)
        if other:
            return f"operation {other} has promoted version {run.plan.to_version} elsewhere since: the alias is its own"
        await hold_alias(run)
        now = await _read(run)  # once more: nothing but its setting may come after its reading
        if now == previous:
            return "somebody has moved the alias back meanwhile"
        if now != run.plan.to_version:
            raise Conflict(f"alias {_name(run)} points at {now or 'nothing'} now: somebody else moved it", backend="MLflow")
        return await _point(run, now, previous)


async def _point(run: Run, before: str | None, target: str | None) -> str:
    registry = run.world.need_registry()
    model, alias = run.plan.model, run.plan.intent.alias
    lost: Failure | None = None
    for _ in range(_TRIES):
        await run.request(f"alias {alias} of {model}: {before or 'nothing'} → {target or 'nothing'}")
        try:
            if target is None:
                await registry.delete_alias(model, alias)
            else:
                await registry.set_alias(model, alias, target)
        except PASSING as failure:
            lost = failure
            await run.clock.sleep(pause_after(failure, LATE_ANSWER))
        now = await _read(run)
        if now == target:
            return f"{before or 'nothing'} → {target or 'nothing'}"
        if now != before:
            raise Conflict(f"somebody moved alias {_name(run)} to {now or 'nothing'} at the same time", backend="MLflow")
    raise lost or Faulty(f"alias {_name(run)} still points at {before or 'nothing'} after it was set", backend="MLflow")


async def _brought_since(run: Run) -> str:
    """The operation whose promotion of the same version the tags tell of now, "" where none: several Deployments may share an alias."""
    if run.plan.fingerprint.tagged is None:
        return ""
    registry = run.world.need_registry()
    version = await run.patiently(lambda: registry.version(run.plan.model, run.plan.to_version))
    tag = version.tags.get(OPERATION_TAG, "")
    return tag if tag not in (run.plan.id, run.plan.fingerprint.tagged) else ""


async def _read(run: Run) -> str | None:
    registry = run.world.need_registry()
    return await run.patiently(lambda: registry.version_of_alias(run.plan.model, run.plan.intent.alias))


async def _there_again(run: Run) -> None:
    """Raises the Failure of a registry that is still away: a roll-back does not wait for it."""
    registry = run.world.need_registry()
    await patiently(lambda: registry.version_of_alias(run.plan.model, run.plan.intent.alias), run.clock, patience=_BRIEFLY)


def _name(run: Run) -> str:
    return f"{run.plan.intent.alias} of {run.plan.model}"
