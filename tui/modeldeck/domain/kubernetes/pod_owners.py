"""Which pods are whose: from a Deployment over its ReplicaSets to the pods, and back."""

from __future__ import annotations

from collections import defaultdict

from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, Pod


def pods_by_deployment(fleet: Fleet) -> dict[str, list[Pod]]:
    """Deployment key → its pods through their ReplicaSets; by selector where the Deployment's ReplicaSets may not be read."""
    of_set = {s.uid: s.owner_uid for s in fleet.replica_sets if s.owner_uid is not None}
    found: dict[str, list[Pod]] = {d.key: [] for d in fleet.deployments}
    key_of = {d.uid: d.key for d in fleet.deployments}
    with_sets = set(of_set.values())
    unseen: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in fleet.deployments:
        if deployment.uid not in with_sets and deployment.selector:
            unseen[deployment.namespace].append(deployment)
    for pod in fleet.pods:
        key = key_of.get(of_set.get(pod.owner_uid or "") or "")
        if key is None and pod.owner_uid not in of_set:
            key = next((d.key for d in unseen.get(pod.namespace, ()) if d.selector.items() <= pod.template.labels.items()), None)
        if key is not None:
            found[key].append(pod)
    return found


def deployments_of_pods(fleet: Fleet) -> dict[str, str]:
    """`namespace/pod` → Deployment key, for statistics by Deployment."""
    return {f"{pod.namespace}/{pod.name}": key for key, pods in pods_by_deployment(fleet).items() for pod in pods}
