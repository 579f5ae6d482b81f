"""Taking the mark off again: the operation is over, and the Deployment's history tells of it."""

from __future__ import annotations

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.announcing import withdraw
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.guarded_patch import DeploymentPatch, patch_guarded
from modeldeck.operations.execution.release_edits import release_edits

_OFF = "the mark is off"


class Release:
    async def do(self, execution: Execution) -> str:
        if not any(step.name is StepName.RELEASE for step in execution.plan.steps[execution.index + 1 :]):
            await withdraw(execution)  # first: while the mark stands, whoever finds it can do what is left

        async def decide(deployment: Deployment, lost: Failure | None) -> DeploymentPatch | str:
            wanted = release_edits(execution, deployment)
            return DeploymentPatch(wanted, f"take the mark off deployment {deployment.key}") if wanted else _OFF

        await patch_guarded(execution, decide, during="patch")
        return _OFF

    async def undo(self, execution: Execution) -> str:
        return "nothing to undo"
