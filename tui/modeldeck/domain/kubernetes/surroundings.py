"""What stands around a deployment and may have changed under it: events, its whole templates, where its pods take settings from, its nodes.

Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modeldeck.domain.kubernetes.workloads import Condition, Event

FieldPath = tuple[str, ...]
TemplateFields = Mapping[FieldPath, str]
"""Every field of a raw pod template, by its path: members of a list stand by their name where they have one. Values as text."""


@dataclass(frozen=True, slots=True)
class FieldWrite:
    """Somebody's newest change of an object, as its managedFields tell."""

    manager: str
    at: float


@dataclass(frozen=True, slots=True)
class ConfigObject:
    """A ConfigMap or Secret that a template names. Only its metadata is ever read: never a value."""

    kind: str
    name: str
    resource_version: str
    created_at: float | None
    writes: tuple[FieldWrite, ...] = ()
    as_files: bool = False
    """Whether it is mounted: running pods see a change within minutes then. As environment only pods that start later do."""


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node that runs pods of the deployment."""

    name: str
    created_at: float | None
    unschedulable: bool = False
    cordoned_at: float | None = None
    """When pods were last kept away from it, as its taint tells."""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class HorizontalScaling:
    """A HorizontalPodAutoscaler of the deployment."""

    name: str
    scaled_at: float | None
    current: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """As far as it may be read: what may not is told in `not_known`, and looks like nothing elsewhere."""

    events: tuple[Event, ...] = ()
    """Of the deployment, its ReplicaSets, pods, autoscalers and nodes."""
    templates: Mapping[str, TemplateFields] = field(default_factory=dict)
    """By the uid of its ReplicaSet."""
    configs: tuple[ConfigObject, ...] = ()
    nodes: tuple[ClusterNode, ...] = ()
    autoscalers: tuple[HorizontalScaling, ...] = ()
    not_known: tuple[str, ...] = ()
