"""The ReplicaSets that serve, as their pods' names tell: Kubernetes names a pod after its set, and five characters more."""

from __future__ import annotations

from collections.abc import Iterable

from modeldeck.domain.kubernetes.workloads import Pod


def serving_sets(pods: Iterable[Pod]) -> tuple[str, ...]:
    """Names of the sets whose pods have not ended and are not about to, in order and each once.

    A pod that was evicted in an earlier rollout may lie about for weeks: its set does not serve.
    """
    return tuple(dict.fromkeys(pod.name.rpartition("-")[0] for pod in pods if not pod.terminating and not pod.ended))
