"""Many deployments that nobody runs: the API simulator with ready pods, and a Prometheus that makes their figures up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modeldeck.domain.environments import ClusterTarget
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.conformance.clusters import process, running
from tests.support.backends import MLFLOW, served

NAMESPACE, PODS_EACH = "serving", 2
PATIENCE = 60.0
"""Seconds for the controllers to make all pods."""


@contextlib.contextmanager
def fleet(folder: Path, deployments: int) -> Iterator[Mapping[str, str]]:
    """The variables of an environment with so many deployments, each with two ready pods."""
    with running("simulator", folder / "cluster") as cluster:
        kubeconfig = cluster.kubeconfig()
        pods = asyncio.run(_filled(kubeconfig, deployments))
        (folder / "pods.json").write_text(json.dumps(pods))
        command = [sys.executable, "-m", "tests.bench.synthetic_prometheus", str(folder / "pods.json")]
        with process(command, folder / "prometheus.log") as prometheus, served(MLFLOW) as mlflow:
            yield {"KUBECONFIG": str(kubeconfig), "PROMETHEUS_URL": prometheus, "MLFLOW_TRACKING_URI": mlflow}


def asked(environ: Mapping[str, str]) -> int:
    """Questions to that Prometheus so far."""
    with urllib.request.urlopen(f"{environ['PROMETHEUS_URL']}/asked", timeout=10) as answer:
        return sum(json.load(answer).values())


async def _filled(kubeconfig: Path, deployments: int) -> list[str]:
    """`namespace/pod` of all pods, which are ready."""
    client = KubernetesCluster(ClusterTarget(str(kubeconfig)))
    transport = await client.connection.transport()
    try:
        await transport.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for number in range(deployments):
            await transport.post(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", _deployment(f"model-{number:03}"))
        async with asyncio.timeout(PATIENCE):
            while len(pods := await _items(transport)) < PODS_EACH * deployments:  # noqa: ASYNC110 — it is in another process
                await asyncio.sleep(0.2)
        for number, pod in enumerate(pods):
            path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}/status"
            await transport.patch(path, {"status": _ready(number)}, headers={"Content-Type": "application/merge-patch+json"})
        return [f"{NAMESPACE}/{pod['metadata']['name']}" for pod in pods]
    finally:
        await client.aclose()


async def _items(transport: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(await transport.get(f"/api/v1/namespaces/{NAMESPACE}/pods"))["items"]
    return found


def _deployment(name: str) -> dict[str, Any]:
    container = {"name": "server", "image": "model-server:1", "env": [{"name": "MODEL_URI", "value": f"models:/{name}/1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": PODS_EACH,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def _ready(number: int) -> dict[str, Any]:
    conditions = [{"type": kind, "status": "True"} for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")]
    running = {"name": "server", "ready": True, "restartCount": 0, "image": "model-server:1", "state": {"running": {}}}
    address = f"10.0.{number // 250}.{number % 250 + 1}"
    return {"phase": "Running", "podIP": address, "conditions": conditions, "containerStatuses": [running]}
