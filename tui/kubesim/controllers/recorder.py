"""Events: what the controllers tell about objects, counted up instead of repeated, and forgotten after an hour."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from kubesim.api import timestamps
from kubesim.api.kinds import EVENTS, Kind, Object
from kubesim.registry.registry import Registry, Write

LIFETIME = 3600.0
_REMEMBERED = 2000


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    count: int


class Recorder:
    """Writes events in the name of one component (`deployment-controller`)."""

    def __init__(self, registry: Registry, component: str, manager: str) -> None:
        self._registry = registry
        self._component = component
        self._write = Write(manager=manager)
        self._seen: OrderedDict[tuple[str, ...], _Seen] = OrderedDict()

    def event(self, kind: Kind, obj: Object, reason: str, message: str, *, type_: str = "Normal") -> None:
        """Record that something happened to `obj`; the same words again raise the count of the first event."""
        meta = obj["metadata"]
        namespace = meta.get("namespace", "default")
        identity = (meta["uid"], reason, message, type_)
        seen = self._seen.get(identity)
        stored = self._registry.find(EVENTS, namespace, seen.name) if seen else None
        now = timestamps.now()
        if seen and stored is not None:
            stored["count"] = seen.count + 1
            stored["lastTimestamp"] = now
            self._registry.update(EVENTS, namespace, seen.name, stored, self._write)
            self._seen[identity] = _Seen(seen.name, seen.count + 1)
            return
        name = f"{meta['name']}.{time.time_ns():x}"
        self._registry.create(
            EVENTS,
            namespace,
            {
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": reference(kind, obj),
                "reason": reason,
                "message": message,
                "source": {"component": self._component},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": type_,
                "reportingComponent": self._component,
                "reportingInstance": "",
            },
            self._write,
        )
        self._seen[identity] = _Seen(name, 1)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def reference(kind: Kind, obj: Object) -> Object:
    """An ObjectReference, as events carry it."""
    meta = obj["metadata"]
    found = {
        "kind": kind.kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": kind.api_version,
        "resourceVersion": meta["resourceVersion"],
    }
    if "namespace" in meta:
        found["namespace"] = meta["namespace"]
    return found


def expire(registry: Registry) -> None:
    """Delete the events whose last occurrence is more than an hour ago, as etcd's leases do."""
    for entry in registry.store.scan(EVENTS):
        obj = entry.object()
        seconds = timestamps.age_seconds(obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"]["creationTimestamp"])
        if seconds is not None and seconds > LIFETIME:
            registry.store.remove(EVENTS, entry.namespace, entry.name, obj)
