"""A Kubernetes Event on the Deployment, so that `kubectl describe` tells the story."""

from __future__ import annotations

from modeldeck.domain.operations.promotions import Kind
from modeldeck.operations.execution.execution import Run


class WriteEvent:
    async def do(self, run: Run) -> str:
        reason = "RolledBack" if run.plan.intent.kind is Kind.ROLLBACK else "Promoted"
        await write_event(run, reason, story(run))
        return f"event {reason} written"

    async def undo(self, run: Run) -> str:
        return "events are evidence and stay"


async def write_event(run: Run, reason: str, message: str, *, warning: bool = False) -> None:
    """Raises a Failure. Named after the operation, so that it is never there twice, however often it is sent."""
    cluster = run.world.need_cluster()
    deployment = await run.patiently(lambda: cluster.deployment(*run.key))
    await run.request(f"write event {reason} on deployment {deployment.key}")
    key = f"{run.plan.id} {reason}"
    await run.patiently(lambda: cluster.write_event(deployment, key=key, reason=reason, message=message, warning=warning), allowed=False)


def story(run: Run) -> str:
    """One sentence for people who know nothing of modeldeck."""
    intent = run.plan.intent
    verb = "rolled back" if intent.kind is Kind.ROLLBACK else "promoted"
    why = f": {intent.reason}" if intent.reason else ""
    versions = f"from {run.plan.from_version or 'nothing'} to {run.plan.to_version}"
    return f"{run.plan.model} {verb} {versions} by {intent.actor}{why} ({run.plan.id})"
