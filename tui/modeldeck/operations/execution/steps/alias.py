"""Moving the alias. MLflow overwrites blindly and keeps no previous value: so read, set, and read again."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict, Failure, Faulty
from modeldeck.domain.kubernetes.annotations import OPERATION_TAG
from modeldeck.operations.common.ownership import Ownership, ownership_of, passed_words, taken
from modeldeck.operations.common.retry import LATE_ANSWER, TRANSIENT, pause_after, retry
from modeldeck.operations.execution.announcing import hold_alias
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.waiting import still_ours

_BRIEFLY = 2.0
# Seconds for a registry that was away already when the plan was made.
_TRIES = 4


class MoveAlias:
    async def do(self, execution: Execution) -> str:
        """Raises Conflict where somebody else has moved it since the plan was made, where another operation is in the midst of that, or
        where the template was changed since the rollout."""
        target = execution.target.to_version
        taken = execution.target.fingerprint
        if not taken.alias_known:
            await _there_again(execution)
        await hold_alias(execution)
        await still_ours(execution)  # before the alias is read: between its reading and its setting nothing guards it
        before = await _read(execution)
        if before == target:
            return f"it pointed at {target} already"
        if taken.alias_known and before != taken.alias_version:
            raise Conflict(f"somebody moved alias {_name(execution)} to {before or 'nothing'} meanwhile", backend="MLflow")
        return await _point(execution, before, target)

    async def undo(self, execution: Execution) -> str:
        """Back to what it pointed at before, unless somebody has moved it on."""
        previous = execution.target.fingerprint.alias_version
        now = await _read(execution)
        if now == previous:
            # A request was sent and is not to be seen: it may still be on its way.
            await execution.clock.sleep(LATE_ANSWER)
            now = await _read(execution)
        if now == previous:
            return "the alias never moved"
        cluster = execution.clients.need_cluster()
        deployment = await execution.retry(lambda: cluster.deployment(*execution.key))
        found = ownership_of(execution.target, execution.plan.id, deployment)
        if found is Ownership.SUPERSEDED:
            return passed_words(deployment)
        if found is Ownership.HELD_BY_OTHER:
            raise taken(deployment)
        if found is Ownership.REVERTED:
            return "it was taken back; somebody has moved the alias since"
        if found is Ownership.UNMARKED:
            raise Conflict("the mark of this operation is gone: whether it moved the alias cannot be told", backend="MLflow")
        other = await _brought_since(execution)
        if other:
            return f"operation {other} has promoted version {execution.target.to_version} elsewhere since: the alias is its own"
        await hold_alias(execution)
        now = await _read(execution)  # once more: nothing but its setting may come after its reading
        if now == previous:
            return "somebody has moved the alias back meanwhile"
        if now != execution.target.to_version:
            raise Conflict(f"alias {_name(execution)} points at {now or 'nothing'} now: somebody else moved it", backend="MLflow")
        return await _point(execution, now, previous)


async def _point(execution: Execution, before: str | None, target: str | None) -> str:
    registry = execution.clients.need_registry()
    model, alias = execution.target.model, execution.target.alias
    lost: Failure | None = None
    for _ in range(_TRIES):
        await execution.request(f"alias {alias} of {model}: {before or 'nothing'} → {target or 'nothing'}")
        try:
            if target is None:
                await registry.delete_alias(model, alias)
            else:
                await registry.set_alias(model, alias, target)
        except TRANSIENT as failure:
            lost = failure
            await execution.clock.sleep(pause_after(failure, LATE_ANSWER))
        now = await _read(execution)
        if now == target:
            return f"{before or 'nothing'} → {target or 'nothing'}"
        if now != before:
            raise Conflict(f"somebody moved alias {_name(execution)} to {now or 'nothing'} at the same time", backend="MLflow")
    raise lost or Faulty(f"alias {_name(execution)} still points at {before or 'nothing'} after it was set", backend="MLflow")


async def _brought_since(execution: Execution) -> str:
    """The operation whose promotion of the same version the tags tell of now, "" where none: several Deployments may share an alias."""
    if execution.target.fingerprint.tagged is None:
        return ""
    registry = execution.clients.need_registry()
    version = await execution.retry(lambda: registry.version(execution.target.model, execution.target.to_version))
    tag = version.tags.get(OPERATION_TAG, "")
    return tag if tag not in (execution.plan.id, execution.target.fingerprint.tagged) else ""


async def _read(execution: Execution) -> str | None:
    registry = execution.clients.need_registry()
    return await execution.retry(lambda: registry.version_of_alias(execution.target.model, execution.target.alias))


async def _there_again(execution: Execution) -> None:
    """Raises the Failure of a registry that is still away: a roll-back does not wait for it."""
    registry = execution.clients.need_registry()
    await retry(lambda: registry.version_of_alias(execution.target.model, execution.target.alias), execution.clock, patience=_BRIEFLY)


def _name(execution: Execution) -> str:
    return f"{execution.target.alias} of {execution.target.model}"
