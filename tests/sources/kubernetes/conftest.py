"""One simulator and, where its binaries are at hand, one real control plane for all contract cases. Neither runs pods."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.conformance.clusters import NAMES, Cluster, running


@pytest.fixture(scope="session", params=NAMES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(request.param, tmp_path_factory.mktemp(f"contract-{request.param}")) as found:
        yield found


@dataclass(frozen=True)
class Hand:
    """An administrator's hand in one namespace of its own."""

    cluster: KubernetesCluster
    namespace: str
    served: Cluster

    async def post(self, path: str, body: dict[str, Any]) -> None:
        await (await self.cluster.connection.transport()).post(path, body)

    async def create(self, name: str = "iris", *, replicas: int = 2, env: dict[str, str] | None = None) -> None:
        await self.post(
            f"/apis/apps/v1/namespaces/{self.namespace}/deployments", deployment(name, replicas, env or {"MODEL_URI": "models:/iris/3"})
        )

    async def delete(self, name: str = "iris") -> None:
        transport = await self.cluster.connection.transport()
        await transport.delete(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}", {"propagationPolicy": "Background"})

    async def allow(self, user: str, *rules: dict[str, Any]) -> None:
        """A role with these rules for a user, in this namespace only."""
        role = f"{user}-{secrets.token_hex(3)}"
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": role, "namespace": self.namespace}}
        await self.post(f"{path}/roles", {**api, "kind": "Role", "rules": list(rules)})
        binding = {
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
            "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        }
        await self.post(f"{path}/rolebindings", {**api, **binding})

    async def fleet(self) -> Fleet:
        return await self.cluster.fleet((self.namespace,))

    def target(self, user: str = "admin", *, namespaces: tuple[str, ...] | None = None) -> ClusterTarget:
        return ClusterTarget(str(self.served.kubeconfig(user)), namespaces=namespaces or (self.namespace,))


def deployment(name: str, replicas: int, env: dict[str, str]) -> dict[str, Any]:
    container = {"name": "server", "image": "modeldeck/model-server:1", "env": [{"name": key, "value": text} for key, text in env.items()]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


@pytest.fixture
async def hand(served: Cluster) -> AsyncIterator[Hand]:
    cluster = KubernetesCluster(ClusterTarget(str(served.kubeconfig())))
    namespace = f"t-{secrets.token_hex(4)}"
    found = Hand(cluster, namespace, served)
    await found.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    try:
        yield found
    finally:
        await cluster.aclose()


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[ClusterTarget], KubernetesCluster]]:
    """Opens clusters that are closed with the case."""
    ends: list[Callable[[], Awaitable[None]]] = []

    def make(target: ClusterTarget) -> KubernetesCluster:
        cluster = KubernetesCluster(target)
        ends.append(cluster.aclose)
        return cluster

    yield make
    for end in ends:
        await end()
