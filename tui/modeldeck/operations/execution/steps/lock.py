"""The lock: taken first, so that of operations that begin at the same time exactly one goes on; given back last. On each Deployment it is a
Lease; on the alias that moves, which Deployments of other namespaces and clusters may share, it is an announcement in the registry."""

from __future__ import annotations

from functools import partial

from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.announcing import announce
from modeldeck.operations.execution.execution import Execution


class TakeLock:
    async def do(self, execution: Execution) -> str:
        """The announcements come with the last of its Deployments: who holds the others, too, can tell more of what others have left.

        Raises Locked where another operation is at work, Conflict where one is in the midst of moving the alias."""
        message = "no cluster to lock in"
        if execution.locks is not None:
            execution.record("request", step=execution.index, message=f"lock deployment {'/'.join(execution.key)}")
            message = await execution.retry(partial(execution.locks.acquire, execution.plan, execution.target, execution.say))
        last = not any(step.name is StepName.LOCK for step in execution.plan.steps[execution.index + 1 :])
        said = await announce(execution) if last else ""
        return f"{message}; {said}" if said else message

    async def undo(self, execution: Execution) -> str:
        return "given back at the end"
