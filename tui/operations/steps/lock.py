"""The lock on the Deployment: taken first, so that of two operations that begin at the same time exactly one goes on; given back last."""

from __future__ import annotations

from functools import partial

from tui.operations.run import Run


class TakeLock:
    async def do(self, run: Run) -> str:
        """Raises Locked where another operation is at work."""
        if run.locks is None:
            return "no cluster to lock in"
        run.record("request", step=run.index, words=f"lock deployment {'/'.join(run.key)}")
        return await run.patiently(partial(run.locks.acquire, run.plan, run.say))

    async def undo(self, run: Run) -> str:
        return "given back at the end"
