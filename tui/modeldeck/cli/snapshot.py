"""All three backends asked at the same time, each with its own end: what one does not answer takes nothing from the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from modeldeck.backends import Backends
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure, TimedOut
from modeldeck.domain.kubernetes.workloads import Fleet, OtherWorkload
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.joining import Joiner
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.fleet_metrics import FleetMetrics, Stats, exports, fleet_scrapes
from modeldeck.operations.common.clients import not_configured
from modeldeck.ports import Metrics

T = TypeVar("T")

PATIENCE = 25.0
"""Seconds that one backend may take for several questions. One that hangs is told sooner, by the limit of its first question."""


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """One backend's answer, or why there is none. `took` in seconds, `at` since the epoch."""

    value: T | None
    failure: Failure | None
    took: float
    at: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    environment: Environment
    registry: Told[Registry]
    fleet: Told[Fleet]
    measured: Told[Stats]
    others: Told[tuple[OtherWorkload, ...]]
    """StatefulSets and DaemonSets, which are not handled; a failure is nobody's affair."""

    def rows(self) -> tuple[ServingRow, ...]:
        """The truth rows, sorted by namespace and name; () where the cluster has not answered."""
        joiner = Joiner(champion=self.environment.champion, patterns=self.environment.patterns)
        groups = self.measured.value.groups if self.measured.value is not None else ()
        rows = joiner.measured_rows(self.fleet.value, self.registry.value, groups)
        return tuple(sorted(rows, key=lambda row: row.key))


async def snapshot(environment: Environment, backends: Backends) -> Snapshot:
    """Every backend once."""
    clients = backends.clients

    async def fleet() -> Fleet:
        return await clients.need_cluster().fleet(await backends.namespaces())

    async def registry() -> Registry:
        return await clients.need_registry().registry()

    async def others() -> tuple[OtherWorkload, ...]:
        return await clients.need_cluster().unhandled(await backends.namespaces())

    async def looked() -> tuple[Vector, ...]:
        if clients.metrics is None:
            raise not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
        return await exports(clients.metrics, await backends.namespaces())

    fleet_told, registry_told, looked_told, others_told = await asyncio.gather(
        told(fleet, "Kubernetes"), told(registry, "MLflow"), told(looked, "Prometheus"), told(others, "Kubernetes")
    )
    measured_told: Told[Stats] = Told(None, looked_told.failure, looked_told.took, looked_told.at)
    metrics, seen, answers = clients.metrics, fleet_told.value, looked_told.value
    if metrics is not None and seen is not None and answers is not None:
        namespaces = await backends.namespaces()
        measured_told = await told(lambda: _measure(metrics, answers, seen, namespaces, environment.patterns), "Prometheus")
    return Snapshot(environment, registry_told, fleet_told, measured_told, others_told)


async def told(ask: Callable[[], Awaitable[T]], backend: str, *, patience: float = PATIENCE) -> Told[T]:
    """An answer or a failure, in at most `patience` seconds."""
    began = time.monotonic()
    value: T | None = None
    failure: Failure | None = None
    try:
        async with asyncio.timeout(patience):
            value = await ask()
    except TimeoutError:
        failure = TimedOut(f"no answer in {patience:.0f} s", hint="it is slow or hung: look at it, then ask again", backend=backend)
    except Failure as caught:
        failure = caught
    return Told(value, failure, time.monotonic() - began, time.time())


def answer_of(answer: Told[T]) -> T:
    """The value. Raises the Failure that there is instead."""
    if answer.failure is not None:
        raise answer.failure
    assert answer.value is not None
    return answer.value


async def _measure(metrics: Metrics, answers: Sequence[Vector], fleet: Fleet, namespaces: Sequence[str], patterns: LinkPatterns) -> Stats:
    scrapes = await fleet_scrapes(answers, fleet, metrics.scope)
    return await FleetMetrics(metrics, patterns, retry=True).stats(scrapes, fleet, namespaces)
