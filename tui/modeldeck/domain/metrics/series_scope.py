"""What a configuration says about an environment's series in Prometheus, and under which names scrapers tell whose a series is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modeldeck.domain.metrics.profiles.profile import Profile

PODS = (
    "exported_pod",
    "pod",
    "kubernetes_pod_name",
    "pod_name",
    "kubernetes_pod",
    "k8s_pod_name",
    "kube_pod_name",
    "kubernetes_io_pod_name",
)
"""Names of the label that names the pod. `exported_pod` comes first: beside it, `pod` is that of whoever handed the series on."""
NAMESPACES = ("exported_namespace", "namespace", "kubernetes_namespace", "pod_namespace", "k8s_namespace_name", "kube_namespace")
INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class SeriesScope:
    """What the configuration says about an environment's series. "" is looked up."""

    pod: str = ""
    namespace: str = ""
    instance: str = ""
    """Where set, pods are found by their address in this label."""
    matchers: tuple[str, ...] = ()
    """PromQL matchers that belong into every selector: `cluster="prod"`."""
    profiles: tuple[Profile, ...] = ()
    """Servers that the configuration describes, tried before those that are built in."""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """(pod label, namespace label) to try, the likeliest meaning first. A namespace label "" is none."""
        if self.instance:
            return
        for pod in (self.pod,) if self.pod else PODS:
            for namespace in (self.namespace,) if self.namespace else (*NAMESPACES, ""):
                yield pod, namespace
