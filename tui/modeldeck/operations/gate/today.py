"""A deployment as it serves now, as a target: for forecasts, and for trying a gate's settings."""

from __future__ import annotations

from modeldeck.domain.kubernetes.pod_addresses import serving_addresses
from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.operations.gate.target import GateTarget


def todays_target(deployment: Deployment, fleet: Fleet, patterns: LinkPatterns | None = None) -> GateTarget:
    """Its ready pods, by their ReplicaSets, and the model version that its template names. `current` is () where no pod is ready."""
    names = {replica_set.uid: replica_set.name for replica_set in fleet.replica_sets}
    ready = [pod for pod in pods_by_deployment(fleet).get(deployment.key, ()) if pod.ready and not pod.terminating]
    # Where ReplicaSets may not be read, a pod's name says it but for the five random characters.
    sets = dict.fromkeys(names.get(pod.owner_uid or "", pod.name.rpartition("-")[0]) for pod in ready)
    link = link_of(deployment, patterns or LinkPatterns())
    model, version = (link.model or "", link.version or "") if link else ("", "")
    known = serving_addresses(ready)
    return GateTarget(deployment.namespace, deployment.name, tuple(sets), model=model, version=version, addresses=known)
