"""Deployments, replica sets and pods of the watched namespaces as one snapshot, pushed whenever something changed.

    informer = Informer(cluster, "prod", ("serving",), on_reading=show)
    informer.start()
    …
    await informer.stop()

A kind or namespace that may not be read is a gap of the Fleet and takes nothing else down. Readings come at most every 100 ms.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from modeldeck.domain.failures import Failure, Forbidden, TimedOut
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, Pod, ReplicaSet
from modeldeck.domain.reading import LatestReading, Reading
from modeldeck.sources.common.edge import told
from modeldeck.sources.kubernetes import BACKEND
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from modeldeck.sources.kubernetes.reflector import Reflector, pauses
from modeldeck.sources.kubernetes.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from modeldeck.sources.kubernetes.scope import readable_namespaces
from modeldeck.sources.kubernetes.store import Sorted

GATHER = 0.1
"""Seconds in which changes become one reading."""
HEARTBEAT = 5.0
ASLEEP = 5.0
"""Seconds for which the machine has slept after which watches are begun anew."""
PATIENCE = 8.0
"""Seconds without an answer to a heartbeat after which what is shown is called stale. Slow servers answer within them."""


class Informer:
    """`namespaces`: () is the context's own, `*` all that may be read. Started once; after `stop` nothing lands any more."""

    def __init__(
        self,
        cluster: KubernetesCluster,
        environment: str,
        namespaces: Sequence[str],
        on_reading: Callable[[Reading[Fleet]], None],
        *,
        now: Callable[[], float] = time.time,
        boottime: Callable[[], float] = time.monotonic,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        """`boottime`: a clock that goes on while the machine sleeps."""
        self._cluster = cluster
        self._namespaces = tuple(namespaces)
        self._latest = LatestReading(environment, on_reading, now)
        self._boottime = boottime
        self._heartbeat = heartbeat
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False
        self._woken = asyncio.Event()
        self._deployments: list[Reflector[Deployment]] = []
        self._replica_sets: list[Reflector[ReplicaSet]] = []
        self._pods: list[Reflector[Pod]] = []
        self._fleet: Callable[[], Fleet] | None = None
        self._silent: Failure | None = None
        """Why the last heartbeat, or the very first contact, got no answer."""
        self._took: float | None = None
        self._cost = 0.0

    @property
    def reading(self) -> Reading[Fleet]:
        return self._latest.reading

    def start(self) -> None:
        if self._task is None and not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="informer")

    async def stop(self) -> None:
        self._stopped = True
        self._latest.close()
        if self._timer is not None:
            self._timer.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    def refresh_now(self) -> None:
        """Ends every pause."""
        self._woken.set()
        for reflector in self._reflectors():
            if reflector.pausing:
                reflector.wake()

    async def _run(self) -> None:
        waits = pauses()
        while True:
            try:
                self._set_up(await self._first_contact())
                self._silent = None
                await self._watch()
            except Exception as error:  # noqa: BLE001 — an edge: a pane that died would say nothing until modeldeck is started again
                self._silent = failure = told(error, BACKEND)
                self._publish()
                await self._nap(waits.next(failure.retry_after))

    async def _watch(self) -> None:
        """Ends with an exception only."""
        async with asyncio.TaskGroup() as group:
            for reflector in self._reflectors():
                group.create_task(reflector.run())
            group.create_task(self._listen())

    async def _first_contact(self) -> tuple[str, ...]:
        """Which namespaces to watch. Only `*` has to ask the server."""
        own = await self._cluster.namespace()
        return await self._cluster.connection.using(lambda transport: readable_namespaces(transport, self._namespaces, own))

    def _set_up(self, scope: Sequence[str]) -> None:
        connection = self._cluster.connection
        self._deployments = [Reflector(connection, DEPLOYMENTS, namespace, self._changed) for namespace in scope]
        self._replica_sets = [Reflector(connection, REPLICA_SETS, namespace, self._changed) for namespace in scope]
        self._pods = [Reflector(connection, PODS, namespace, self._changed) for namespace in scope]
        deployments = Sorted([r.store for r in self._deployments])
        replica_sets = Sorted([r.store for r in self._replica_sets])
        pods = Sorted([r.store for r in self._pods])
        self._fleet = lambda: Fleet(deployments.items(), replica_sets.items(), pods.items(), self._gaps(), self._whole())

    def _reflectors(self) -> tuple[Reflector[Any], ...]:
        return (*self._deployments, *self._replica_sets, *self._pods)

    async def _listen(self) -> None:
        """Asks for a sign of life, as a watch over a dead connection is as silent as one over a quiet cluster.

        While the machine slept, nobody asked: whatever stood between has forgotten the watches, and an answer tells nothing of them.
        """
        asleep = self._asleep()
        while True:
            began, pause = time.monotonic(), self._heartbeat
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._cluster.ping()
            except Failure as failure:
                self._hear(failure)
                pause = max(pause, failure.retry_after or 0.0)
            except TimeoutError:
                self._hear(TimedOut(f"no answer within {PATIENCE:g} s", backend=BACKEND))
            else:
                self._took = time.monotonic() - began
                before, asleep = asleep, self._asleep()
                self._hear(None, woken=asleep - before > ASLEEP)
            await self._nap(pause)

    def _asleep(self) -> float:
        """Seconds for which the machine has slept, more or less the same ones."""
        return self._boottime() - time.monotonic()

    def _hear(self, failure: Failure | None, *, woken: bool = False) -> None:
        back = failure is None and (self._silent is not None or woken)
        self._silent = failure
        if back:
            for reflector in self._reflectors():
                reflector.wake()
        if back or failure is not None:
            self._changed()
        elif self.reading.failure is None and self.reading.value is not None:
            self._latest.publish(self.reading.value, took=self._took)

    def _changed(self) -> None:
        if self._timer is None and not self._stopped:
            first = self.reading.fetched_at is None
            # A snapshot of a very large cluster takes its time: never more than a fifth of the loop's.
            delay = 0.0 if first else max(GATHER, 4 * self._cost)
            self._timer = asyncio.get_running_loop().call_later(delay, self._publish)

    def _publish(self) -> None:
        self._timer = None
        began = time.monotonic()
        failure = self._failure()
        if self._fleet is not None and any(reflector.begun for reflector in self._deployments):
            self._latest.publish(self._fleet(), failure=failure, took=self._took)
        else:
            self._latest.publish_failure(failure)
        self._cost = time.monotonic() - began

    def _failure(self) -> Failure | None:
        """What makes the whole snapshot doubtful: no sign of life, or a kind that cannot be read for another reason than missing rights."""
        if self._silent is not None:
            return self._silent
        forbidden = [r.failure for r in self._deployments if isinstance(r.failure, Forbidden)]
        if forbidden and len(forbidden) == len(self._deployments):
            return forbidden[0]
        return next((r.failure for r in self._reflectors() if r.failure is not None and not isinstance(r.failure, Forbidden)), None)

    def _whole(self) -> bool:
        return all(reflector.read or reflector.failure is not None for reflector in self._reflectors())

    def _gaps(self) -> tuple[str, ...]:
        message = [r.failure.message for r in self._reflectors() if isinstance(r.failure, Forbidden)]
        message += [r.hindrance for r in self._reflectors() if r.hindrance]
        return tuple(dict.fromkeys(message))

    async def _nap(self, seconds: float) -> None:
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
