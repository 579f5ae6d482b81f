"""Changing the number of replicas."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict, Rejected
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import may_change

MOST = 1000
"""Replicas: more than that is a slip of the hand."""


async def scale(clients: Clients, namespace: str, name: str, replicas: int) -> None:
    """Raises ReadOnly, Rejected for a number that makes no sense, Conflict where an autoscaler owns it, or what the cluster says."""
    may_change(clients)
    if not 0 <= replicas <= MOST:
        raise Rejected(f"{replicas} replicas: choose 0 to {MOST}")
    cluster = clients.need_cluster()
    if await cluster.autoscaled(namespace, name):
        raise Conflict("an autoscaler owns the replica count and would set it back", hint="change the autoscaler's minimum and maximum")
    await cluster.scale(namespace, name, replicas)
