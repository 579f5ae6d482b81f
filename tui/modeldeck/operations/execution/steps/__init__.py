"""The steps of an operation. Each can be done, be looked for in the world, and be undone; each knows only the plan and the ports.

`do` raises a Failure where it could not, `Stopped` where it was cancelled. `undo` looks at the world first, so that it may be asked for
a step of which nobody knows whether it was done. Both answer what happened, in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps.alias import MoveAlias
from modeldeck.operations.execution.steps.approval import AwaitApproval
from modeldeck.operations.execution.steps.copy import CopyVersion
from modeldeck.operations.execution.steps.event import WriteEvent
from modeldeck.operations.execution.steps.gate import JudgeGate
from modeldeck.operations.execution.steps.lock import TakeLock
from modeldeck.operations.execution.steps.release import Release
from modeldeck.operations.execution.steps.rollout import AwaitRollout
from modeldeck.operations.execution.steps.tags import TagVersions
from modeldeck.operations.execution.steps.template import PatchDeployment, TemplatePart
from modeldeck.operations.execution.steps.verify import Verify


class Work(Protocol):
    async def do(self, execution: Execution) -> str: ...

    async def undo(self, execution: Execution) -> str: ...


WORKS: Mapping[StepName, Work] = {
    StepName.AWAIT_APPROVAL: AwaitApproval(),
    StepName.LOCK: TakeLock(),
    StepName.COPY_VERSION: CopyVersion(),
    StepName.MARK: PatchDeployment(TemplatePart.ANNOTATIONS),
    StepName.PATCH_TEMPLATE: PatchDeployment(TemplatePart.WHOLE),
    StepName.RESTART: PatchDeployment(TemplatePart.TEMPLATE),
    StepName.AWAIT_ROLLOUT: AwaitRollout(),
    StepName.JUDGE_GATE: JudgeGate(),
    StepName.MOVE_ALIAS: MoveAlias(),
    StepName.TAG_VERSION: TagVersions(),
    StepName.WRITE_EVENT: WriteEvent(),
    StepName.RELEASE: Release(),
    StepName.VERIFY: Verify(),
}
