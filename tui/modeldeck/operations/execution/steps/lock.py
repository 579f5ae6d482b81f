"""The lock: taken first, so that of operations that begin at the same time exactly one goes on; given back last. On each Deployment it is a
Lease; on the alias that moves, which Deployments of other namespaces and clusters may share, it is an announcement in the registry."""

from __future__ import annotations

from functools import partial

from modeldeck.domain.operations.promotions import StepName
from modeldeck.operations.execution.announcing import announce
from modeldeck.operations.execution.execution import Run


class TakeLock:
    async def do(self, run: Run) -> str:
        """The announcements come with the last of its Deployments: who holds the others, too, can tell more of what others have left.

        Raises Locked where another operation is at work, Conflict where one is in the midst of moving the alias."""
        words = "no cluster to lock in"
        if run.locks is not None:
            run.record("request", step=run.index, words=f"lock deployment {'/'.join(run.key)}")
            words = await run.patiently(partial(run.locks.acquire, run.plan, run.say))
        last = not any(step.name is StepName.LOCK for step in run.whole.steps[run.index + 1 :])
        said = await announce(run) if last else ""
        return f"{words}; {said}" if said else words

    async def undo(self, run: Run) -> str:
        return "given back at the end"
