"""What stands in the cluster and in the registry, read with nothing of modeldeck's own clients."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION
from tests.conformance.node.serving import deployment as manifest
from tests.conformance.node.serving import service

NAMESPACE = "serving"
CHAMPION = "champion"
_KEPT_BY_OTHERS = (HISTORY, "deployment.kubernetes.io/revision")
_REST = "/api/2.0/mlflow"


@dataclass(frozen=True)
class Standing:
    """Of one deployment and its model."""

    template: Any
    annotations: dict[str, str]
    """Without those that any operation, or the controller, writes."""
    mark: str | None
    history: list[dict[str, Any]]
    """Newest first."""
    holder: str
    """Of the lock; "" where it is free."""
    alias: str | None
    announced: tuple[str, ...]
    """Tags of the model: the operations that say that they move an alias."""
    tags: dict[str, dict[str, str]]
    """Version → its tags."""
    events: list[str] = field(compare=False)
    """Reasons."""
    ready: int = field(compare=False)
    """Pods that are ready and not about to end."""
    desired: int = field(compare=False)


@dataclass(frozen=True)
class World:
    kube: httpx.AsyncClient
    mlflow: httpx.AsyncClient

    async def deploy(self, name: str, uri: str, replicas: int) -> None:
        body = manifest(name, uri, replicas)
        await self._send("POST", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", body)
        await self._send("POST", f"/api/v1/namespaces/{NAMESPACE}/services", service(name))

    async def until_rolled_out(self, name: str) -> None:
        """Returns when all pods are there and ready; whoever asks sets the time."""
        while True:
            if await self._rolled_out(name):
                return
            await asyncio.sleep(0.2)

    async def _rolled_out(self, name: str) -> bool:
        found = await self._deployment(name)
        status, wanted = found.get("status", {}), found["spec"]["replicas"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        return status.get("observedGeneration") == found["metadata"]["generation"] and counts == [wanted] * 3

    async def remove(self, name: str) -> None:
        for kind in ("apis/apps/v1", "api/v1"):
            plural = "deployments" if kind.startswith("apis") else "services"
            await self._send("DELETE", f"/{kind}/namespaces/{NAMESPACE}/{plural}/{name}", {"propagationPolicy": "Background"})

    async def register(self, model: str, like: str, versions: int) -> None:
        """A model whose versions are those of another one."""
        await self._ask("POST", "registered-models/create", {"name": model})
        for number in range(1, versions + 1):
            original = (await self._ask("GET", "model-versions/get", {"name": like, "version": str(number)}))["model_version"]
            given = {"name": model, "source": f"models:/{like}/{number}", "run_id": original["run_id"]}
            await self._ask("POST", "model-versions/create", given)

    async def point(self, model: str, version: str) -> None:
        await self._ask("POST", "registered-models/alias", {"name": model, "alias": CHAMPION, "version": version})

    async def forget(self, model: str) -> None:
        await self._ask("DELETE", "registered-models/delete", {"name": model})

    async def standing(self, name: str, model: str) -> Standing:
        found = await self._deployment(name)
        annotations: dict[str, str] = found["metadata"].get("annotations", {})
        registered = (await self._ask("GET", "registered-models/get", {"name": model}))["registered_model"]
        aliases = {each["alias"]: each["version"] for each in registered.get("aliases", ())}
        tags = {}
        for version in ("1", "2"):
            told = (await self._ask("GET", "model-versions/get", {"name": model, "version": version}))["model_version"]
            tags[version] = {each["key"]: each["value"] for each in told.get("tags", ())}
        events = await self._list("/api/v1", "events", {"fieldSelector": f"involvedObject.name={name}"})
        pods = await self._list("/api/v1", "pods", {"labelSelector": f"app={name}"})
        return Standing(
            template=found["spec"]["template"],
            annotations={key: text for key, text in annotations.items() if key not in (*_KEPT_BY_OTHERS, OPERATION)},
            mark=annotations.get(OPERATION),
            history=json.loads(annotations.get(HISTORY, "[]")),
            holder=await self._holder(name),
            alias=aliases.get(CHAMPION),
            announced=tuple(each["key"] for each in registered.get("tags", ())),
            tags=tags,
            events=[each["reason"] for each in events if each.get("source", {}).get("component") == "modeldeck"],
            ready=sum(_is_ready(pod) for pod in pods),
            desired=found["spec"]["replicas"],
        )

    async def _holder(self, name: str) -> str:
        answer = await self.kube.get(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/modeldeck-{name}")
        if answer.status_code == 404:
            return ""
        return answer.raise_for_status().json()["spec"].get("holderIdentity") or ""

    async def _deployment(self, name: str) -> Any:
        return (await self.kube.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}")).raise_for_status().json()

    async def _list(self, api: str, plural: str, given: dict[str, str]) -> list[Any]:
        found: list[Any] = (await self.kube.get(f"{api}/namespaces/{NAMESPACE}/{plural}", params=given)).raise_for_status().json()["items"]
        return found

    async def _send(self, method: str, path: str, body: Any) -> None:
        (await self.kube.request(method, path, json=body)).raise_for_status()

    async def _ask(self, method: str, path: str, given: dict[str, str]) -> Any:
        named: dict[str, Any] = {"params": given} if method == "GET" else {"json": given}
        return (await self.mlflow.request(method, f"{_REST}/{path}", **named)).raise_for_status().json()


def _is_ready(pod: Any) -> bool:
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", ())}
    return "deletionTimestamp" not in pod["metadata"] and conditions.get("Ready") == "True"
