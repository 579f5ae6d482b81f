"""Saying once which of several references of a Deployment serves: an annotation that nothing restarts for."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.failures import Rejected
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.links.links import LINK_ANNOTATION
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import may_change


async def choose_link(clients: Clients, namespace: str, name: str, places: Sequence[str]) -> Deployment:
    """`places` by `Slot.name`. Raises ReadOnly, Rejected where they are not, or no longer, one reference, Conflict, or what the cluster
    says."""
    may_change(clients)
    cluster = clients.need_cluster()
    deployment = await cluster.deployment(namespace, name)
    change = {patch.own_annotation(LINK_ANNOTATION): (deployment.annotations.get(LINK_ANNOTATION), ",".join(places))}
    answer = await cluster.patch_deployment(namespace, name, patch.patch(change, deployment), dry_run=True)
    if link_of(answer, clients.environment.patterns) is None:
        raise Rejected(f"{', '.join(places)} of {deployment.key} is not one reference to a model", hint="look at the template again")
    return await cluster.patch_deployment(namespace, name, patch.patch(change, deployment))
