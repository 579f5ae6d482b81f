"""Everything together on the fake world."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.changes.change_event import ChangeKind, ChangeQuestion, Changes
from modeldeck.domain.failures import NotFound, Unreachable
from modeldeck.domain.kubernetes.surroundings import ConfigObject, FieldWrite, Surroundings
from modeldeck.operations.changes.reading import what_changed
from modeldeck.operations.history.history import Memories
from tests.support.fakes.alerts import FakeAlerts
from tests.support.fakes.clients import FakeClients, fake_clients


async def told(fake: FakeClients, key: str = "serving/iris", **given: Any) -> Changes:
    memories = Memories(await fake.cluster.fleet(()), await fake.registry.registry())
    asked = ChangeQuestion(fake.clock.now())
    patterns = fake.environment.patterns
    world: dict[str, Any] = {"cluster": fake.cluster, "metrics": None, "alerts": None, "patterns": patterns, "clock": fake.clock}
    return await what_changed(key, asked, memories, **{**world, **given})


async def test_others_doing_configuration_and_alerts_in_one_list() -> None:
    fake = fake_clients()
    fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    fake.cluster.roll_out("serving/iris")
    now = fake.clock.now()
    config = ConfigObject("ConfigMap", "settings", "7", now - 9e4, (FieldWrite("kubectl", now - 300),))
    fake.cluster.around = Surroundings(configs=(config,), not_known=("nodes may not be read",))
    alert = Alert("HighLatency", AlertState.FIRING, {"namespace": "serving", "deployment": "iris"}, now)
    found = await told(fake, alerts=FakeAlerts(Alerts((alert,))), not_known=("MLflow is away",))
    assert found.events[0].kind is ChangeKind.VERSION
    assert {event.kind for event in found.events} >= {ChangeKind.CONFIG, ChangeKind.ALERT}
    assert found.not_known == ("nodes may not be read", "MLflow is away")
    assert found.asked.moment == now


async def test_what_is_about_another_deployment_is_left_out() -> None:
    fake = fake_clients()
    containers = [{"name": "server", "image": "i:1", "env": [{"name": "MODEL_URI", "value": "models:/wine/1"}]}]
    fake.cluster.add("serving", "wine", containers, uid="wine")
    fake.cluster.set_env("serving/wine", "MODEL_URI", "models:/wine/2")
    fake.cluster.roll_out("serving/wine")
    assert ChangeKind.VERSION not in {event.kind for event in (await told(fake)).events}
    assert ChangeKind.VERSION in {event.kind for event in (await told(fake, "serving/wine")).events}


async def test_a_deployment_that_is_gone() -> None:
    fake = fake_clients()
    with pytest.raises(NotFound):
        await told(fake, "serving/nobody")


async def test_without_a_prometheus_nothing_is_said_of_few_pods() -> None:
    assert (await told(fake_clients())).not_known == ()


async def test_alerts_that_cannot_be_read_are_not_known() -> None:
    found = await told(fake_clients(), alerts=FakeAlerts(Unreachable("connection refused", backend="Prometheus")))
    assert ChangeKind.ALERT not in {event.kind for event in found.events}
    assert found.not_known == ("alerts: Prometheus: connection refused",)
