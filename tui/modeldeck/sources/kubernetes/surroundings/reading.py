"""All of it at once. What may not be read is told, and takes nothing from the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.surroundings import Surroundings
from modeldeck.domain.kubernetes.workloads import Deployment, Pod
from modeldeck.sources.common.bounds import MIB
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.listing import converted, listed
from modeldeck.sources.kubernetes.resources import DEPLOYMENTS
from modeldeck.sources.kubernetes.surroundings import objects
from modeldeck.sources.kubernetes.surroundings.events import EventSubjects, events_about, node_events
from modeldeck.sources.kubernetes.surroundings.templates import SETS, HeldTemplate, TemplateHolder, fields_of, references_in

_MOST = 32 * MIB
# Bytes of the ReplicaSets that the selector finds.


async def surroundings(transport: Transport, deployment: Deployment, pods: Sequence[Pod]) -> Surroundings:
    """Raises a Failure only where the deployment itself cannot be read. `pods`: its own, as far as they are known."""
    namespace, name = deployment.namespace, deployment.name
    holder = transport.decode(await transport.get(DEPLOYMENTS.path(namespace, name)), TemplateHolder)
    node_names = sorted({pod.node for pod in pods if pod.node})
    (sets, no_sets), (scalers, no_scalers) = await asyncio.gather(
        _sets(transport, deployment), objects.autoscalers(transport, namespace, name)
    )
    subjects = EventSubjects(
        namespace,
        name,
        frozenset(one.name for one in sets),
        frozenset(one.name for one in scalers),
        tuple(pod.name for pod in sorted(pods, key=lambda pod: -(pod.created_at or 0.0))),
    )
    (events, no_events), (of_nodes, no_node_events), (configs, no_configs), (nodes, no_nodes) = await asyncio.gather(
        events_about(transport, subjects),
        node_events(transport, node_names),
        objects.configs(transport, namespace, converted(references_in, holder.spec.template)),
        objects.nodes(transport, node_names),
    )
    not_known = (no_sets, no_scalers, no_events, no_node_events, *no_configs, *no_nodes)
    templates = {one.uid: converted(fields_of, one.raw) for one in sets}
    return Surroundings((*events, *of_nodes), templates, configs, nodes, scalers, tuple(text for text in not_known if text))


async def _sets(transport: Transport, deployment: Deployment) -> tuple[tuple[HeldTemplate, ...], str]:
    selector = ",".join(f"{key}={value}" for key, value in sorted(deployment.selector.items()))
    try:
        found = await listed(transport, SETS, deployment.namespace, selector=selector, most=_MOST)
    except Failure as failure:
        return (), f"what rollouts changed: {failure.message}"
    return tuple(one for one in found if deployment.uid in one.owners), ""
