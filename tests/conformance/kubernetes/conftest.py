"""Both clusters come from tests/conformance/conftest.py; here is what these cases need on them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.conformance.clusters import Cluster, until
from tests.conformance.kubernetes.api import Api
from tests.conformance.kubernetes.kubelet import PREFIX, Kubelet
from tests.conformance.kubernetes.workloads import Workloads

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Iterator[Api]:
    """The administrator's access."""
    found = Api(cluster.kubeconfig("admin"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def viewer(cluster: Cluster) -> Iterator[Api]:
    """A user without any right until a case gives some."""
    found = Api(cluster.kubeconfig("view"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def operator(cluster: Cluster) -> Iterator[Api]:
    """Another one."""
    found = Api(cluster.kubeconfig("op"))
    yield found
    found.close()


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the case's own."""
    name = f"{PREFIX}{os.getpid()}-{next(_NUMBERS)}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name}}).must()
    # On a real cluster the service account comes a moment later; its events would disturb cases that count changes.
    until("the namespace's service account", lambda: api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").code == 200)
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="module")
def kubelet(cluster: Cluster) -> Iterator[Kubelet]:
    """Somebody who reports pods as ready. Not for the whole session: the node agent's cases follow on the same cluster."""
    access = Api(cluster.kubeconfig("admin"))
    found = Kubelet(access)
    found.start()
    yield found
    found.stop()
    access.close()


@pytest.fixture
def workloads(api: Api, namespace: str, kubelet: Kubelet) -> Workloads:
    """Deployments in the case's namespace, with pods that become ready."""
    return Workloads(api, namespace)
