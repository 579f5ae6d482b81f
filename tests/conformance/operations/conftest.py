"""Promotions on real parts: an MLflow server with trained models, a cluster (each of the two), the node agent, and the command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.sandbox.processes.process import clean_environment
from tests.conformance.clusters import NAMES, Cluster, running, until
from tests.conformance.node.conftest import Node, Registry, agent
from tests.conformance.node.serving import deployed
from tests.conformance.registry_server import registry_server

PATIENCE = 60.0
"""Seconds for one answer on a busy machine."""


@dataclass(frozen=True)
class Mlflow:
    """A real MLflow server over the trained versions; version 3 of iris has lost its model file."""

    url: str
    trained: Registry

    def alias(self, name: str) -> str | None:
        """The version that an alias of iris points at."""
        answer = httpx.get(
            f"{self.url}/api/2.0/mlflow/registered-models/get", params={"name": "iris"}, trust_env=False, timeout=PATIENCE
        ).json()
        found = {each["alias"]: each["version"] for each in answer["registered_model"].get("aliases", ())}
        return found.get(name)

    def point(self, alias: str, version: str) -> None:
        body = {"name": "iris", "alias": alias, "version": version}
        httpx.post(f"{self.url}/api/2.0/mlflow/registered-models/alias", json=body, trust_env=False, timeout=PATIENCE).raise_for_status()

    def tags(self, version: str) -> dict[str, str]:
        return {each["key"]: each["value"] for each in self._version(version).get("tags", ())}

    def run_of(self, version: str) -> str:
        return str(self._version(version)["run_id"])

    def _version(self, version: str) -> Any:
        given = {"name": "iris", "version": version}
        return httpx.get(f"{self.url}/api/2.0/mlflow/model-versions/get", params=given, trust_env=False, timeout=PATIENCE).json()[
            "model_version"
        ]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """An operator's shell: the command line as processes of its own, on one cluster and one registry."""

    node: Node
    mlflow: Mlflow
    state: Path

    @property
    def cluster(self) -> Cluster:
        return self.node.cluster

    def environ(self, user: str = "admin", **more: str) -> dict[str, str]:
        own = {
            "KUBECONFIG": str(self.cluster.kubeconfig(user)),
            "MLFLOW_TRACKING_URI": self.mlflow.url,
            "HOME": str(self.state),
            "XDG_STATE_HOME": str(self.state),
            "XDG_CONFIG_HOME": str(self.state),
        }
        return {**clean_environment(), **own, **more}

    def start(self, *message: str, user: str = "admin", **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "modeldeck", *message]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environ(user, **more), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def run(self, *message: str, user: str = "admin", **more: str) -> Done:
        """Run one verb to its end."""
        process = self.start(*message, user=user, **more)
        out, err = process.communicate(timeout=180)
        return Done(process.returncode, out, err)

    @contextlib.contextmanager
    def serving(self, name: str, uri: str = "models:/iris/1", *, replicas: int = 1, champion: str = "1") -> Iterator[str]:
        """A deployment that serves, as `serving/NAME`; the champion is set first."""
        self.mlflow.point("champion", champion)
        with deployed(self.node, name, uri, replicas):
            yield f"serving/{name}"

    def kill_runner(self) -> None:
        """Without warning: that of the newest operation, found in the journal, as starting a command would take too long."""
        (newest, *_) = SqliteJournal(self.state / "modeldeck" / "journal.sqlite").operations()
        assert newest.runner_pid
        os.kill(newest.runner_pid, signal.SIGKILL)

    def until_the_next_second(self, name: str) -> None:
        """Kubernetes tells whole seconds: what happens in the one in which the deployment was made cannot be told apart."""
        conditions = self.cluster.get("deployment", name)["status"]["conditions"]
        latest = max(datetime.fromisoformat(condition["lastTransitionTime"]) for condition in conditions)
        until("the next second", lambda: datetime.now(UTC) - latest >= timedelta(seconds=1))

    def template(self, name: str) -> Any:
        return self.cluster.get("deployment", name)["spec"]["template"]

    def uri(self, name: str) -> str:
        env = self.template(name)["spec"]["containers"][0]["env"]
        return str(next(each["value"] for each in env if each["name"] == "MODEL_URI"))


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    with registry_server(tmp_path_factory.mktemp("mlflow")) as (trained, url):
        yield Mlflow(url, trained)


_READ = {"apiGroups": ["", "apps"], "resources": ["deployments", "replicasets", "pods", "pods/log"], "verbs": ["get", "list", "watch"]}
_PATCH = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}


def _rights(name: str, user: str, *more: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A role in the namespace with its binding: to look, and what else is given. Nobody but admin may write events."""
    api, metadata = "rbac.authorization.k8s.io/v1", {"name": name, "namespace": "serving"}
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    return (
        {"apiVersion": api, "kind": "Role", "metadata": metadata, "rules": [_READ, *more]},
        {"apiVersion": api, "kind": "RoleBinding", "metadata": metadata, "subjects": [subject], "roleRef": reference},
    )


@pytest.fixture(scope="session", params=NAMES)
def ground(request: pytest.FixtureRequest, mlflow: Mlflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A cluster with an agent of its own: two agents would both claim the one node of a shared cluster."""
    with running(request.param, tmp_path_factory.mktemp(f"operations-{request.param}")) as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "serving"}})
        cluster.apply(*_rights("view", "viewer"), *_rights("op", "operator", _PATCH))
        folder = tmp_path_factory.mktemp("operations-node")
        with agent(cluster, mlflow.trained, folder) as proxy:
            yield Node(cluster, folder, proxy)


@pytest.fixture
def shell(ground: Node, mlflow: Mlflow, tmp_path: Path) -> Shell:
    """A fresh journal for each case."""
    return Shell(ground, mlflow, tmp_path)
