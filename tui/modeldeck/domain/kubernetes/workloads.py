"""What Kubernetes runs: Deployments, their ReplicaSets and Pods, with only the fields that are shown or decided upon.

Times are seconds since the epoch. `key` is `namespace/name`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modeldeck.domain.numerals import whole


@dataclass(frozen=True, slots=True)
class EnvVar:
    name: str
    value: str | None
    """None: the value comes from elsewhere (`valueFrom`), which a link cannot read or edit."""
    source: str = ""
    """From where then: "key iris of ConfigMap model-versions"."""


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[str, ...] = ()
    """Where whole sets of variables come from: "ConfigMap model-config"."""
    devices: tuple[str, ...] = ()
    """Extended resources that it asks for, which no two pods share: "1 nvidia.com/gpu"."""


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """The parts of a pod template (or of a pod itself) that can say which model version is served."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    """Those that run before, native sidecars included."""
    node: str = ""
    """The one that a template names itself (`nodeName`): no scheduler is asked then."""


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
class Controller:
    """The object that made another one and looks after it: its owner reference with `controller: true`."""

    api_version: str
    kind: str
    name: str

    @property
    def group(self) -> str:
        """The API group; "" for the core's."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an object of any kind is set to: its `spec`, and its annotations, where many controllers look for switches."""

    spec: Mapping[str, object] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Strategy:
    """How pods are replaced. `max_surge` and `max_unavailable` as they stand: a number, or "25%"."""

    recreate: bool = False
    max_surge: str = "25%"
    max_unavailable: str = "25%"

    def limits(self, desired: int) -> tuple[int, int]:
        """How many pods may be there beyond `desired`, and how many may be missing: as the Deployment controller rounds them."""
        surge, unavailable = _share(self.max_surge, desired, math.ceil), _share(self.max_unavailable, desired, math.floor)
        return surge, unavailable or (0 if surge else 1)


def _share(text: str, desired: int, rounded: Callable[[float], int]) -> int:
    number = text.removesuffix("%")
    if not (number.isascii() and number.isdigit()):
        return 0
    return rounded(int(number[:9]) * desired / 100) if text.endswith("%") else int(number[:9])


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
    controller: Controller | None = None
    strategy: Strategy = Strategy()

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def revision(self) -> int:
        """`deployment.kubernetes.io/revision`, 0 where the controller has not written it yet."""
        return whole(self.annotations.get("deployment.kubernetes.io/revision", "")) or 0


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
        return tuple(number for text in texts if (number := whole(text)) is not None)

    @property
    def made(self) -> tuple[float, int]:
        """Sorts the ReplicaSets of a Deployment by their making: Kubernetes keeps whole seconds, and within one only the revisions tell."""
        return self.created_at or 0.0, min((self.revision, *self.earlier))


class ContainerKind(StrEnum):
    MAIN = "main"
    INIT = "init"
    """Ends before the others start."""
    SIDECAR = "sidecar"
    """A native sidecar: an init container with `restartPolicy: Always`."""
    EPHEMERAL = "ephemeral"
    """Put there by `kubectl debug`: never restarted, and no part of what the pod has to do."""


@dataclass(frozen=True, slots=True)
class OtherWorkload:
    """What runs pods as a Deployment does, and is not handled here: a StatefulSet or a DaemonSet."""

    kind: str
    namespace: str
    name: str
    template: PodTemplate

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


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
    kind: ContainerKind = ContainerKind.MAIN
    started: bool = False
    """The kubelet's `started`: its startup probe, if any, has passed."""
    last_ended_at: float | None = None
    """When the run before this one ended."""
    image_id: str = ""
    """Which image it really runs: "registry/iris@sha256:…"; two pods of one tag may differ in it."""

    @property
    def holds_others_back(self) -> bool:
        """Whether the containers after it wait for it: an init container that has not ended well, a sidecar that has not started."""
        if self.kind not in (ContainerKind.INIT, ContainerKind.SIDECAR) or (self.state == "terminated" and self.exit_code == 0):
            return False
        return self.kind is ContainerKind.INIT or not self.started


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
    """Init containers and sidecars first, in the order of the pod's spec; ephemeral ones last."""
    initialized: bool = False
    """The condition Initialized: the init containers are done."""
    unscheduled: str = ""
    """Why no node takes the pod, in the scheduler's own words; "" once it has one."""
    revision: int = 0
    """Its ReplicaSet's revision; 0 where that was not looked up."""
    on_host_network: bool = False
    """It has its node's address, as others there have."""
    host_ports: tuple[int, ...] = ()
    """Which ports of it are its own then, as its containers declare them."""

    @property
    def ended(self) -> bool:
        """It never runs again: evicted, refused by its node, completed. Its ReplicaSet has another one made, and leaves this one behind."""
        return self.phase in ("Failed", "Succeeded")

    @property
    def restarts(self) -> int:
        """As `kubectl get pods` counts them (printers.go): while init containers hold the pod back theirs, then the others'."""
        early = [c for c in self.containers if c.kind in (ContainerKind.INIT, ContainerKind.SIDECAR)]
        if not self.initialized:
            for index, container in enumerate(early):
                if container.holds_others_back:
                    return sum(c.restarts for c in early[: index + 1])
        return sum(c.restarts for c in self.containers if c.kind in (ContainerKind.MAIN, ContainerKind.SIDECAR))


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event about an object of `kind` and `name`. `at` is its newest occurrence, `since` its first."""

    reason: str
    message: str
    kind: str
    type: str
    at: float | None
    count: int
    source: str
    name: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """One consistent snapshot of what the informers hold for the watched namespaces."""

    deployments: tuple[Deployment, ...]
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]
    gaps: tuple[str, ...] = ()
    """What may not be read, in the API server's words: the rest is shown all the same."""
    whole: bool = True
    """False while something has been asked for and never answered: large clusters tell their deployments seconds before their pods."""

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
