"""What all cases stand on: a real MLflow server with a trained model, a cluster, and the node agent that runs its pods."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict

import httpx

from modeldeck.domain.environments import ClusterTarget
from modeldeck.sandbox.control_plane.control_plane import ControlPlaneSupervisor
from modeldeck.sandbox.deployments.kube import create_missing
from modeldeck.sandbox.node.api import DynamicClient
from modeldeck.sandbox.processes.parent_death import die_with_parent, prepare
from modeldeck.sandbox.processes.process import python
from modeldeck.sources.kubernetes.kubeconfig import Login, load
from tests.conformance.clusters import Cluster
from tests.conformance.controlplane import launch
from tests.conformance.node.conftest import Registry, agent
from tests.crash.world import NAMESPACE, World
from tests.support.documents import role

MODEL = "iris"
"""The model that each case's own one is made like."""


class Server(Protocol):
    """An API server that can be killed."""

    folder: Path

    async def restart(self) -> None:
        """Without warning; back, with all that it knew, when this returns."""
        ...


class Simulator:
    """The sandbox's own cluster, as a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    async def restart(self) -> None:
        self.stop()
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        with (self.folder / "simulator.log").open("ab") as log:
            command = python("kubesim", "--state", str(self.folder))
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=die_with_parent)
        assert self._process.stdout
        if not self._process.stdout.readline().startswith("ready"):
            raise RuntimeError((self.folder / "simulator.log").read_text()[-2000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None


class Real:
    """A control plane of real binaries, supervised in this process."""

    def __init__(self, folder: Path) -> None:
        launch.look_into_cache()
        self.folder = folder
        self.supervisor = ControlPlaneSupervisor(folder)

    async def restart(self) -> None:
        await self.supervisor.restart_api_server()


@contextlib.asynccontextmanager
async def _api(name: str, folder: Path) -> AsyncIterator[Server]:
    if name == "simulator":
        simulator = Simulator(folder)
        try:
            await simulator.restart()
            yield simulator
        finally:
            simulator.stop()
    else:
        real = Real(folder)
        try:
            await real.supervisor.up()
            yield real
        finally:
            await real.supervisor.down()


@dataclass
class Ground:
    folder: Path
    api: Server
    registry: Registry
    mlflow_url: str
    world: World
    service: httpx.AsyncClient
    """Where models are asked."""
    admin: Login
    _restarting: asyncio.Task[None] | None = None

    @property
    def kubeconfig(self) -> Path:
        """Of somebody who may do what an operator needs, and nothing else: an API server that was just started refuses everybody but its
        admin for a moment."""
        return self.api.folder / "op.kubeconfig"

    def kubeconfig_through(self, url: str) -> str:
        """For a client whose way to the API server leads through a door."""
        document = json.loads(self.kubeconfig.read_text())
        document["clusters"][0]["cluster"] = {"server": url}
        return json.dumps(document)

    async def restart(self) -> None:
        """Once for all who ask while it is under way: their requests meet a server that is away as it is."""
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.create_task(self.api.restart())
        await asyncio.shield(self._restarting)

    @property
    def question(self) -> dict[str, object]:
        return {"dataframe_split": {"columns": self.registry.columns, "data": self.registry.rows[:1]}}


@contextlib.asynccontextmanager
async def ground(name: str, folder: Path, registry: Registry, mlflow_url: str) -> AsyncIterator[Ground]:
    """A cluster of its own, `simulator` or `real`, over the one registry."""
    prepare()
    async with contextlib.AsyncExitStack() as stack:
        for part in (cluster := folder / "cluster", node := folder / "node"):
            part.mkdir(parents=True)
        api = await stack.enter_async_context(_api(name, cluster))
        kubeconfig = api.folder / "admin.kubeconfig"
        admin = load(ClusterTarget(str(kubeconfig)))
        kube = await stack.enter_async_context(client(admin))
        mlflow = await stack.enter_async_context(httpx.AsyncClient(base_url=mlflow_url, **_PLAIN))
        await _let_in(kubeconfig)
        proxy = stack.enter_context(agent(Cluster(name, api.folder), registry, node))
        service = await stack.enter_async_context(httpx.AsyncClient(base_url=proxy, **_PLAIN))
        yield Ground(folder, api, registry, mlflow_url, World(kube, mlflow), service, admin)


_RBAC = "rbac.authorization.k8s.io"


async def _let_in(kubeconfig: Path) -> None:
    """The namespace, and what its operators may do there: what the README's role says."""
    granted = role()
    binding = {
        "apiVersion": granted["apiVersion"],
        "kind": "RoleBinding",
        "metadata": granted["metadata"],
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": "operators"}],
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": granted["metadata"]["name"]},
    }
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    kube = DynamicClient(kubeconfig)
    try:
        await create_missing(kube, [namespace, granted, binding])
    finally:
        await kube.close()


class _Plain(TypedDict):
    trust_env: bool
    timeout: float
    limits: httpx.Limits


_PLAIN: _Plain = {"trust_env": False, "timeout": 30.0, "limits": httpx.Limits(max_connections=None, keepalive_expiry=2.0)}
"""Idle connections are given up before any server would close them: a case's faults are its own, and no others."""


def client(login: Login) -> httpx.AsyncClient:
    """To the API server itself."""
    assert login.user.token
    headers = {"Authorization": f"Bearer {login.user.token.reveal()}"}
    return httpx.AsyncClient(base_url=login.server, verify=ssl.create_default_context(cadata=login.ca_pem), headers=headers, **_PLAIN)


def missing(name: str) -> str | None:
    """What the cluster lacks on this machine, in words."""
    return launch.missing() if name == "real" else None
