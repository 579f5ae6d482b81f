"""The ReplicaSets that serve, as their pods' names tell: Kubernetes names a pod after its set, and five characters more."""

from __future__ import annotations

from collections.abc import Iterable

from tui.domain.serving import Pod


def addresses(pods: Iterable[Pod]) -> tuple[str, ...]:
    """Those of the pods that are ready and not about to end, by which series can be told to be theirs: each pod's own."""
    all_of_them = [pod.ip for pod in pods if pod.ip and pod.ready and not pod.terminating]
    return tuple(ip for ip in all_of_them if all_of_them.count(ip) == 1 and not ip.startswith(("127.", "::1")))


def serving_sets(pods: Iterable[Pod]) -> tuple[str, ...]:
    """Names of the sets whose pods have not ended and are not about to, in order and each once.

    A pod that was evicted in an earlier rollout may lie about for weeks: its set does not serve.
    """
    return tuple(dict.fromkeys(pod.name.rpartition("-")[0] for pod in pods if not pod.terminating and not pod.ended))
