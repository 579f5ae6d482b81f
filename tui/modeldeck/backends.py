"""From an environment to the ports: the one place that knows which source stands behind which port.

Nothing is asked of a backend here, and each source is imported only when the environment names it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modeldeck.domain.environments import ClusterTarget, Environment, PrometheusTarget
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.reading import Reading
from modeldeck.live.clock import SystemClock
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.history.remembering import RememberingRegistry
from modeldeck.operations.history.sightings import SqliteSightings, registry_id
from modeldeck.operations.journal.journal import SqliteJournal, default_path
from modeldeck.ports import AlertSource, Silences, Watch

if TYPE_CHECKING:
    from modeldeck.operations.runner.handle import RunnerHandle
    from modeldeck.sources.kubernetes.cluster import KubernetesCluster
    from modeldeck.sources.prometheus.client import PrometheusMetrics

OnFleet = Callable[[Reading[Fleet]], None]


@dataclass(frozen=True, slots=True)
class Backends:
    """The opened backends of one environment. `close` ends everything that is under way."""

    clients: Clients
    watch: Callable[[OnFleet], Watch] | None
    """Makes the informer of the environment's namespaces; None where no cluster is configured."""
    closers: tuple[Callable[[], Awaitable[None]], ...]
    own_namespace: Callable[[], Awaitable[str]] | None = None
    """The namespace of the kubeconfig's context. Raises a Failure where that cannot be read."""

    async def namespaces(self) -> tuple[str, ...]:
        """Which ones are looked at, the context's own resolved; ("*",) is all that may be listed. Raises a Failure where the kubeconfig
        cannot be read."""
        target = self.clients.environment.cluster
        if target is None or target.namespaces or self.own_namespace is None:
            return target.namespaces if target else ()
        return (await self.own_namespace(),)

    async def close(self) -> None:
        for close in self.closers:
            await close()


def connect(environment: Environment) -> Backends:
    """Open every backend that the environment names. Never waits and never fails: the first question tells what is wrong."""
    tracking = registry = cluster = opened = metrics = watch = own = None
    closers: list[Callable[[], Awaitable[None]]] = []
    if environment.mlflow is not None:
        from modeldeck.sources.mlflow.opening import open_mlflow

        mlflow = open_mlflow(environment.mlflow, answers_folder())
        remembering = RememberingRegistry(mlflow.registry, open_sightings(environment), registry_id(environment.mlflow), SystemClock())
        tracking, registry = mlflow.tracking, remembering
        closers += [remembering.aclose, mlflow.aclose]
    target = environment.cluster
    if target is not None:
        from modeldeck.sources.kubernetes.cluster import KubernetesCluster
        from modeldeck.sources.kubernetes.informer import Informer

        cluster = opened = KubernetesCluster(target)
        own = opened.namespace
        closers.append(opened.aclose)

        def watch(on_fleet: OnFleet) -> Watch:
            return Informer(opened, environment.name, target.namespaces, on_fleet, boottime=SystemClock().boottime)

    if environment.prometheus is not None:
        metrics = _metrics(environment.prometheus, opened)
        closers.append(metrics.aclose)
    alerts: AlertSource | None = metrics
    silences: Silences | None = None
    if environment.alertmanager is not None:
        from modeldeck.sources.alertmanager.client import Alertmanager
        from modeldeck.sources.alertmanager.combined import CombinedAlerts

        alertmanager = Alertmanager(environment.alertmanager)
        alerts, silences = CombinedAlerts(alerts, alertmanager), alertmanager
        closers.append(alertmanager.aclose)
    return Backends(Clients(environment, tracking, registry, cluster, metrics, alerts, silences), watch, tuple(closers), own)


def _metrics(target: PrometheusTarget, cluster: KubernetesCluster | None) -> PrometheusMetrics:
    from modeldeck.domain.kubernetes.service_address import service_address
    from modeldeck.sources.prometheus.client import PrometheusMetrics

    service = service_address(target.url)
    if service is None:
        return PrometheusMetrics(target)
    if cluster is None:
        from modeldeck.sources.prometheus.proxied import NoWay

        return PrometheusMetrics(target, NoWay())
    from modeldeck.sources.kubernetes.service_proxy import ServiceProxy

    return PrometheusMetrics(target, ServiceProxy(cluster.connection, service))


def answers_folder() -> Path:
    """Where the consoles of this user keep for each other what they were just answered."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("modeldeck")) / "answers"


def cluster_address(target: ClusterTarget) -> str:
    """What tells the API server's address apart, without asking it. Blocks. Raises a Failure where the kubeconfig cannot be read."""
    from modeldeck.domain.identity import address_digest
    from modeldeck.sources.kubernetes.kubeconfig import load

    login = load(target)
    return address_digest(login.server, login.ca_pem)


def open_journal(environment: Environment) -> SqliteJournal:
    """The environment's own journal of operations, or the user's."""
    return SqliteJournal(Path(environment.journal).expanduser() if environment.journal else default_path())


def open_sightings(environment: Environment) -> SqliteSightings:
    """What was seen of aliases, beside the operations."""
    return SqliteSightings(open_journal(environment).path)


def start_runner(clients: Clients) -> Callable[[], RunnerHandle]:
    """Whoever carries operations of this world out: a process of its own each."""

    def start() -> RunnerHandle:
        from modeldeck.config.handover import handed
        from modeldeck.operations.runner.launch import launch

        return launch(handed(clients.environment), default_path().parent)

    return start
