"""One deployment, read again and again: its pods, the version that each of them serves, and what they measure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace

from modeldeck.cli.snapshot import told
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure, NotFound
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.measured import Group, fleet_stats, measured_fleet
from modeldeck.domain.metrics.pod_labels import PodIndex
from modeldeck.domain.metrics.samples import NOTHING_KNOWN, ServingStats
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.joining import Joiner, owners_by_version
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.fleet_metrics import FleetMetrics, FleetScrapes, Stats, where_of
from modeldeck.live.scrapes import Scrapes
from modeldeck.operations.common.clients import Clients, not_configured
from modeldeck.ports import Clock, Metrics

KUBERNETES, MLFLOW, PROMETHEUS = "Kubernetes", "MLflow", "Prometheus"
NOT_EXPORTED = "its pods export no metrics of a known model server: modeldeck metrics check"


@dataclass(frozen=True, slots=True)
class SourceState:
    """One backend: why its newest answer is missing, and when its last good one came, in seconds since the epoch."""

    failure: Failure | None = None
    answered_at: float | None = None

    @property
    def state(self) -> str:
        if self.failure is None:
            return "live"
        return "unavailable" if self.answered_at is None else "stale"


@dataclass(frozen=True, slots=True)
class DeploymentReading:
    """`row` None: the cluster has not told of the deployment. Figures that Prometheus did not answer this time are not known."""

    at: float
    row: ServingRow | None
    by_version: Mapping[str, ServingStats]
    sources: Mapping[str, SourceState]
    warnings: tuple[str, ...] = ()

    @property
    def failure(self) -> Failure | None:
        """Why pods or figures are missing or old. Without MLflow only an alias may not be told."""
        return self.sources[KUBERNETES].failure or self.sources[PROMETHEUS].failure


class DeploymentFollower:
    """Asks about this deployment alone. What the cluster and MLflow said last stands until they answer again; figures do not."""

    def __init__(self, environment: Environment, clients: Clients, metrics: Metrics, namespace: str, name: str, clock: Clock) -> None:
        self._environment, self._clients, self._clock = environment, clients, clock
        self._namespace, self._name = namespace, name
        self._scrapes = Scrapes(metrics, clock, self._namespaces)
        self._metrics = FleetMetrics(metrics, environment.patterns, retry=True)
        self._joiner = Joiner(champion=environment.champion, patterns=environment.patterns)
        self._sources: dict[str, SourceState] = {}
        self._fleet: Fleet | None = None
        self._registry: Registry | None = None
        self._registry_due = 0.0
        self._aliases: tuple[tuple[str, str], ...] = ()
        self._stats: Stats | None = None

    async def read(self) -> DeploymentReading:
        """Never fails: the sources say what did not answer."""
        await self._ask(KUBERNETES, self._read_pods)
        await asyncio.gather(self._ask(MLFLOW, self._read_registry), self._ask(PROMETHEUS, self._read_figures))
        groups = self._stats.groups if self._stats is not None else ()
        row = next(iter(self._joiner.measured_rows(self._fleet, self._registry, groups)), None)
        if row is not None and row.model and row.alias:
            self._aliases = ((row.model, row.alias),)
        return DeploymentReading(self._clock.now(), row, self._by_version(groups), dict(self._sources), self._warnings(groups))

    async def _ask(self, backend: str, ask: Callable[[], Awaitable[None]]) -> None:
        failure = (await told(ask, backend)).failure
        before = self._sources.get(backend, SourceState())
        self._sources[backend] = SourceState(None, self._clock.now()) if failure is None else replace(before, failure=failure)

    async def _namespaces(self) -> tuple[str, ...]:
        return (self._namespace,)

    async def _read_pods(self) -> None:
        cluster = self._clients.need_cluster()
        try:
            deployment = await cluster.deployment(self._namespace, self._name)
        except NotFound:
            self._fleet = None  # it is gone: what was known of it is not true any more
            raise
        self._fleet = Fleet((deployment,), (), await cluster.pods_of(deployment))

    async def _read_registry(self) -> None:
        if self._clients.registry is None:
            raise not_configured(MLFLOW, "MLFLOW_TRACKING_URI or --mlflow")
        if self._clock.monotonic() < self._registry_due:
            return
        found = await self._clients.registry.follow(self._aliases)
        self._registry, self._registry_due = found.registry, self._clock.monotonic() + found.pause

    async def _read_figures(self) -> None:
        self._stats = None
        scrapes = await self._scrapes.of(self._fleet)
        if self._fleet is None:
            return
        key = f"{self._namespace}/{self._name}"
        scraped = scrapes.by_deployment.get(key)
        if scraped is None:
            self._stats = await self._metrics.stats(FleetScrapes({}, scrapes.names), self._fleet, (self._namespace,))
            return
        own = replace(scraped.labels, matchers=where_of(scraped, self._fleet, self._namespace, self._name))
        self._stats = await self._metrics.stats(FleetScrapes({key: replace(scraped, labels=own)}, scrapes.names), self._fleet, ())

    def _by_version(self, groups: Collection[Group]) -> Mapping[str, ServingStats]:
        fleet, patterns = self._fleet, self._environment.patterns
        if fleet is None or not groups:
            return {}
        _, observed = measured_fleet(groups, fleet, patterns)
        owners = owners_by_version(fleet, self._registry, patterns, observed)
        index = PodIndex(fleet)
        found: dict[str, ServingStats] = {}
        for group in groups:
            vectors = {name: index.canonical(vector, group.labels) for name, vector in group.vectors.items()}
            found |= {version: stats for (_, version), stats in fleet_stats(group.profile, vectors, owners).items()}
        return found

    def _warnings(self, groups: Collection[Group]) -> tuple[str, ...]:
        if self._stats is None:
            return ()
        scraped = (self._stats.scraped or {}).values()
        doubts = [message for one in scraped for message in one.several] if scraped else [NOT_EXPORTED]
        partial = [message for group in groups for vector in group.vectors.values() for message in vector.warnings]
        return tuple(dict.fromkeys((*doubts, *partial)))


def stats_of(reading: DeploymentReading) -> ServingStats:
    return reading.row.stats if reading.row is not None else NOTHING_KNOWN
