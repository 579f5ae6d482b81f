"""Which of a deployment's pods are asked about: all of them, or those of one version."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.gates.pod_names import pods_of
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.charts.chart_queries import PodGroup
from modeldeck.domain.metrics.pod_labels import PodIndex
from modeldeck.domain.metrics.profiles.queries import pod_pattern


@dataclass(frozen=True, slots=True)
class VersionPods:
    """A version, as it is told to people, and the names of its ReplicaSets."""

    name: str
    replica_sets: tuple[str, ...]


def all_pods(fleet: Fleet, namespace: str, deployment: str) -> PodGroup:
    index = PodIndex(fleet)
    mine = [pod for pod, owner in index.owners.items() if owner == f"{namespace}/{deployment}"]
    return PodGroup("", pod_pattern(deployment), index.addresses(mine))


def pods_of_version(fleet: Fleet, namespace: str, version: VersionPods) -> PodGroup:
    """Also those that are gone; by address only those that are there."""
    sets = {one.uid for one in fleet.replica_sets if one.namespace == namespace and one.name in version.replica_sets}
    mine = [f"{pod.namespace}/{pod.name}" for pod in fleet.pods if pod.owner_uid in sets]
    return PodGroup(version.name, pods_of(version.replica_sets), PodIndex(fleet).addresses(mine))
