"""Deployments to try things on, and the questions that cases ask about them."""

from __future__ import annotations

from typing import Any

from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import STRATEGIC, Api

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"


def template(name: str, image: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": image}]}}


def deployment(name: str = "web", image: str = "ready:1", replicas: int = 2, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template(name, image), **spec},
    }


def rolling(surge: int | str, unavailable: int | str) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def condition(obj: dict[str, Any], type_: str) -> dict[str, Any]:
    return next((each for each in obj["status"].get("conditions", ()) if each["type"] == type_), {})


def is_rolled_out(obj: dict[str, Any]) -> bool:
    """kubectl's rollout_status.go: everything observed, updated and available, nothing old left."""
    wanted, status = obj["spec"]["replicas"], obj["status"]
    return bool(
        status.get("observedGeneration", 0) >= obj["metadata"]["generation"]
        and all(status.get(field, 0) == wanted for field in ("updatedReplicas", "replicas", "availableReplicas"))
    )


class Workloads:
    """The deployments of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self.replicasets = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
        self.pods_path = f"/api/v1/namespaces/{namespace}/pods"

    def create(self, obj: dict[str, Any] | None = None, *, wait: bool = True) -> dict[str, Any]:
        obj = obj or deployment()
        created: dict[str, Any] = self.api.create(self.deployments, obj).ok
        return self.rolled_out(obj["metadata"]["name"]) if wait else created

    def get(self, name: str = "web") -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"{self.deployments}/{name}").ok
        return found

    def patch(self, body: Any, name: str = "web", media: str = STRATEGIC) -> dict[str, Any]:
        found: dict[str, Any] = self.api.patch(f"{self.deployments}/{name}", body, media).ok
        return found

    def set_image(self, image: str, name: str = "web", cause: str | None = None) -> dict[str, Any]:
        change: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}}
        if cause is not None:
            change["metadata"] = {"annotations": {CAUSE: cause}}
        return self.patch(change, name)

    def rolled_out(self, name: str = "web", seconds: float = 20) -> dict[str, Any]:
        """The deployment once its rollout is done (and the controller says so)."""

        def done() -> dict[str, Any] | None:
            found = self.get(name)
            reason = condition(found, "Progressing").get("reason")
            finished = is_rolled_out(found) and reason in ("NewReplicaSetAvailable", None, "DeploymentPaused")
            return found if finished else None

        found: dict[str, Any] = until(f"rollout of {name}", done, seconds)
        return found

    def sets(self, name: str = "web") -> list[dict[str, Any]]:
        """The replica sets, by revision."""
        found = self.api.get(self.replicasets, labelSelector=f"app={name}").ok["items"]
        return sorted(found, key=lambda each: int(each["metadata"]["annotations"].get(REVISION, "0")))

    def revisions(self, name: str = "web") -> dict[str, str]:
        """Revision → image."""
        return {
            each["metadata"]["annotations"][REVISION]: each["spec"]["template"]["spec"]["containers"][0]["image"]
            for each in self.sets(name)
        }

    def pods(self, name: str = "web") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get(self.pods_path, labelSelector=f"app={name}").ok["items"]
        return found

    def events(self, reason: str) -> list[dict[str, Any]]:
        path = f"/api/v1/namespaces/{self.namespace}/events"
        found: list[dict[str, Any]] = self.api.get(path, fieldSelector=f"reason={reason}").ok["items"]
        return found
