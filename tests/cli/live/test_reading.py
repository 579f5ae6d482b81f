"""One deployment, followed: its own series alone are asked for, and each version's figures are told apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.cli.live.reading import NOT_EXPORTED, DeploymentFollower, DeploymentReading, SourceState, stats_of
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.samples import NOTHING_KNOWN
from tests.support.fakes.clients import FakeClients, fake_clients
from tests.support.fakes.clock import FakeClock
from tests.support.history import NOW, SLOW, History

PODS = ("iris-6d4f8c7b9-abcde", "iris-6d4f8c7b9-fghij")


def world(history: History) -> FakeClients:
    fake = fake_clients()
    pods = list(fake.cluster.pods.values())
    fake.cluster.pods.clear()
    for pod, name in zip(pods, PODS, strict=True):
        pod.name = name
        fake.cluster.pods[name] = pod
    fake.measured = True
    fake.metrics = history  # type: ignore[assignment]
    return fake


def follower(fake: FakeClients, metrics: Any) -> DeploymentFollower:
    clients = replace(fake.clients, registry=fake.registry)
    return DeploymentFollower(fake.environment, clients, metrics, "serving", "iris", FakeClock(NOW))


async def read(history: History) -> DeploymentReading:
    return await follower(world(history), history).read()


async def test_only_its_own_series_are_asked_for() -> None:
    history = History()
    history.fastapi(PODS[0])
    history.fastapi("wine-6d4f8c7b9-abcde", rate=50.0)
    found = await read(history)
    assert stats_of(found).requests_per_second == pytest.approx(2.0)
    rates = [promql for promql, _ in history.asked if "rate(" in promql]
    assert rates
    assert all('pod=~"iris-' in promql for promql in rates)


async def test_pods_of_a_like_name_that_are_not_its_own_count_nothing() -> None:
    history = History()
    history.fastapi(PODS[0])
    history.fastapi("iris-6d4f8c7b9-zzzzz", rate=50.0, latency=SLOW)
    assert stats_of(await read(history)).requests_per_second == pytest.approx(2.0)


async def test_two_versions_are_told_apart() -> None:
    history = History()
    history.fastapi(PODS[0])
    history.fastapi(PODS[1], rate=6.0, latency=SLOW)
    for pod, version in zip(PODS, ("1", "2"), strict=True):
        labels = f'{{model="iris",version="{version}"}}'
        history.scraped(pod, 900, 0, lambda _age, labels=labels: {f"model_info{labels}": 1.0}, up=False)  # type: ignore[misc]
    found = await read(history)
    assert found.row is not None
    assert {one.version for one in found.row.live} == {"1", "2"}
    assert found.by_version["1"].p99 == pytest.approx(0.175)
    assert found.by_version["2"].p99 == pytest.approx(0.95)
    assert found.by_version["2"].requests_per_second == pytest.approx(6.0)
    assert stats_of(found).requests_per_second == pytest.approx(8.0)


async def test_pods_that_export_nothing_known() -> None:
    found = await read(History())
    assert stats_of(found) == NOTHING_KNOWN
    assert found.warnings == (NOT_EXPORTED,)


async def test_without_mlflow_pods_and_figures_are_known() -> None:
    history = History()
    history.fastapi(PODS[0])
    fake = world(history)
    fake.traps.fail("registry", Unreachable("gone", backend="MLflow"))
    found = await follower(fake, history).read()
    assert found.failure is None
    assert found.sources["MLflow"].state == "unavailable"
    assert found.row is not None
    assert (found.row.live[0].version, found.row.ready) == ("1", 2)


def test_states_of_a_source() -> None:
    gone = Unreachable("gone")
    assert [SourceState().state, SourceState(None, 1.0).state, SourceState(gone, 1.0).state, SourceState(gone).state] == [
        "live",
        "live",
        "stale",
        "unavailable",
    ]
