"""The outside world as operations see it: the ports in one frozen bundle, and what may be done there."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.ports import AlertSource, Cluster, Metrics, ModelRegistry, Silences, Tracking


@dataclass(frozen=True, slots=True)
class Clients:
    """The backends of one environment. None: not configured."""

    environment: Environment
    tracking: Tracking | None
    registry: ModelRegistry | None
    cluster: Cluster | None
    metrics: Metrics | None
    alerts: AlertSource | None = None
    silences: Silences | None = None

    def need_registry(self) -> ModelRegistry:
        """Raises Unreachable where the environment names no MLflow."""
        if self.registry is None:
            raise not_configured("MLflow", "MLFLOW_TRACKING_URI or --mlflow")
        return self.registry

    def need_cluster(self) -> Cluster:
        """Raises Unreachable where the environment names no cluster."""
        if self.cluster is None:
            raise not_configured("Kubernetes", "KUBECONFIG or --kubeconfig")
        return self.cluster

    def need_silences(self) -> Silences:
        """Raises Unreachable where the environment names no Alertmanager."""
        if self.silences is None:
            raise not_configured("Alertmanager", "ALERTMANAGER_URL, or alertmanager.url in the configuration")
        return self.silences

    def need_tracking(self) -> Tracking:
        """Raises Unreachable where the environment names no MLflow."""
        if self.tracking is None:
            raise not_configured("MLflow", "MLFLOW_TRACKING_URI or --mlflow")
        return self.tracking


def not_configured(backend: str, setting: str) -> Failure:
    """The failure of a backend that this environment does not name."""
    return Unreachable("not configured in this environment", hint=f"set {setting}", backend=backend)
