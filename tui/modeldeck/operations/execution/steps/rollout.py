"""Waiting for the new pods. Nothing to undo: the patch's own undo starts the way back and waits for it."""

from __future__ import annotations

from modeldeck.operations.common import patch
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.waiting import wait_for_rollout


class AwaitRollout:
    async def do(self, execution: Execution) -> str:
        return await wait_for_rollout(execution, patch.of_template(execution.target.slot_edits))

    async def undo(self, execution: Execution) -> str:
        return "nothing to undo"
