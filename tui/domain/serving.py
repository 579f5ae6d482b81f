"""What Kubernetes runs: Deployments, their ReplicaSets and Pods, with only the fields that are shown or decided upon.

Times are seconds since the epoch. `key` is `namespace/name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EnvVar:
    name: str
    value: str | None
    """None: the value comes from elsewhere (`valueFrom`), which a link cannot read or edit."""


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """The parts of a pod template (or of a pod itself) that can say which model version is served."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: str
    reason: str = ""
    message: str = ""
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """One entry of managedFields: who wrote, how, when, and whether it holds fields of the pod template or the replica count."""

    manager: str
    operation: str
    at: float | None
    owns_template: bool
    owns_replicas: bool
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    observed_generation: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    selector: Mapping[str, str]
    template: PodTemplate
    template_hash: str
    """A digest of the whole raw pod template (canonical JSON): equal digests are equal templates, unknown fields included."""
    desired: int
    """`spec.replicas`, 1 where unset."""
    replicas: int
    updated: int
    ready: int
    available: int
    paused: bool
    conditions: tuple[Condition, ...]
    created_at: float | None
    owners: tuple[FieldOwner, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def revision(self) -> int:
        """`deployment.kubernetes.io/revision`, 0 where the controller has not written it yet."""
        text = self.annotations.get("deployment.kubernetes.io/revision", "")
        return int(text) if text.isdigit() else 0


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    namespace: str
    name: str
    uid: str
    owner_uid: str | None
    """The controlling Deployment's uid."""
    revision: int
    change_cause: str
    annotations: Mapping[str, str]
    template: PodTemplate
    desired: int
    ready: int
    available: int
    created_at: float | None

    @property
    def earlier(self) -> tuple[int, ...]:
        """Revisions that this same ReplicaSet had before it came back."""
        texts = self.annotations.get("deployment.kubernetes.io/revision-history", "").split(",")
        return tuple(int(text) for text in texts if text.strip().isdecimal())

    @property
    def made(self) -> tuple[float, int]:
        """Sorts the ReplicaSets of a Deployment by their making: Kubernetes keeps whole seconds, and within one only the revisions tell."""
        return self.created_at or 0.0, min((self.revision, *self.earlier))


@dataclass(frozen=True, slots=True)
class ContainerState:
    name: str
    image: str
    ready: bool
    restarts: int
    state: str
    """`waiting`, `running`, `terminated`, or `` where the kubelet has not said."""
    reason: str
    message: str
    exit_code: int | None = None
    started_at: float | None = None
    last_reason: str = ""
    last_message: str = ""
    last_exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    namespace: str
    name: str
    uid: str
    owner_uid: str | None
    """The controlling ReplicaSet's uid."""
    phase: str
    ready: bool
    terminating: bool
    reason: str
    """What `kubectl get pods` shows under STATUS: Running, CrashLoopBackOff, Terminating, …"""
    message: str
    node: str
    ip: str
    created_at: float | None
    started_at: float | None
    template: PodTemplate
    """The pod's own containers, labels and annotations: what it really was started with."""
    containers: tuple[ContainerState, ...]

    @property
    def restarts(self) -> int:
        return sum(c.restarts for c in self.containers)


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event about an object. `at` is its newest occurrence."""

    reason: str
    message: str
    kind: str
    type: str
    at: float | None
    count: int
    source: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """One consistent snapshot of what the informers hold for the watched namespaces."""

    deployments: tuple[Deployment, ...]
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]
    gaps: tuple[str, ...] = ()
    """What may not be read, in the API server's words: the rest is shown all the same."""

    def deployment(self, key: str) -> Deployment | None:
        return next((d for d in self.deployments if d.key == key), None)


@dataclass(frozen=True, slots=True)
class Access:
    """May this operator do it? None: the review itself failed, so it is not known (which is not a no)."""

    verb: str
    resource: str
    namespace: str
    allowed: bool | None
    reason: str = ""
