"""The ReplicaSets that serve, as their pods' names tell: Kubernetes names a pod after its set, and five characters more."""

from __future__ import annotations

from collections.abc import Iterable

from tui.domain.serving import Pod


def serving_sets(pods: Iterable[Pod]) -> tuple[str, ...]:
    """Names of the sets whose pods are not about to end, in order and each once."""
    return tuple(dict.fromkeys(pod.name.rpartition("-")[0] for pod in pods if not pod.terminating))
