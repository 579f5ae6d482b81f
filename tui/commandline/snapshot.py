"""All three backends asked at the same time, each with its own end: what one does not answer takes nothing from the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tui.backends import Backends
from tui.domain.environments import Environment
from tui.domain.failures import Failure, TimedOut
from tui.domain.joining import owners, truth_rows
from tui.domain.measured import fleet_stats, observed_versions
from tui.domain.metrics import ServingStats, Vector
from tui.domain.profiles import Profile, bulk_queries, pick
from tui.domain.registry import Registry
from tui.domain.serving import Fleet, OtherWorkload
from tui.domain.statements import Statement, known_metrics
from tui.domain.truth import TruthRow
from tui.operations.world import not_configured
from tui.ports import Metrics

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
    profile: Profile | None = None
    vectors: dict[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    environment: Environment
    registry: Told[Registry]
    fleet: Told[Fleet]
    measured: Told[Measured]
    others: Told[tuple[OtherWorkload, ...]]
    """StatefulSets and DaemonSets, which are not handled; a failure is nobody's affair."""

    def rows(self) -> tuple[TruthRow, ...]:
        """The truth rows, sorted by namespace and name; () where the cluster has not answered."""
        fleet = self.fleet.value
        if fleet is None:
            return ()
        stats: dict[str, ServingStats] = {}
        observed: dict[str, Statement] = {}
        measured = self.measured.value
        if measured is not None and measured.profile is not None:
            stats = fleet_stats(measured.profile, measured.vectors, owners(fleet))
            observed = observed_versions(measured.profile, measured.vectors, self.environment.patterns)
        rows = truth_rows(
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
    world = backends.world

    async def fleet() -> Fleet:
        return await world.need_cluster().fleet(await backends.namespaces())

    async def registry() -> Registry:
        return await world.need_registry().registry()

    async def others() -> tuple[OtherWorkload, ...]:
        return await world.need_cluster().unhandled(await backends.namespaces())

    async def measured() -> Measured:
        if world.metrics is None:
            raise not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
        return await _measure(world.metrics, environment)

    fleet_told, registry_told, measured_told, others_told = await asyncio.gather(
        told(fleet, "Kubernetes"), told(registry, "MLflow"), told(measured, "Prometheus"), told(others, "Kubernetes")
    )
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


async def _measure(metrics: Metrics, environment: Environment) -> Measured:
    names = await metrics.metric_names()
    profile = pick(names)
    if profile is None:
        return Measured()
    namespaces = environment.cluster.namespaces if environment.cluster else ()
    queries = bulk_queries(profile, namespaces, stated=known_metrics(names, environment.patterns))
    answers = await asyncio.gather(*(metrics.query(promql) for promql in queries.values()))
    return Measured(profile, dict(zip(queries, answers, strict=True)))
