"""A small world in memory for operations: a registry, a cluster with a Deployment controller, a clock that moves when somebody waits."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from modeldeck.domain.environments import Environment
from modeldeck.operations.common.clients import Clients
from tests.support.fakes.alerts import FakeAlerts
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.cluster import FakeCluster
from tests.support.fakes.metrics import FakeMetrics
from tests.support.fakes.registry import FakeRegistry
from tests.support.fakes.traps import Traps
from tests.support.virtual import VirtualClock


@dataclass
class FakeClients:
    """Everything together: iris 1–3, the Deployment serving/iris on version 1, the alias champion on 1."""

    traps: Traps
    clock: FakeClock | VirtualClock
    registry: FakeRegistry
    cluster: FakeCluster
    metrics: FakeMetrics
    environment: Environment
    measured: bool = False
    """Whether there is a Prometheus: with one, a gate judges every change of pods."""
    alerts: FakeAlerts | None = None

    @property
    def clients(self) -> Clients:
        return Clients(self.environment, None, self.registry, self.cluster, self.metrics if self.measured else None, self.alerts)

    def env(self, name: str = "MODEL_URI", key: str = "serving/iris") -> str | None:
        env = self.cluster.deployments[key]["spec"]["template"]["spec"]["containers"][0]["env"]
        return next((variable["value"] for variable in env if variable["name"] == name), None)

    def annotations(self, key: str = "serving/iris") -> dict[str, str]:
        found: dict[str, str] = self.cluster.deployments[key]["metadata"]["annotations"]
        return found

    def template(self, key: str = "serving/iris") -> dict[str, Any]:
        found: dict[str, Any] = copy.deepcopy(self.cluster.deployments[key]["spec"]["template"])
        return found

    @property
    def champion(self) -> str | None:
        return self.registry.aliases["iris"].get("champion")


def fake_clients(uri: str = "models:/iris/1", clock: FakeClock | VirtualClock | None = None) -> FakeClients:
    traps, clock = Traps(), clock or FakeClock()
    registry = FakeRegistry(traps)
    registry.add("iris", "1", "2", "3")
    registry.aliases["iris"]["champion"] = "1"
    cluster = FakeCluster(traps, clock)
    env = [{"name": "LOG_LEVEL", "value": "info"}, {"name": "MODEL_URI", "value": uri}]
    cluster.add("serving", "iris", [{"name": "server", "image": "modeldeck/model-server:1", "env": env}])
    return FakeClients(traps, clock, registry, cluster, FakeMetrics(traps), Environment("test", None, None, None))
