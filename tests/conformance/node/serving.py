"""Deployments of model servers, and requests to them, for the cases of this folder."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.conformance.clusters import Cluster, until
from tests.conformance.node.conftest import Node, Registry


def deployment(name: str, model_uri: str, replicas: int = 1, image: str = "modeldeck/model-server:1") -> dict[str, Any]:
    """A Deployment whose pods serve a model; a new pod is ready before an old one goes."""
    container = {
        "name": "server",
        "image": image,
        "env": [{"name": "MODEL_URI", "value": model_uri}],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}, "periodSeconds": 1},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "serving"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 10, "containers": [container]},
            },
        },
    }


def service(name: str) -> dict[str, Any]:
    """A Service over the deployment of the same name."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "serving"}, "spec": spec}


@contextmanager
def deployed(node: Node, name: str, model_uri: str, replicas: int = 1) -> Iterator[None]:
    """A deployment with its service, rolled out; deleted with its pods at the end, so that cases share nothing."""
    cluster = node.cluster
    cluster.apply(service(name), deployment(name, model_uri, replicas))
    try:
        cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")
        yield
    finally:
        cluster.kubectl("delete", f"deployment/{name}", f"service/{name}")
        until(f"pods of {name} are gone", lambda: not pods(cluster, name))


def pods(cluster: Cluster, name: str) -> list[Any]:
    """The pods of a deployment."""
    found: list[Any] = cluster.get("pods", "-l", f"app={name}")["items"]
    return found


def container(pod: Any) -> Any:
    """The status of a pod's only container; empty before the agent has reported."""
    return next(iter(pod["status"].get("containerStatuses", ())), {})


def asking(node: Node, name: str) -> str:
    """Where predictions of a deployment come from."""
    return f"{node.proxy}/serving/{name}/invocations"


def question(registry: Registry) -> dict[str, Any]:
    """A request for predictions in MLflow's scoring protocol."""
    return {"dataframe_split": {"columns": registry.columns, "data": registry.rows}}


@contextmanager
def traffic(node: Node, registry: Registry, name: str) -> Iterator[Counter[str]]:
    """Two clients that ask without a pause; counts answers by `model predictions-are-right`, failures by their own words."""
    answers: Counter[str] = Counter()
    stop = threading.Event()

    def client() -> None:
        with httpx.Client(timeout=20, trust_env=False) as http:
            while not stop.is_set():
                answers[ask(http, node, registry, name)] += 1

    clients = [threading.Thread(target=client) for _ in range(2)]
    for each in clients:
        each.start()
    try:
        yield answers
    finally:
        stop.set()
        for each in clients:
            each.join()


def ask(http: httpx.Client, node: Node, registry: Registry, name: str) -> str:
    """One request: the model that answered, e.g. `iris/1`, when its predictions are what training said, otherwise what went wrong."""
    try:
        answer = http.post(asking(node, name), json=question(registry))
    except httpx.HTTPError as error:
        return f"{type(error).__name__} {error}"
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.text}"
    model = answer.headers["x-model"]
    right = answer.json()["predictions"] == registry.predictions[model.removeprefix("iris/")]
    return str(model) if right else f"{model} predicted {answer.text}"
