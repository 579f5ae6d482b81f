"""Waiting for a second person, where the environment asks for one: nothing has been touched until then."""

from __future__ import annotations

from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.journal.signals import same_person

_LISTEN = 0.25
"""Seconds between two looks for an approval."""


class AwaitApproval:
    async def do(self, execution: Execution) -> str:
        """Answers who approved it. Waits as long as it takes; Stopped on a cancel."""
        waiting = False
        while True:
            execution.stop_if_asked()
            for asked in execution.inbox.approvals:
                if same_person(asked.by, execution.plan.intent.actor):
                    continue
                message = f"approved by {asked.by}" + (f": {asked.reason}" if asked.reason else "")
                if waiting:
                    execution.record("going-on", message=message)
                return message
            if not waiting:
                waiting = True
                command = f"modeldeck operations approve {execution.plan.id}"
                execution.record("waiting", message="somebody else has to approve it", commands=[command])
            await execution.clock.sleep(_LISTEN)

    async def undo(self, execution: Execution) -> str:
        return "nothing to undo"
