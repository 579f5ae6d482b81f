"""A Kubernetes Event on the Deployment, so that `kubectl describe` tells the story."""

from __future__ import annotations

from modeldeck.domain.operations.intent import Kind
from modeldeck.operations.execution.execution import Execution


class WriteEvent:
    async def do(self, execution: Execution) -> str:
        reason = "RolledBack" if execution.plan.intent.kind is Kind.ROLLBACK else "Promoted"
        await write_event(execution, reason, story(execution))
        return f"event {reason} written"

    async def undo(self, execution: Execution) -> str:
        return "events are evidence and stay"


async def write_event(execution: Execution, reason: str, message: str, *, warning: bool = False) -> None:
    """Raises a Failure. Named after the operation, so that it is never there twice, however often it is sent."""
    cluster = execution.clients.need_cluster()
    deployment = await execution.retry(lambda: cluster.deployment(*execution.key))
    await execution.request(f"write event {reason} on deployment {deployment.key}")
    key = f"{execution.plan.id} {reason}"
    await execution.retry(lambda: cluster.write_event(deployment, key=key, reason=reason, message=message, warning=warning), allowed=False)


def story(execution: Execution) -> str:
    """One sentence for people who know nothing of modeldeck."""
    intent = execution.plan.intent
    verb = "rolled back" if intent.kind is Kind.ROLLBACK else "promoted"
    why = f": {intent.reason}" if intent.reason else ""
    versions = f"from {execution.target.from_version or 'nothing'} to {execution.target.to_version}"
    return f"{execution.target.model} {verb} {versions} by {intent.actor}{why} ({execution.plan.id})"
