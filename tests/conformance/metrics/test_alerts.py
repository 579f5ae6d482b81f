"""Alerts of a real Prometheus, and of a real Alertmanager behind it: which fire, which are pending, whose they are."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest

from modeldeck.domain.alerts.alert import AlertState
from modeldeck.domain.alerts.matching import alerts_by_deployment
from modeldeck.domain.environments import HttpTarget, PrometheusTarget
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.sandbox.prometheus import installed
from modeldeck.sources.alertmanager.client import Alertmanager
from modeldeck.sources.alertmanager.combined import CombinedAlerts
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.conformance.clusters import skip
from tests.conformance.controlplane import launch
from tests.conformance.metrics.conftest import is_ready, until
from tests.support import alertmanagers
from tests.support.eventually import eventually_true
from tests.support.metrics_servers import is_thanos, is_victoria
from tests.support.ports import free_port


def rule(name: str, wait: str, **labels: str) -> dict[str, object]:
    return {
        "alert": name,
        "expr": "vector(1)",
        "for": wait,
        "labels": labels,
        "annotations": {"summary": "look at it"},
    }


RULES = [
    rule("Errors", "0s", namespace="serving", pod="iris-5d4f8c7b9-abcde", severity="page"),
    rule("Slow", "1h", namespace="serving", deployment="iris"),
    rule("Elsewhere", "0s", namespace="other", deployment="iris"),
]


@dataclass
class Servers:
    prometheus: str
    alertmanager: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    binary = installed.find() or launch.binary("prometheus")
    if binary is None or is_victoria(binary) or is_thanos(binary):
        skip("no prometheus on PATH or in MODELDECK_PROMETHEUS_BIN, and none built by tests/conformance/controlplane/build.py")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with alertmanagers.running(tmp_path_factory.mktemp("alertmanager")) as alertmanager:
        (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "interval": "1s", "rules": RULES}]}))
        configuration = {
            "global": {"evaluation_interval": "1s", "external_labels": {"cluster": "prod"}},
            "rule_files": ["rules.yml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}]},
        }
        (folder / "prometheus.yml").write_text(json.dumps(configuration))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(installed.command(str(binary), folder, port), stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
                until(lambda: is_ready(client), (folder / "log").read_text())
            yield Servers(f"http://127.0.0.1:{port}", alertmanager)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
async def both(servers: Servers) -> AsyncIterator[CombinedAlerts]:
    prometheus, alertmanager = (
        PrometheusMetrics(PrometheusTarget(servers.prometheus)),
        Alertmanager(HttpTarget(servers.alertmanager)),
    )

    async def told() -> bool:
        mine, theirs = await prometheus.alerts(), await alertmanager.alerts()
        return len(mine.alerts) == 3 and len(theirs.alerts) == 2

    await eventually_true(told, within=60)
    yield CombinedAlerts(prometheus, alertmanager)
    await prometheus.aclose()
    await alertmanager.aclose()


async def test_what_fires_and_what_is_pending_is_told_once(both: CombinedAlerts) -> None:
    found = await both.alerts()
    assert found.gaps == ()
    assert {(one.name, one.state) for one in found.alerts} == {
        ("Errors", AlertState.FIRING),
        ("Slow", AlertState.PENDING),
        ("Elsewhere", AlertState.FIRING),
    }
    assert len(found.alerts) == 3
    (errors,) = [one for one in found.alerts if one.name == "Errors"]
    assert (errors.summary, errors.severity, errors.labels["cluster"]) == ("look at it", "page", "prod")
    assert errors.since == pytest.approx(time.time(), abs=120)


async def test_whose_they_are(both: CombinedAlerts) -> None:
    found = alerts_by_deployment((await both.alerts()).alerts, ("serving/iris", "serving/rose"), SeriesScope(matchers=('cluster="prod"',)))
    assert {key: [one.name for one in each] for key, each in found.items()} == {"serving/iris": ["Errors", "Slow"]}
