"""Kubernetes' Events about a deployment, what it owns, and its nodes: of the core's API, or where that may not be read of events.k8s.io."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from modeldeck.domain.failures import Failure, Forbidden, TooLarge
from modeldeck.domain.kubernetes.workloads import Event
from modeldeck.sources.common.bounds import MIB
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes import convert
from modeldeck.sources.kubernetes.listing import listed
from modeldeck.sources.kubernetes.resources import ResourceKind
from modeldeck.sources.kubernetes.responses import EventSeries, EventSource, EventWire, InvolvedObject
from modeldeck.sources.kubernetes.wire import Int, Meta, Moment, Wire

MOST = 16 * MIB
"""Bytes of the events of a namespace: some 15,000."""
_ASKED = 20
# Objects that are asked for one by one where the namespace has more. Each such question makes the API server look through all of them.
_BASE = 58
# Kubernetes cuts what stands before the five random characters of a pod's name.
_NODES = "default"
# The namespace of events about what has none.


class NewEventWire(Wire):
    """events.k8s.io/v1: the same objects under other names."""

    metadata: Meta
    reason: str = ""
    note: str = ""
    type: str = ""
    event_time: Moment | None = None
    series: EventSeries | None = None
    reporting_controller: str = ""
    regarding: InvolvedObject | None = None
    deprecated_source: EventSource | None = None
    deprecated_first_timestamp: Moment | None = None
    deprecated_last_timestamp: Moment | None = None
    deprecated_count: Int | None = None


def _of_new(body: NewEventWire) -> Event:
    return convert.event_of(
        EventWire(
            body.metadata,
            body.reason,
            body.note,
            body.type,
            body.deprecated_count,
            body.deprecated_first_timestamp,
            body.deprecated_last_timestamp,
            body.event_time,
            body.series,
            body.deprecated_source,
            body.reporting_controller,
            body.regarding,
        )
    )


CORE: ResourceKind[Event] = ResourceKind("events", "/api/v1", msgspec.json.Decoder(EventWire), convert.event_of)
NEW: ResourceKind[Event] = ResourceKind("events", "/apis/events.k8s.io/v1", msgspec.json.Decoder(NewEventWire), _of_new)
_SUBJECT = {CORE.prefix: "involvedObject", NEW.prefix: "regarding"}


@dataclass(frozen=True, slots=True)
class EventSubjects:
    """Whose events: of a deployment, its ReplicaSets, its autoscalers, and all pods that these sets ever had."""

    namespace: str
    deployment: str
    sets: frozenset[str]
    autoscalers: frozenset[str] = frozenset()
    pods: tuple[str, ...] = ()
    """Those that there are, to ask for one by one."""

    def has(self, event: Event) -> bool:
        match event.kind:
            case "Deployment":
                return event.name == self.deployment
            case "ReplicaSet":
                return event.name in self.sets
            case "HorizontalPodAutoscaler":
                return event.name in self.autoscalers
            case "Pod":
                return event.name[:-5] in {f"{name}-"[:_BASE] for name in self.sets}
            case _:
                return False

    @property
    def first(self) -> tuple[tuple[str, str], ...]:
        """(kind, name) of those to ask for where not all can be."""
        asked = [("Deployment", self.deployment), *(("HorizontalPodAutoscaler", name) for name in sorted(self.autoscalers))]
        asked += [("ReplicaSet", name) for name in sorted(self.sets)[:3]] + [("Pod", name) for name in self.pods]
        return tuple(asked[:_ASKED])


async def events_about(transport: Transport, subjects: EventSubjects) -> tuple[tuple[Event, ...], str]:
    """(events, what is not known)."""
    try:
        found = await _events(transport, subjects.namespace)
    except TooLarge:
        return await _one_by_one(transport, subjects)
    except Failure as failure:
        return (), f"events of {subjects.namespace}: {failure.message}"
    return tuple(event for event in found if subjects.has(event)), ""


async def _one_by_one(transport: Transport, subjects: EventSubjects) -> tuple[tuple[Event, ...], str]:
    told = f"{subjects.namespace} has more events than can be looked through: only those of {len(subjects.first)} objects were read"
    try:
        answers = await asyncio.gather(*(_events(transport, subjects.namespace, kind, name) for kind, name in subjects.first))
    except Failure as failure:
        return (), f"{told}: {failure.message}"
    return tuple(event for events in answers for event in events), told


async def node_events(transport: Transport, names: Collection[str]) -> tuple[tuple[Event, ...], str]:
    """(events about these nodes, what is not known)."""
    if not names:
        return (), ""
    try:
        found = await _events(transport, _NODES, "Node")
    except Failure as failure:
        return (), f"events of nodes: {failure.message}"
    return tuple(event for event in found if event.name in names), ""


async def _events(transport: Transport, namespace: str, kind: str = "", name: str = "") -> Sequence[Event]:
    """Raises the core's refusal where neither may be read."""
    refused: Forbidden | None = None
    for api in (CORE, NEW):
        subject = _SUBJECT[api.prefix]
        fields = ",".join(f"{subject}.{key}={value}" for key, value in (("kind", kind), ("name", name)) if value)
        try:
            return await listed(transport, api, namespace, fields=fields, most=MOST)
        except Forbidden as failure:
            refused = refused or failure
    assert refused is not None
    raise refused
