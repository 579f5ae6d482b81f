"""Whose metrics are judged."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.gates.pod_names import told_apart
from modeldeck.domain.kubernetes.pod_addresses import PodAddress


@dataclass(frozen=True, slots=True)
class GateTarget:
    """The pods of the new version and of the one being replaced, each by the names of their ReplicaSets."""

    namespace: str
    deployment: str
    current: tuple[str, ...]
    baseline: tuple[str, ...] = ()
    baseline_until: float | None = None
    """Where the baseline's window ends, in seconds since the epoch: just before the change. None: both serve at the same time."""
    model: str = ""
    version: str = ""
    """The new one."""
    addresses: tuple[PodAddress, ...] = ()
    """Of the current pods, for series that name their pods by nothing else."""
    baseline_addresses: tuple[PodAddress, ...] = ()
    """Of the pods of the version being replaced, as they were noted down before the change: Kubernetes has forgotten them since."""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.deployment}"

    @property
    def told_apart(self) -> bool:
        """Whether pods' names tell the two versions apart: of very long names, Kubernetes cuts off what does. The same pods may be
        compared with themselves."""
        return self.baseline == self.current or told_apart(self.current, self.baseline)
