"""Taking the mark off again: the operation is over, and the Deployment's history tells of it."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.promotions import StepName
from modeldeck.operations.common import patch
from modeldeck.operations.common.retry import PASSING_WHERE_ALLOWED, pause_after
from modeldeck.operations.execution.announcing import withdraw
from modeldeck.operations.execution.execution import Run
from modeldeck.operations.execution.release_edits import release_edits

_REFETCHES = 5
_PAUSE = 0.3


class Release:
    async def do(self, run: Run) -> str:
        if not any(step.name is StepName.RELEASE for step in run.whole.steps[run.index + 1 :]):
            await withdraw(run)  # first: while the mark stands, whoever finds it can do what is left
        cluster = run.world.need_cluster()
        lost: Failure | None = None
        for _ in range(_REFETCHES + 1):
            deployment = await run.patiently(lambda: cluster.deployment(*run.key))
            wanted = release_edits(run, deployment)
            if not wanted:
                return "the mark is off"
            await run.request(f"take the mark off deployment {deployment.key}")
            try:
                await cluster.patch_deployment(*run.key, patch.patch(wanted, deployment))
            except Conflict:
                continue
            except PASSING_WHERE_ALLOWED as failure:
                lost = failure
                await run.clock.sleep(pause_after(failure, _PAUSE))
                continue
            return "the mark is off"
        raise lost or Conflict("the deployment kept changing under the patch", backend="Kubernetes")

    async def undo(self, run: Run) -> str:
        return "nothing to undo"
