"""The agent: keeps the pods of this node as the API server wants them, and serves their logs and their requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from modeldeck.sandbox.common.files import write_json
from modeldeck.sandbox.node import spec
from modeldeck.sandbox.node.api import DynamicClient, DynamicInformer, Object, unstructured
from modeldeck.sandbox.node.container import Node, RestartBackoff
from modeldeck.sandbox.node.events import Recorder
from modeldeck.sandbox.node.log_endpoint import LogsEndpoint, same_user
from modeldeck.sandbox.node.node_heartbeat import heartbeat
from modeldeck.sandbox.node.pod import PodLife
from modeldeck.sandbox.node.proxy import Proxy
from modeldeck.sandbox.node.runtime import Runtime
from modeldeck.sandbox.node.state import LOOPBACK
from modeldeck.sandbox.processes.certificates import ensure

NAME = "node-1"


@dataclass(frozen=True)
class AgentSettings:
    """How the API server is reached, the folder for state, the MLflow that models come from, the back-off, the proxy's port (0: any)."""

    kubeconfig: Path
    state: Path
    mlflow: str
    backoff: RestartBackoff
    proxy_port: int = 0


class _Embedded(uvicorn.Server):
    """A server inside the agent: signals are the agent's own business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Agent:
    """`run` serves until cancelled, then ends all model servers."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        state = settings.state
        self._api = DynamicClient(settings.kubeconfig)
        self._runtime = Runtime({"MLFLOW_TRACKING_URI": settings.mlflow}, state / "zygote.log")
        self._recorder = Recorder(self._api, NAME)
        self._pods: dict[str, PodLife] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._targets: list[Object] | None = None
        self._pod_informer = DynamicInformer(self._api, unstructured("pods"), self._pod_changed, fields=f"spec.nodeName={NAME}")
        self._services = DynamicInformer(self._api, unstructured("services"), lambda uid, service: None)
        self._proxy = Proxy(self._pods.values, self._services.objects.values)
        self._node = Node(self._runtime, self._recorder, state / "pods", state / "faults.json", settings.backoff)

    async def run(self, ready: asyncio.Event) -> None:
        """Serve until cancelled; sets `ready` once the node is registered and its pods are known."""
        state = self._settings.state
        shutil.rmtree(state / "pods", ignore_errors=True)  # of an earlier life, whose processes ended with it
        self._pods_changed()
        logs, proxy = _bound(0), _bound(self._settings.proxy_port)
        write_json(state / "proxy.json", {"url": f"http://{LOOPBACK}:{proxy.getsockname()[1]}"})
        registered = asyncio.Event()

        async with asyncio.TaskGroup() as group:
            services = [
                self._runtime.run(),
                self._recorder.run(),
                self._serve(LogsEndpoint(self._pods.values, same_user), logs, tls=True),
                self._serve(self._proxy, proxy, tls=False),
                heartbeat(self._api, NAME, logs.getsockname()[1], registered),
                self._pod_informer.run(),
                self._services.run(),
            ]
            tasks = [group.create_task(each) for each in services]
            try:
                for event in (registered, self._pod_informer.synced, self._services.synced):
                    await event.wait()
                ready.set()
                await asyncio.Event().wait()
            finally:
                await self._end(tasks)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """End everything at once: model servers have no work that outlives the node."""
        for task in (*self._tasks.values(), *tasks):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), *tasks, return_exceptions=True)
        await self._api.close()

    async def _serve(self, app: ASGIApp, listener: socket.socket, *, tls: bool) -> None:
        certificates = ensure(self._settings.state / "certificates", NAME) if tls else None
        config = uvicorn.Config(
            app,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            access_log=False,
            server_header=False,  # the proxy passes on those of the model server
            date_header=False,
            log_config=None,
            timeout_keep_alive=75,
            ssl_certfile=certificates.certificate if certificates else None,
            ssl_keyfile=certificates.key if certificates else None,
        )
        await _Embedded(config).serve(sockets=[listener])

    def _pod_changed(self, uid: str, pod: Object | None) -> None:
        known = self._pods.get(uid)
        if known is not None:
            known.update(pod)
        elif pod is not None and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
            life = PodLife(self._api, self._node, pod, self._pods_changed, self._proxy.in_flight)
            self._pods[uid] = life
            self._tasks[uid] = asyncio.create_task(life.run())
            self._tasks[uid].add_done_callback(lambda task: self._pod_ended(uid, task))

    def _pod_ended(self, uid: str, task: asyncio.Task[None]) -> None:
        del self._pods[uid], self._tasks[uid]
        self._pods_changed()
        if not task.cancelled() and (error := task.exception()):
            logging.getLogger(__name__).error("a pod's task failed", exc_info=error)

    def _pods_changed(self) -> None:
        """Keep Prometheus' target file in step with the processes that answer."""
        targets = [
            {
                "targets": [f"{LOOPBACK}:{each.port}"],
                "labels": {
                    "job": "model-servers",
                    "namespace": pod.pod["metadata"]["namespace"],
                    "pod": pod.pod["metadata"]["name"],
                    "container": each.name,
                    "deployment": spec.deployment(pod.pod),
                },
            }
            for pod in self._pods.values()
            for each in pod.containers
            if each.port and each.status.ready
        ]
        if targets != self._targets:
            self._targets = targets
            write_json(self._settings.state / "targets.json", targets)


def _bound(port: int) -> socket.socket:
    """A socket bound to the port on loopback; a taken port is no reason to fail, another one is taken then."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.bind((LOOPBACK, 0))
    return listener
