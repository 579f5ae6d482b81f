"""The few calls that the sandbox itself makes to its cluster: create what is missing, and see whether it is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modeldeck.domain.failures import Conflict
from modeldeck.sandbox.node.api import DynamicClient, Object

_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far a deployment is: ready pods, and those among all that are of the current template, of those wanted.

    `stuck`: its controller has given up waiting for the rollout (progressDeadlineSeconds).
    """

    name: str
    ready: int
    updated: int
    wanted: int
    stuck: bool


async def create_missing(api: DynamicClient, objects: Sequence[Mapping[str, Any]]) -> int:
    """Create those objects that are not there; how many. What is there stays as it is, changed or not. Raises a Failure."""
    created = 0
    for each in objects:
        path = _PATHS[each["kind"]].format(namespace=each["metadata"].get("namespace", ""))
        try:
            await api.request("POST", path, dict(each))
        except Conflict:
            continue
        created += 1
    return created


async def readiness(api: DynamicClient, namespace: str, names: Sequence[str]) -> list[Readiness]:
    """The state of the named deployments; those that somebody deleted are left out: they are no reason to wait. Raises a Failure."""
    answer = await api.request("GET", _PATHS["Deployment"].format(namespace=namespace))
    found = []
    for item in answer["items"]:
        if item["metadata"]["name"] not in names:
            continue
        status = item.get("status", {})
        current = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
        found.append(
            Readiness(
                item["metadata"]["name"],
                status.get("readyReplicas", 0) if current else 0,
                status.get("updatedReplicas", 0) if current else 0,
                item["spec"].get("replicas", 1),
                any(each["type"] == "Progressing" and each["status"] == "False" for each in status.get("conditions", ())),
            )
        )
    return found


async def patch_deployment(api: DynamicClient, namespace: str, name: str, patch: Object) -> None:
    """A strategic merge patch of one Deployment. Raises a Failure."""
    await api.patch(f"{_PATHS['Deployment'].format(namespace=namespace)}/{name}", patch)
