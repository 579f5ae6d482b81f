"""Events as the kubelet writes them: one object for the same words about the same container, counted up when they come again."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Literal

from modeldeck.domain.failures import Failure, NotFound
from modeldeck.sandbox.node.api import DynamicClient, Object
from modeldeck.sandbox.node.logs import timestamp

_LOG = logging.getLogger(__name__)
_WAITING_AT_MOST = 1000


@dataclass(frozen=True)
class _Event:
    pod: Object
    container: str
    kind: str
    reason: str
    message: str


class Recorder:
    """Writes events in the background: a slow or absent API server delays events, never pods."""

    def __init__(self, api: DynamicClient, node: str) -> None:
        self._api, self._node = api, node
        self._queue: asyncio.Queue[_Event] = asyncio.Queue(_WAITING_AT_MOST)
        self._written: dict[tuple[str, ...], tuple[str, int]] = {}  # what was said -> event's path, count

    def say(self, pod: Object, container: str, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Record an event about a container of a pod. With too many waiting, the new one is dropped."""
        try:
            self._queue.put_nowait(_Event(pod, container, kind, reason, message))
        except asyncio.QueueFull:
            _LOG.warning("too many events are waiting, dropped: %s %s", reason, message)

    async def run(self) -> None:
        """Write events until cancelled."""
        while True:
            event = await self._queue.get()
            try:
                await self._write(event)
            except Failure as failure:
                _LOG.warning("event %s was not written: %s", event.reason, failure)

    async def _write(self, event: _Event) -> None:
        key = (event.pod["metadata"]["uid"], event.container, event.kind, event.reason, event.message)
        moment = now()
        path, count = self._written.get(key, ("", 0))
        if path:
            try:
                await self._api.patch(path, {"count": count + 1, "lastTimestamp": moment})
            except NotFound:
                pass  # expired: events are kept for an hour
            else:
                self._written[key] = (path, count + 1)
                return
        if len(self._written) > _WAITING_AT_MOST:
            self._written.clear()
        made = await self._api.request("POST", self._collection(event), self._object(event, moment))
        self._written[key] = (f"{self._collection(event)}/{made['metadata']['name']}", 1)

    def _collection(self, event: _Event) -> str:
        return f"/api/v1/namespaces/{event.pod['metadata']['namespace']}/events"

    def _object(self, event: _Event, moment: str) -> Object:
        pod = event.pod["metadata"]
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{pod['name']}.{time.time_ns():x}", "namespace": pod["namespace"]},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": pod["name"],
                "namespace": pod["namespace"],
                "uid": pod["uid"],
                "resourceVersion": pod.get("resourceVersion", ""),
                "fieldPath": f"spec.containers{{{event.container}}}",
            },
            "type": event.kind,
            "reason": event.reason,
            "message": event.message[:1024],
            "source": {"component": "kubelet", "host": self._node},
            "reportingComponent": "kubelet",
            "reportingInstance": self._node,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }


def now() -> str:
    """RFC 3339 in whole seconds, as object timestamps are."""
    return timestamp()[:19] + "Z"
