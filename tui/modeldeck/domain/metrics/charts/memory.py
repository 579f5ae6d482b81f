"""The memory of a deployment's pods: as the kubelet counts it of every container, else as processes say of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.metrics.pod_labels import PodLabels

CONTAINERS = "container_memory_working_set_bytes"
"""Of cAdvisor in the kubelet: what a container's limit is held against. It has a row of the whole pod, and one of its sandbox, too."""
PROCESSES = "process_resident_memory_bytes"
_OF_CONTAINERS = 'container!="",container!="POD"'


@dataclass(frozen=True, slots=True)
class MemorySource:
    """`by_pod` answers one series a pod, in bytes."""

    by_pod: str
    message: str

    @property
    def queries(self) -> dict[str, str]:
        return {"highest memory": f"max ({self.by_pod})", "mean memory": f"avg ({self.by_pod})"}


def memory_sources(namespace: str, pattern: str, matchers: str, of_processes: PodLabels, where: str) -> tuple[MemorySource, ...]:
    """Where it may be found, the best first. `pattern` matches the pods' names, `matchers` stand in every selector; `where` selects the
    series that the pods export themselves, which name them by `of_processes`."""
    ways = (PodLabels("pod", "namespace", matchers=matchers), PodLabels("exported_pod", "exported_namespace", matchers=matchers))
    containers = (_of_containers(by, by.of_pods(namespace, pattern)) for by in ways)
    processes = MemorySource(
        f"sum by ({of_processes.by}) ({PROCESSES}{{{where}}})",
        f"of a pod, what its processes say of themselves ({PROCESSES}), as there is no {CONTAINERS}",
    )
    return (*containers, processes)


def _of_containers(by: PodLabels, where: str) -> MemorySource:
    # The highest of a container: one that started again, or is scraped twice, is there twice.
    one = f"max by ({by.by}, container) ({CONTAINERS}{{{where},{_OF_CONTAINERS}}})"
    return MemorySource(f"sum by ({by.by}) ({one})", f"of a pod, the working sets of its containers ({CONTAINERS}) together")
