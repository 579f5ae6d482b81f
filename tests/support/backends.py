"""The three backends as small as a console needs them, each behind a proxy that breaks it: canned answers, and the cluster simulator."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget, PrometheusTarget
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.conformance.clusters import Cluster
from tests.support.canned import Canned, canned, response
from tests.support.faulty import FaultyProxy

_AT = 1_700_000_000_000
_RUNS = [
    {
        "info": {
            "run_id": f"{number:032x}",
            "experiment_id": "1",
            "run_name": f"sunny-fox-{number}",
            "status": "FINISHED",
            "start_time": _AT + number * 60_000,
            "end_time": _AT + number * 60_000 + 9_000,
        },
        "data": {"metrics": [{"key": "accuracy", "value": 0.9 + number / 100, "timestamp": _AT, "step": 0}]},
    }
    for number in (1, 2, 3, 4)
]
_VERSIONS = [
    {"name": name, "version": version, "run_id": f"{run:032x}", "status": "READY", "creation_timestamp": _AT}
    for name, version, run in (("iris", "1", 1), ("wine", "1", 2), ("wine", "2", 3), ("iris", "2", 4))
]
MLFLOW: Mapping[str, object] = {
    "/api/2.0/mlflow/experiments/search": {"experiments": [{"experiment_id": "1", "name": "training"}]},
    "/api/2.0/mlflow/runs/search": {"runs": _RUNS},
    "/api/2.0/mlflow/registered-models/search": {
        "registered_models": [{"name": name, "aliases": [{"alias": "champion", "version": "2"}]} for name in ("iris", "wine")]
    },
    "/api/2.0/mlflow/model-versions/search": {"model_versions": _VERSIONS},
    "/version": "3.4.0",
}


def _answer(kind: str, result: object) -> object:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


PROMETHEUS: Mapping[str, object] = {
    "/api/v1/status/buildinfo": {"status": "success", "data": {"version": "3.16.0"}},
    "/api/v1/label/__name__/values": {
        "status": "success",
        "data": ["http_requests_total", "http_request_duration_highr_seconds_bucket", "http_request_duration_highr_seconds_count"],
    },
    "/api/v1/query_range": _answer("matrix", [{"metric": {}, "values": [[_AT // 1000, "0.04"], [_AT // 1000 + 15, "0.05"]]}]),
}


@contextlib.asynccontextmanager
async def answering(answers: Mapping[str, object]) -> AsyncIterator[Canned]:
    """A server that has one answer for each path."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        target = server.requests[number].split(b" ", 2)[1].decode()
        answer = answers.get(urlsplit(target).path)
        if answer is None:
            writer.write(response(b"", "404 Not Found"))
        else:
            writer.write(response(answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()))

    async with canned(talk) as server:
        yield server


@contextlib.contextmanager
def served(answers: Mapping[str, object]) -> Iterator[str]:
    """The address of such a server, for programs in other processes: it runs in a thread of its own."""
    address: list[str] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    up = threading.Event()

    async def serve() -> None:
        loops.append((asyncio.get_running_loop(), over := asyncio.Event()))
        async with answering(answers) as found:
            address.append(found.url)
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert up.wait(30)
    try:
        yield address[0]
    finally:
        ((loop, over),) = loops
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


DEPLOYMENTS = ("iris", "wine")


async def deploy(cluster: Cluster) -> None:
    """Two deployments in the simulator, whose pods nobody runs."""
    client = KubernetesCluster(ClusterTarget(str(cluster.kubeconfig())))
    transport = await client.connection.transport()
    await transport.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "serving"}})
    for name in DEPLOYMENTS:
        container = {"name": "server", "image": "model-server:1", "env": [{"name": "MODEL_URI", "value": f"models:/{name}/2"}]}
        body: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
            },
        }
        await transport.post("/apis/apps/v1/namespaces/serving/deployments", body)
    await client.aclose()


@dataclass(frozen=True)
class Broken:
    """The environment whose backends stand behind these proxies, by the name of the backend."""

    environment: Environment
    proxies: Mapping[str, FaultyProxy]


async def _pods(cluster: Cluster) -> list[str]:
    """The names of the pods that `deploy` has led to."""
    client = KubernetesCluster(ClusterTarget(str(cluster.kubeconfig())))
    transport = await client.connection.transport()
    try:
        async with asyncio.timeout(30):
            while True:
                items = json.loads(await transport.get("/api/v1/namespaces/serving/pods"))["items"]
                if len(items) >= len(DEPLOYMENTS):
                    return [item["metadata"]["name"] for item in items]
                await asyncio.sleep(0.05)
    finally:
        await client.aclose()


def _prometheus(pods: Sequence[str]) -> Mapping[str, object]:
    """That scrapes these pods: whatever is asked for, they export it now."""
    now = time.time()
    names = ("http_requests_total", "http_request_duration_highr_seconds_bucket")
    told = [
        {"metric": {"__name__": name, "namespace": "serving", "pod": pod, "status": "2xx", "le": "+Inf"}, "value": [now, "1"]}
        for pod in pods
        for name in names
    ]
    return {**PROMETHEUS, "/api/v1/query": _answer("vector", told)}


@contextlib.asynccontextmanager
async def behind_proxies(cluster: Cluster, folder: Path) -> AsyncIterator[Broken]:
    """All three, healthy to begin with. The proxy of the cluster speaks TLS to it, and plain HTTP to us: its errors are its own."""
    scraped = _prometheus(await _pods(cluster))
    config = json.loads(cluster.kubeconfig().read_text())
    described = config["clusters"][0]["cluster"]
    address = urlsplit(described["server"])
    tls = ssl.create_default_context(cadata=base64.b64decode(described["certificate-authority-data"]).decode())
    async with (
        answering(MLFLOW) as mlflow,
        answering(scraped) as prometheus,
        FaultyProxy(("127.0.0.1", mlflow.port)) as mlflow_proxy,
        FaultyProxy(("127.0.0.1", prometheus.port)) as prometheus_proxy,
        FaultyProxy((str(address.hostname), address.port or 443), target_tls=tls) as cluster_proxy,
    ):
        config["clusters"][0]["cluster"] = {"server": cluster_proxy.url}
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        environment = Environment(
            "prod",
            MlflowTarget(mlflow_proxy.url),
            ClusterTarget(str(kubeconfig)),
            PrometheusTarget(prometheus_proxy.url),
            journal=str(folder / "journal.db"),
        )
        yield Broken(environment, {"MLflow": mlflow_proxy, "Kubernetes": cluster_proxy, "Prometheus": prometheus_proxy})
