"""Series that name their pods in other ways, as a real Prometheus, where there is one, and the stand-in hand them out: what doctor says of
them, what a gate counts by them, and how a configuration overrides it."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.backends import Backends
from modeldeck.cli.doctor.findings import Finding
from modeldeck.cli.doctor.metrics import scraping
from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.gates import Gate
from modeldeck.domain.kubernetes.pod_addresses import serving_addresses
from modeldeck.domain.kubernetes.workloads import Fleet, OtherWorkload, Pod, ReplicaSet
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.gate import GateTarget
from modeldeck.operations.gate.judging import examine
from modeldeck.sandbox.prometheus import installed as binary
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.conformance.controlplane import launch
from tests.sources.conftest import wait_for
from tests.support import metrics_servers, sample
from tests.support.counted import CountedServer
from tests.support.eventually import eventually_true
from tests.support.ports import free_port

REAL = binary.find() or launch.binary("prometheus")
HOW = {
    "usual": {"namespace": "serving", "pod": "{pod}"},
    "older": {"kubernetes_namespace": "serving", "kubernetes_pod_name": "{pod}"},
    "named": {"namespace": "serving", "pod_name": "{pod}"},
    "handed": {"namespace": "monitoring", "pod": "collector-1"},
    "bare": {},
}
"""Deployment → the labels that its scraper puts on. The pods of `handed` state their own, so that Prometheus calls these exported_*."""
CLUSTERS = ("prod", "staging")
SENT = 40


class Pods:
    """`clone` runs under the same names in two clusters, all else in one."""

    def __init__(self) -> None:
        self.servers = {name: CountedServer(self._own(name)) for name in (*HOW, *CLUSTERS)}
        self.fleet = Fleet(
            tuple(sample.deployment(name, "models:/iris/7", 1, 1) for name in (*HOW, "clone")),
            tuple(self._set(name) for name in (*HOW, "clone")),
            tuple(self._pod(name) for name in (*HOW, "clone")),
        )

    def groups(self) -> list[dict[str, Any]]:
        def group(server: str, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
            given = {label: value.replace("{pod}", self.pod(name)) for label, value in labels.items()}
            return {"targets": [self.servers[server].address], "labels": given}

        return [
            *(group(name, name, labels) for name, labels in HOW.items()),
            *(group(cluster, "clone", {**HOW["usual"], "cluster": cluster}) for cluster in CLUSTERS),
        ]

    @staticmethod
    def pod(name: str) -> str:
        return f"{name}-5d4f8c7b9-abcde"

    def _own(self, name: str) -> str:
        return f'namespace="serving",pod="{self.pod(name)}"' if name == "handed" else ""

    def _set(self, name: str) -> ReplicaSet:
        return replace(sample.FLEET.replica_sets[0], name=f"{name}-5d4f8c7b9", uid=f"s-{name}", owner_uid=f"d-{name}")

    def _pod(self, name: str) -> Pod:
        port = int(self.servers[name if name in HOW else "prod"].address.rpartition(":")[2])
        return replace(
            next(pod for pod in sample.FLEET.pods if pod.ready),
            name=self.pod(name),
            uid=f"p-{name}",
            owner_uid=f"s-{name}",
            ip="127.0.0.1",
            on_host_network=True,
            host_ports=(port,),
            created_at=1.0,
            started_at=1.0,
            containers=(),
        )


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    found = Pods()
    yield found
    for server in found.servers.values():
        server.close()


@pytest.fixture(scope="module", params=["real", "stand-in"])
def url(request: pytest.FixtureRequest, pods: Pods, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("labels")
    targets = folder / "targets.json"
    targets.write_text(json.dumps(pods.groups()))
    with ExitStack() as stack:
        if request.param == "real":
            if REAL is None:
                pytest.skip("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
            (folder / "prometheus.yml").write_text(binary.configuration(targets, 1))
            port = free_port()
            command, handed_down = list(metrics_servers.command(REAL, folder, port)), []
        else:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            port, handed_down = listener.getsockname()[1], [listener.fileno()]
            given = ["--targets", str(targets), "--fd", str(listener.fileno()), "--interval", "1"]
            command = [sys.executable, "-m", "modeldeck.sandbox.prometheus", *given]
        out = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(command, stdout=out, stderr=out, pass_fds=handed_down, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/-/ready", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


async def opened(url: str, scope: SeriesScope = SeriesScope()) -> PrometheusMetrics:  # noqa: B008 — it is frozen
    metrics = PrometheusMetrics(PrometheusTarget(url, scope=scope))

    async def all_scraped() -> bool:
        return len((await metrics.query("http_requests_total", at=time.time())).samples) == len(HOW) + len(CLUSTERS)

    await eventually_true(all_scraped, within=60)
    return metrics


@pytest.fixture(scope="module", autouse=True)
def some_requests(pods: Pods) -> None:
    """Made before anything is scraped, so that the counters are there."""
    for server in pods.servers.values():
        server.serve(1)


async def doctor(metrics: PrometheusMetrics, fleet: Fleet) -> dict[str, Finding]:
    class Cluster:
        async def ping(self) -> str:
            return "v1.36.3"

        async def fleet(self, namespaces: Sequence[str]) -> Fleet:
            return fleet

        async def unhandled(self, namespaces: Sequence[str]) -> tuple[OtherWorkload, ...]:
            return ()

    clients = Clients(sample.ENVIRONMENT, None, None, Cluster(), metrics)  # type: ignore[arg-type]
    return {finding.about: finding for finding in await scraping(Backends(clients, None, ()), metrics)}


async def test_labels_are_found_by_looking_and_said(url: str, pods: Pods) -> None:
    metrics = await opened(url)

    async def looked() -> bool:
        found = await doctor(metrics, pods.fleet)
        return "pod labels" in found and "not measured" not in found

    await eventually_true(looked, within=90)  # VictoriaMetrics answers what was half a minute before
    found = await doctor(metrics, pods.fleet)
    await metrics.aclose()
    message = found["pod labels"].message
    for said in (
        "namespace and pod (serving/clone, serving/usual)",
        "kubernetes_namespace and kubernetes_pod_name (serving/older)",
        "namespace and pod_name (serving/named)",
        "exported_namespace and exported_pod (serving/handed)",
        "instance (the pods' addresses) (serving/bare)",
        "found by looking: prometheus.labels overrides it",
    ):
        assert said in message
    assert "serving/clone: series with cluster prod, staging are summed" in found["the same pods"].message


@pytest.mark.parametrize(
    ("deployment", "scope"),
    [
        *((name, SeriesScope()) for name in HOW),
        ("older", SeriesScope(pod="kubernetes_pod_name", namespace="kubernetes_namespace")),
        ("named", SeriesScope(pod="pod_name")),
        ("bare", SeriesScope(instance="instance")),
        ("usual", SeriesScope(instance="instance")),
        *(("clone", SeriesScope(matchers=(f'cluster="{cluster}"',))) for cluster in CLUSTERS),
    ],
)
async def test_a_gate_counts_what_was_sent_to_these_pods_and_no_others(url: str, pods: Pods, deployment: str, scope: SeriesScope) -> None:
    metrics = await opened(url, scope)

    async def scraped(after: float) -> bool:
        found = await metrics.samples("up", seconds=60, at=time.time())
        return len(found.series) == len(pods.servers) and all(at > after and up == 1 for one in found.series for at, up in one.points[-1:])

    start = time.time()
    # A scrape that began before the gate did may take long, and see what is counted after it has: not one that begins now.
    await eventually_true(lambda: scraped(start), within=60)
    sent = dict[str, int]()
    for more, (name, server) in enumerate(pods.servers.items()):
        sent[name] = SENT + more
        server.serve(sent[name])
    served = time.time()
    await eventually_true(lambda: scraped(served), within=60)
    now = start + math.ceil(time.time() - start)  # a gate looks back over whole seconds
    (pod,) = (pod for pod in pods.fleet.pods if pod.name == pods.pod(deployment))
    target = GateTarget("serving", deployment, (f"{deployment}-5d4f8c7b9",), addresses=serving_addresses([pod]))
    found = await examine(Gate(max_error_rise=None), target, metrics, now=now, elapsed=now - start)
    await metrics.aclose()
    expected = sent[deployment if deployment in HOW else scope.matchers[0].split('"')[1]]
    assert (found.new.requests.value, found.new.failed.value) == (expected, 0)
    assert found.new.requests.warnings == ()
