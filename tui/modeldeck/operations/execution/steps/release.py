"""Taking the mark off again: the operation is over, and the Deployment's history tells of it."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common import patch
from modeldeck.operations.common.retry import TRANSIENT_WHERE_ALLOWED, pause_after
from modeldeck.operations.execution.announcing import withdraw
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.release_edits import release_edits

_REFETCHES = 5
_PAUSE = 0.3


class Release:
    async def do(self, execution: Execution) -> str:
        if not any(step.name is StepName.RELEASE for step in execution.plan.steps[execution.index + 1 :]):
            await withdraw(execution)  # first: while the mark stands, whoever finds it can do what is left
        cluster = execution.clients.need_cluster()
        lost: Failure | None = None
        for _ in range(_REFETCHES + 1):
            deployment = await execution.retry(lambda: cluster.deployment(*execution.key))
            wanted = release_edits(execution, deployment)
            if not wanted:
                return "the mark is off"
            await execution.request(f"take the mark off deployment {deployment.key}")
            try:
                await cluster.patch_deployment(*execution.key, patch.patch(wanted, deployment))
            except Conflict:
                continue
            except TRANSIENT_WHERE_ALLOWED as failure:
                lost = failure
                await execution.clock.sleep(pause_after(failure, _PAUSE))
                continue
            return "the mark is off"
        raise lost or Conflict("the deployment kept changing under the patch", backend="Kubernetes")

    async def undo(self, execution: Execution) -> str:
        return "nothing to undo"
