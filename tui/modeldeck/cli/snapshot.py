"""All three backends asked at the same time, each with its own end: what one does not answer takes nothing from the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from modeldeck.backends import Backends
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure, TimedOut
from modeldeck.domain.kubernetes.workloads import Fleet, OtherWorkload
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.measured import Group, grouped, measured_fleet, unmeasured
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles import WIDE_WINDOW, Profile, bulk_queries
from modeldeck.domain.metrics.samples import ServingStats, Vector
from modeldeck.domain.metrics.scraping import Scraped, names_in, questions, scraped_by_deployment
from modeldeck.domain.metrics.statements import Statement, known_metrics
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.joining import serving_rows
from modeldeck.domain.status.serving_row import ServingRow
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
class Measured:
    groups: tuple[Group, ...] = ()
    scraped: Mapping[str, Scraped] = field(default_factory=dict)
    """By Deployment."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    environment: Environment
    registry: Told[Registry]
    fleet: Told[Fleet]
    measured: Told[Measured]
    others: Told[tuple[OtherWorkload, ...]]
    """StatefulSets and DaemonSets, which are not handled; a failure is nobody's affair."""

    def rows(self) -> tuple[ServingRow, ...]:
        """The truth rows, sorted by namespace and name; () where the cluster has not answered."""
        fleet = self.fleet.value
        if fleet is None:
            return ()
        stats: dict[str, ServingStats] = {}
        observed: dict[str, Statement] = {}
        measured = self.measured.value
        if measured is not None:
            stats, observed = measured_fleet(measured.groups, fleet, self.environment.patterns)
        rows = serving_rows(
            fleet,
            self.registry.value,
            stats,
            champion=self.environment.champion,
            patterns=self.environment.patterns,
            observed=observed,
        )
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
        return await look(clients.metrics, await backends.namespaces())

    fleet_told, registry_told, looked_told, others_told = await asyncio.gather(
        told(fleet, "Kubernetes"), told(registry, "MLflow"), told(looked, "Prometheus"), told(others, "Kubernetes")
    )
    measured_told: Told[Measured] = Told(None, looked_told.failure, looked_told.took, looked_told.at)
    metrics, seen, answers = clients.metrics, fleet_told.value, looked_told.value
    if metrics is not None and seen is not None and answers is not None:
        namespaces = await backends.namespaces()
        measured_told = await told(lambda: _measure(metrics, answers, seen, namespaces, environment.patterns), "Prometheus")
    return Snapshot(environment, registry_told, fleet_told, measured_told, others_told)


async def look(metrics: Metrics, namespaces: Sequence[str]) -> tuple[Vector, ...]:
    """What `scraped_by_deployment` reads."""
    return tuple(await asyncio.gather(*(metrics.query(promql) for promql in questions(namespaces, metrics.scope))))


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


async def _measure(
    metrics: Metrics, answers: Sequence[Vector], fleet: Fleet, namespaces: Sequence[str], patterns: LinkPatterns
) -> Measured:
    scraped = scraped_by_deployment(answers, fleet, metrics.scope)
    stated = known_metrics(names_in(answers), patterns)
    ways = grouped(scraped) | (unmeasured(scraped, fleet, metrics.scope) if stated else {})

    async def group(way: tuple[Profile, PodLabels], deployments: frozenset[str]) -> Group:
        profile, labels = way
        for window in (None, WIDE_WINDOW):  # where scrapes are far apart, only a wider window holds two of them
            queries = bulk_queries(profile, namespaces, labels=labels, window=window, stated=stated)
            found = await asyncio.gather(*(metrics.query(promql) for promql in queries.values()))
            vectors = dict(zip(queries, found, strict=True))
            rates = [vectors[name] for name in ("buckets", "requests") if name in vectors]
            if not rates or any(vector.samples for vector in rates):
                break
        return Group(profile, labels, deployments, vectors)

    groups = await asyncio.gather(*(group(way, keys) for way, keys in ways.items()))
    return Measured(tuple(groups), scraped)
