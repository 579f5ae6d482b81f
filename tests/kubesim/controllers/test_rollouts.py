"""The controllers together, in one event loop and without HTTP: whatever happens in between, they come to rest in the right place."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kubesim.api.kinds import DEPLOYMENTS, NODES, PODS, REPLICASETS
from kubesim.controllers import progress, replicasets
from kubesim.controllers.manager import run_controllers
from kubesim.registry import bootstrap, deletion
from kubesim.registry.registry import Registry, Write
from kubesim.storage.store import Change, Store

BY_HAND = Write("test")
REPORT = Write("kubelet", subresource="status")
NOW = "2026-01-01T00:00:00Z"


class Kubelet:
    """Makes pods ready and ends those that are being deleted, each a moment later."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        registry.store.listen(self._changed)

    def _changed(self, change: Change) -> None:
        if change.table == PODS.table and change.type != "DELETED" and change.entry.fields["spec.nodeName"]:
            asyncio.get_running_loop().call_soon(self._look_after, change.entry.namespace, change.entry.name)

    def _look_after(self, namespace: str, name: str) -> None:
        pod = self._registry.find(PODS, namespace, name)
        if pod is None:
            return
        if "deletionTimestamp" in pod["metadata"]:
            deletion.delete(self._registry, PODS, namespace, name, deletion.Options(grace=0))
        elif pod["status"]["phase"] == "Pending" and pod["spec"]["containers"][0]["image"] != "broken":
            pod["status"] |= {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": NOW}]}
            self._registry.update(PODS, namespace, name, pod, REPORT)


@asynccontextmanager
async def cluster() -> AsyncIterator[Registry]:
    registry = Registry(Store(None))
    bootstrap.seed(registry)
    registry.create(NODES, "", {"metadata": {"name": "node-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}, BY_HAND)
    Kubelet(registry)
    running = asyncio.create_task(run_controllers(registry))
    try:
        yield registry
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        registry.store.close()


def deployment(replicas: int, image: str = "one", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}},
            **spec,
        },
    }


def change(registry: Registry, **fields: Any) -> None:
    def patch(obj: dict[str, Any]) -> dict[str, Any]:
        image = fields.pop("image", None)
        if image is not None:
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
        obj["spec"].update(fields)
        return obj

    registry.modify(DEPLOYMENTS, "default", "web", patch, BY_HAND)


async def at_rest(registry: Registry) -> dict[str, Any]:
    """The deployment once it is rolled out."""
    async with asyncio.timeout(10):
        while True:
            found = registry.get(DEPLOYMENTS, "default", "web")
            if progress.is_complete(found, found["status"]) and len(registry.store.scan(PODS)) == found["spec"]["replicas"]:
                return found
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(6))
async def test_any_sequence_of_changes_comes_to_rest(seed: int) -> None:
    chance = random.Random(seed)
    async with cluster() as registry:
        strategy = chance.choice(
            [
                {"type": "Recreate"},
                {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": chance.choice([0, 1, "50%"]), "maxUnavailable": chance.choice([1, "25%"])},
                },
            ]
        )
        registry.create(DEPLOYMENTS, "default", deployment(3, strategy=strategy), BY_HAND)
        for _ in range(12):
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            match chance.randrange(4):
                case 0:
                    change(registry, image=chance.choice(["one", "two", "broken"]))
                case 1:
                    change(registry, replicas=chance.randrange(5))
                case 2:
                    change(registry, paused=chance.random() < 0.5)
                case _:
                    pods = registry.store.scan(PODS)
                    if pods:
                        deletion.delete(registry, PODS, "default", chance.choice(pods).name, deletion.Options())
        change(registry, image="last", replicas=4, paused=False)
        found = await at_rest(registry)
        images = {entry.object()["spec"]["containers"][0]["image"] for entry in registry.store.scan(PODS)}
        assert images == {"last"}
        sets = [entry.object() for entry in registry.store.scan(REPLICASETS)]
        revisions = [int(each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) for each in sets]
        assert len(set(revisions)) == len(revisions)
        newest = max(sets, key=lambda each: int(each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))
        assert newest["spec"]["replicas"] == 4
        assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == str(max(revisions))


async def test_a_rollout_stays_within_its_fences_at_every_single_write() -> None:
    async with cluster() as registry:
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
        registry.create(DEPLOYMENTS, "default", deployment(4, strategy=rolling), BY_HAND)
        await at_rest(registry)
        seen: list[tuple[int, int]] = []

        def count(_: Change) -> None:
            wanted = sum(entry.object()["spec"]["replicas"] for entry in registry.store.scan(REPLICASETS))
            pods = [entry.object() for entry in registry.store.scan(PODS)]
            alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            seen.append((wanted, sum(replicasets.is_ready(pod) for pod in alive)))

        registry.store.listen(count)
        change(registry, image="two")
        await at_rest(registry)
        assert max(wanted for wanted, _ in seen) <= 5
        assert min(ready for _, ready in seen) >= 3


async def test_a_cluster_that_was_stopped_in_the_middle_goes_on() -> None:
    """The controllers have no memory of their own: new ones finish what the old ones began."""
    registry = Registry(Store(None))
    bootstrap.seed(registry)
    registry.create(DEPLOYMENTS, "default", deployment(2), BY_HAND)
    running = asyncio.create_task(run_controllers(registry))
    for _ in range(3):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    Kubelet(registry)
    running = asyncio.create_task(run_controllers(registry))
    registry.create(NODES, "", {"metadata": {"name": "node-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}, BY_HAND)
    assert (await at_rest(registry))["status"]["availableReplicas"] == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    registry.store.close()
