"""Copying a version into another registered model. MLflow numbers the copy itself, and makes another one whenever it is asked: so it is
asked once, and what it made is told by a tag."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict, TimedOut
from modeldeck.domain.mlflow.model_uri import parse
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.operations.common.retry import LATE_ANSWER, TRANSIENT
from modeldeck.operations.execution.execution import Execution

TAG = "modeldeck.copied-by"
_READY = 60.0
_POLL = 0.5


class CopyVersion:
    async def do(self, execution: Execution) -> str:
        """Raises Conflict where MLflow gave it another number than was planned: somebody registered one at the same time."""
        made = await _made(execution) or await _copy(execution)
        if made.version != execution.target.to_version:
            target = execution.target
            message = f"MLflow made it version {made.version} of {target.model}, not {target.to_version}: one was registered meanwhile"
            raise Conflict(message, hint="plan again: the copy is found then, and used", backend="MLflow")
        return await _ready(execution)

    async def undo(self, execution: Execution) -> str:
        """The copy stays, as evidence; it says that it was taken back."""
        registry = execution.clients.need_registry()
        made = await _made(execution)
        if made is None:
            return "it was never made"
        left = {"modeldeck.left": f"copied by operation {execution.plan.id}, which was taken back"}
        await execution.request(f"tag {made.model}: version {made.version}")
        await execution.retry(lambda: registry.tag_version(made.model, made.version, left), allowed=False)
        return f"version {made.version} of {made.model} stays, and says so"


async def _copy(execution: Execution) -> ModelVersion:
    registry, target = execution.clients.need_registry(), execution.target
    source = parse(target.copied_from or "")
    if source is None or source.model is None or source.version is None:
        raise Conflict(f"{target.copied_from} names no version")
    model, number = source.model, source.version
    version = await execution.retry(lambda: registry.version(model, number))
    await execution.request(f"copy {version.uri} to version {target.to_version} of {target.model}")
    try:
        return await registry.copy_version(version, target.model, {TAG: execution.plan.id})
    except TRANSIENT:
        await execution.clock.sleep(LATE_ANSWER)
        made = await _made(execution)
        if made is None:
            raise
        return made


async def _made(execution: Execution) -> ModelVersion | None:
    """The copy of this operation, where there is one."""
    registry = await execution.retry(execution.clients.need_registry().registry)
    return next((version for version in registry.of(execution.target.model) if version.tags.get(TAG) == execution.plan.id), None)


async def _ready(execution: Execution) -> str:
    registry, target = execution.clients.need_registry(), execution.target
    until = execution.clock.monotonic() + _READY
    while True:
        version = await execution.retry(lambda: registry.version(target.model, target.to_version))
        if version.status == "READY":
            return f"version {target.to_version} of {target.model} is READY"
        if execution.clock.monotonic() > until:
            raise TimedOut(
                f"version {target.to_version} of {target.model} is still {version.status} after {_READY:.0f} s", backend="MLflow"
            )
        await execution.clock.sleep(_POLL)
