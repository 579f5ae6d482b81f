"""Which of a deployment's pods are asked about."""

from __future__ import annotations

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.charts.chart_queries import PodGroup
from modeldeck.domain.metrics.pod_labels import PodIndex
from modeldeck.domain.metrics.profiles.queries import pod_pattern


def all_pods(fleet: Fleet, namespace: str, deployment: str) -> PodGroup:
    index = PodIndex(fleet)
    mine = [pod for pod, owner in index.owners.items() if owner == f"{namespace}/{deployment}"]
    return PodGroup("", pod_pattern(deployment), index.addresses(mine))
