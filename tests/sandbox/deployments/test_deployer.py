from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, Unreachable
from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.deployments import manifests
from modeldeck.sandbox.deployments.deployer import Deployer
from modeldeck.sandbox.node.api import DynamicClient

IRIS = "/apis/apps/v1/namespaces/serving/deployments/iris"


class Cluster(DynamicClient):
    """Keeps what is created; a deployment has as many ready pods as `ready` says."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.ready: dict[str, int] = {}
        self.stuck: set[str] = set()
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self.away = False

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None, content: str = "") -> dict[str, Any]:
        if self.away:
            raise Unreachable("connection refused")
        if method == "PATCH" and body is not None:
            self.patches.append((path, body))
            return {}
        if method == "POST" and body is not None:
            name = f"{path}/{body['metadata']['name']}"
            if name in self.objects:
                raise Conflict("already exists")
            self.objects[name] = body
            return body
        return {"items": [self.seen(each) for name, each in self.objects.items() if name.startswith(f"{path}/")]}

    async def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self.request("PATCH", path, body)

    def seen(self, deployment: dict[str, Any]) -> dict[str, Any]:
        name, replicas = deployment["metadata"]["name"], deployment["spec"]["replicas"]
        ready = self.ready.get(name, 0)
        conditions = [{"type": "Progressing", "status": "False" if name in self.stuck else "True"}]
        status = {"observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": replicas, "conditions": conditions}
        return {**deployment, "metadata": {**deployment["metadata"], "generation": 1}, "status": status}

    def all_ready(self, state_dir: StateDir) -> None:
        self.ready = {each["metadata"]["name"]: each["spec"]["replicas"] for each in manifests.deployments(state_dir.mlflow)}
        state_dir.targets.write_text(json.dumps([{}] * sum(self.ready.values())))


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    made = StateDir(tmp_path)
    made.create()
    return made


def trained(state_dir: StateDir) -> Deployer:
    deployer = Deployer(state_dir)
    for model in manifests.MODELS:
        deployer.add(model)
    return deployer


async def test_a_model_is_deployed_when_it_is_trained(state_dir: StateDir) -> None:
    cluster, deployer = Cluster(), Deployer(state_dir)
    assert await deployer.step(cluster) == ("0/9 ready", False)
    assert "/api/v1/namespaces/serving" in cluster.objects
    assert not any("deployments" in path for path in cluster.objects)
    deployer.add("wine")
    await deployer.step(cluster)
    assert {path.rpartition("/")[2] for path in cluster.objects if "deployments" in path} == {"wine", "legacy-scorer"}


async def test_it_waits_for_all_models_and_all_pods_that_run_now(state_dir: StateDir) -> None:
    cluster, deployer = Cluster(), Deployer(state_dir)
    for model in manifests.MODELS[:-1]:
        deployer.add(model)
    cluster.all_ready(state_dir)
    await deployer.step(cluster)
    assert not (await deployer.step(cluster))[1]
    deployer.add(manifests.MODELS[-1])
    deployer.forget_targets()
    assert await deployer.step(cluster) == ("0/9 ready", False)
    cluster.all_ready(state_dir)
    assert await deployer.step(cluster) == ("9/9 ready", True)


async def test_a_model_that_comes_while_the_cluster_is_asked_is_waited_for(state_dir: StateDir) -> None:
    late: list[str] = []

    class Slow(Cluster):
        async def request(self, method: str, path: str, body: dict[str, Any] | None = None, content: str = "") -> dict[str, Any]:
            if method == "GET" and late:
                deployer.add(late.pop())
            return await super().request(method, path, body, content)

    cluster, deployer = Slow(), Deployer(state_dir)
    for model in manifests.MODELS[:-1]:
        deployer.add(model)
    cluster.all_ready(state_dir)
    await deployer.step(cluster)
    late.append(manifests.MODELS[-1])
    assert not (await deployer.step(cluster))[1]
    assert await deployer.step(cluster) == ("9/9 ready", True)


async def test_iris_has_served_another_version_before(state_dir: StateDir) -> None:
    cluster, deployer = Cluster(), trained(state_dir)
    await deployer.step(cluster)
    (container,) = cluster.objects[IRIS]["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "MODEL_URI", "value": "models:/iris/2"}]
    assert cluster.patches == []
    cluster.all_ready(state_dir)
    assert not (await deployer.step(cluster))[1]
    ((path, patch),) = cluster.patches
    assert path == IRIS
    assert patch["metadata"]["annotations"]["kubernetes.io/change-cause"] == "serve iris v3"
    assert patch["spec"]["template"]["spec"]["containers"] == [
        {"name": "server", "env": [{"name": "MODEL_URI", "value": "models:/iris/3"}]}
    ]
    assert (await deployer.step(cluster))[1]
    assert len(cluster.patches) == 1


async def test_what_somebody_changed_stays(state_dir: StateDir) -> None:
    cluster = Cluster()
    await trained(state_dir).step(cluster)
    kept = {path: json.dumps(each) for path, each in cluster.objects.items()}
    cluster.all_ready(state_dir)
    del cluster.objects[IRIS.replace("iris", "digits")]
    again = trained(state_dir)
    assert await again.step(cluster) == ("9/9 ready", True)
    assert cluster.patches == []
    assert {path: json.dumps(each) for path, each in cluster.objects.items()} == kept


async def test_a_rollout_that_was_left_stuck_is_no_reason_to_wait(state_dir: StateDir) -> None:
    cluster = Cluster()
    await trained(state_dir).step(cluster)
    cluster.all_ready(state_dir)
    cluster.ready["wine"] = 0
    cluster.stuck = {"wine"}
    state_dir.targets.write_text(json.dumps([{}] * 7))
    assert await trained(state_dir).step(cluster) == ("7/9 ready, the rollout of wine is stuck", True)


async def test_what_could_not_be_created_is_tried_again(state_dir: StateDir) -> None:
    cluster, deployer = Cluster(), trained(state_dir)
    cluster.away = True
    with pytest.raises(Unreachable):
        await deployer.step(cluster)
    cluster.away = False
    await deployer.step(cluster)
    assert IRIS in cluster.objects
