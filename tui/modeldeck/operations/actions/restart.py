"""Restarting a Deployment as `kubectl rollout restart` does it: one annotation on the pod template."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import RESTARTED_AT
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import ANNOTATIONS, escape
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import may_change
from modeldeck.operations.common.text import iso
from modeldeck.ports import Clock

_TRIES = 5


async def restart(clients: Clients, namespace: str, name: str, clock: Clock) -> Deployment:
    """Answers the Deployment with its rollout begun. Raises ReadOnly, Conflict while it is paused, or what the cluster says."""
    may_change(clients)
    cluster = clients.need_cluster()
    where = f"{ANNOTATIONS}/{escape(RESTARTED_AT)}"
    tries = 0
    while True:
        tries += 1
        deployment = await cluster.deployment(namespace, name)
        refuse_paused(deployment)
        change = {where: (deployment.template.annotations.get(RESTARTED_AT), iso(clock.now()))}
        try:
            return await cluster.patch_deployment(namespace, name, patch.patch(change, deployment))
        except Conflict:
            if tries >= _TRIES:
                raise


def refuse_paused(deployment: Deployment) -> None:
    """Raises Conflict: as kubectl does it, since nothing would begin."""
    if deployment.paused:
        hint = f"kubectl -n {deployment.namespace} rollout resume deployment {deployment.name}"
        raise Conflict(f"deployment {deployment.key} is paused", hint=hint, backend="Kubernetes")
