"""The node agent's view of the Kubernetes API: whole objects as JSON, over the console's own connection and reflector."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from modeldeck.backoff import Backoff
from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Failure
from modeldeck.sources.kubernetes import wire
from modeldeck.sources.kubernetes.connection import Connection
from modeldeck.sources.kubernetes.reflector import Reflector
from modeldeck.sources.kubernetes.resources import ResourceKind

Object = dict[str, Any]  # a Kubernetes object as JSON

_LOG = logging.getLogger(__name__)
_AGENT = "modeldeck-node-agent"  # becomes the field manager: what the sandbox writes is not what an operator's modeldeck wrote
_JSON = "application/json"
_STRATEGIC = "application/strategic-merge-patch+json"
_PAUSE = 0.5
"""Seconds. The one agent of an API server on the same machine overruns nothing, and pods wait for it: pauses that grow with each restart of
the API server would leave them where they are for minutes."""


class DynamicClient:
    """Requests to the API server that a kubeconfig names. Methods raise a Failure and nothing else."""

    def __init__(self, kubeconfig: Path) -> None:
        self.connection = Connection(ClusterTarget(str(kubeconfig)))

    async def close(self) -> None:
        """Close all connections."""
        await self.connection.aclose()

    async def request(self, method: str, path: str, body: Object | None = None, content: str = _JSON) -> Object:
        """One request; the decoded answer."""
        transport = await self.connection.transport()
        answer = await transport.send(method, path, body, headers={"Content-Type": content, "User-Agent": _AGENT})
        return transport.decode(answer.body, dict[str, Any])

    async def patch(self, path: str, body: Object) -> Object:
        """A strategic merge patch."""
        return await self.request("PATCH", path, body, _STRATEGIC)

    async def delete_now(self, pod: Object) -> None:
        """Remove a pod whose processes are gone; only this very pod, not one that has its name since."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        await self.request("DELETE", pod_path(pod), options)


def pod_path(pod: Object) -> str:
    """The API path of a pod."""
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


class Unstructured:
    """A whole object, where the console's own kinds keep only what is shown."""

    def __init__(self, body: Object) -> None:
        self.body = body
        self.metadata = msgspec.convert(body["metadata"], wire.Meta)

    @property
    def namespace(self) -> str:
        return self.metadata.namespace

    @property
    def name(self) -> str:
        return self.metadata.name


def unstructured(plural: str, prefix: str = "/api/v1") -> ResourceKind[Unstructured]:
    """A kind whose objects stay whole."""
    return ResourceKind(plural, prefix, msgspec.json.Decoder(Unstructured, dec_hook=lambda _, body: Unstructured(body)), lambda item: item)


class DynamicInformer:
    """Keeps a copy of a kind's objects, by uid, for as long as it runs.

    `changed(uid, object or None)` is called for each object that appeared, changed, or (None) went.
    """

    def __init__(
        self, client: DynamicClient, kind: ResourceKind[Unstructured], changed: Callable[[str, Object | None], None], *, fields: str = ""
    ) -> None:
        waits = Backoff(first=_PAUSE, longest=_PAUSE)
        self._reflector = Reflector(client.connection, kind, "", self._take, fields=fields, waits=waits)
        self._changed = changed
        self._failure: Failure | None = None
        self.objects: dict[str, Object] = {}
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled."""
        await self._reflector.run()

    def _take(self) -> None:
        failure = self._reflector.failure
        if failure is not None and failure != self._failure:
            _LOG.warning("watching %s: %s", self._reflector.kind.plural, failure)
        self._failure = failure
        fresh = {each.metadata.uid: each.body for each in self._reflector.store.items()}
        for uid in self.objects.keys() - fresh.keys():
            del self.objects[uid]
            self._changed(uid, None)
        for uid, found in fresh.items():
            if self.objects.get(uid) is not found:
                self.objects[uid] = found
                self._changed(uid, found)
        if self._reflector.read:
            self.synced.set()
