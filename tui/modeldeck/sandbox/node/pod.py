"""One pod on this node: its containers, the status that is reported for it, and its end."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from modeldeck.domain.failures import Conflict, Failure, NotFound
from modeldeck.sandbox.node import state
from modeldeck.sandbox.node.api import DynamicClient, Object, pod_path
from modeldeck.sandbox.node.container import ContainerLife, Node
from modeldeck.sandbox.node.events import now

_LOG = logging.getLogger(__name__)


@dataclass
class PodLife:
    """Runs a pod until it is deleted. `changed` is called when its readiness or its ports may have changed."""

    api: DynamicClient
    node: Node
    pod: Object
    changed: Callable[[], None]
    in_flight: Callable[[PodLife], int]
    containers: list[ContainerLife] = field(init=False)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _dirty: asyncio.Event = field(default_factory=asyncio.Event)
    _sent: Object | None = None  # newer than what the watch has told, so that conditions keep their times

    def __post_init__(self) -> None:
        names = [each["name"] for each in self.pod["spec"]["containers"]]
        self.containers = [ContainerLife(self.node, self.pod, name, self._report) for name in names]

    @property
    def ready(self) -> bool:
        """Whether requests may be sent to it now."""
        return not self.ending.is_set() and all(each.status.ready for each in self.containers)

    @property
    def port(self) -> int:
        """The port of its first container that runs; 0 when none does."""
        return next((each.port for each in self.containers if each.port), 0)

    def update(self, pod: Object | None) -> None:
        """Take a newer copy of the pod; None when it is gone from the API server."""
        if pod is None:
            self.gone.set()
            self.ending.set()
        else:
            self.pod = pod
            for each in self.containers:
                each.pod = pod
            if "deletionTimestamp" in pod["metadata"]:
                self.ending.set()
        self.changed()

    async def run(self) -> None:
        """The pod's whole life on this node."""
        if "deletionTimestamp" in self.pod["metadata"]:
            self.ending.set()
        lives = [] if self.ending.is_set() else [asyncio.create_task(each.run()) for each in self.containers]
        reporter = asyncio.create_task(self._keep_reporting())
        self._report()
        try:
            await self.ending.wait()
            await self._out_of_rotation()
        finally:
            for task in (*lives, reporter):
                task.cancel()
            await asyncio.gather(*lives, reporter, return_exceptions=True)
            grace = 0.0 if self.gone.is_set() else self._grace()
            await asyncio.gather(*(each.stop(grace) for each in self.containers))
        if not self.gone.is_set():
            await self._persist(self._remove)
        shutil.rmtree(self.node.folder / str(self.pod["metadata"]["uid"]), ignore_errors=True)

    def _grace(self) -> float:
        metadata, given = self.pod["metadata"], self.pod["spec"].get("terminationGracePeriodSeconds", 30)
        return float(metadata.get("deletionGracePeriodSeconds", given))

    async def _out_of_rotation(self) -> None:
        """No new requests come (it is not `ready` any more); wait for those in flight, for as long as the grace period."""
        try:
            async with asyncio.timeout(0 if self.gone.is_set() else self._grace()):
                while self.in_flight(self):  # noqa: ASYNC110 - counted by the proxy, which knows nothing of us
                    await asyncio.sleep(0.02)
        except TimeoutError:
            _LOG.warning("%s is ended with requests in flight", self.pod["metadata"]["name"])

    def _report(self) -> None:
        self._dirty.set()
        self.changed()

    def status(self) -> Object:
        """The status as it is now."""
        known = self.pod if self._sent is None else {**self.pod, "status": self._sent}
        return state.pod_status(known, [each.status for each in self.containers], now(), self.ending.is_set())

    async def _keep_reporting(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            await self._persist(self._send)

    async def _send(self) -> None:
        metadata = self.pod["metadata"]
        patched = await self.api.patch(f"{pod_path(self.pod)}/status", {"metadata": {"uid": metadata["uid"]}, "status": self.status()})
        self._sent = patched["status"]

    async def _remove(self) -> None:
        await self._send()
        await self.api.delete_now(self.pod)

    async def _persist(self, action: Callable[[], Awaitable[None]]) -> None:
        """Do it until it is done: an API server that is away comes back. After NotFound and Conflict this pod is gone."""
        delay = 0.2
        while not self.gone.is_set():
            try:
                await action()
                return
            except (NotFound, Conflict):
                return
            except Failure as failure:
                _LOG.warning("status of %s: %s", self.pod["metadata"]["name"], failure)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)
