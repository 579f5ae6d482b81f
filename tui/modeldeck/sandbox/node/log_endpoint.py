"""The kubelet endpoint that `kubectl logs` reaches through the API server: /containerLogs/{namespace}/{pod}/{container}."""

from __future__ import annotations

import asyncio
import datetime
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from modeldeck.sandbox.node.container import ContainerLife
from modeldeck.sandbox.node.logs import ContainerLog, PodLogOptions, read, timestamp
from modeldeck.sandbox.node.pod import PodLife
from modeldeck.sandbox.node.state import ContainerWaiting

_CHUNK = 32 * 1024


class LogRefused(Exception):
    """A request that gets no log: HTTP status and words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class LogsEndpoint:
    """An ASGI app, for processes of this user (and root) only: `allowed(client port, server port)` decides."""

    def __init__(self, pods: Callable[[], Iterable[PodLife]], allowed: Callable[[int, int], bool]) -> None:
        self._pods, self._allowed = pods, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            if not self._allowed(scope["client"][1], scope["server"][1]):
                raise LogRefused(403, "logs are shown only to the user who runs this node")
            log, wanted = self._asked(scope)
        except LogRefused as refusal:
            await _start(send, refusal.status)
            await send({"type": "http.response.body", "body": str(refusal).encode()})
            return
        await _start(send, 200)
        streaming = asyncio.create_task(_stream(log, wanted, send))
        leaving = asyncio.create_task(_until_left(receive))
        try:
            await asyncio.wait((streaming, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            streaming.cancel()
            leaving.cancel()
            await asyncio.gather(streaming, leaving, return_exceptions=True)

    def _asked(self, scope: Scope) -> tuple[ContainerLog, PodLogOptions]:
        parts = scope["path"].strip("/").split("/")
        if len(parts) != 4 or parts[0] != "containerLogs":
            raise LogRefused(404, "this node answers /containerLogs/NAMESPACE/POD/CONTAINER")
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        container = self._container(*parts[1:])
        return _log(container, parts[2], query.get("previous") == "true"), log_options(query)

    def _container(self, namespace: str, name: str, container: str) -> ContainerLife:
        for pod in self._pods():
            metadata = pod.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, name):
                for each in pod.containers:
                    if each.name == container:
                        return each
                raise LogRefused(404, f'container "{container}" not found in pod "{name}"')
        raise LogRefused(404, f'pod "{name}" does not exist in namespace "{namespace}" on this node')


def _log(container: ContainerLife, pod: str, previous: bool) -> ContainerLog:
    """The log asked for; without one the refusal is in the kubelet's own words."""
    if previous:
        found = container.previous_log if container.port or not container.log or not container.log.ended else None
        # A container that waits to be restarted has its last life's log as the current one, and that is also its previous one.
        found = found or (container.log if container.status.last and container.log and container.log.ended else None)
        if found is None:
            raise LogRefused(400, f'previous terminated container "{container.name}" in pod "{pod}" not found')
        return found
    if container.log is None:
        state = container.status.state
        reason = state.reason if isinstance(state, ContainerWaiting) else "ContainerCreating"
        pulling = reason in ("ErrImagePull", "ImagePullBackOff")
        message = "trying and failing to pull image" if pulling else reason
        raise LogRefused(400, f'container "{container.name}" in pod "{pod}" is waiting to start: {message}')
    return container.log


def log_options(query: dict[str, str]) -> PodLogOptions:
    """PodLogOptions as the API server passes them on. Raises LogRefused(400) for numbers that are none."""
    try:
        tail, limit, seconds = (int(query[key]) if key in query else None for key in ("tailLines", "limitBytes", "sinceSeconds"))
        since = query.get("sinceTime")
        moment = datetime.datetime.fromisoformat(since).astimezone(datetime.UTC) if since else None
    except ValueError as error:
        raise LogRefused(400, f"bad log options: {error}") from error
    if seconds is not None:
        moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    return PodLogOptions(
        follow=query.get("follow") == "true",
        timestamps=query.get("timestamps") == "true",
        tail=tail if tail is None or tail >= 0 else None,
        since=timestamp(moment) if moment else None,
        limit=limit,
    )


async def _start(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})


async def _stream(log: ContainerLog, wanted: PodLogOptions, send: Send) -> None:
    waiting: list[bytes] = []
    size = 0
    async for chunk in read(log, wanted):
        waiting.append(chunk)
        size += len(chunk)
        if wanted.follow or size >= _CHUNK:
            await send({"type": "http.response.body", "body": b"".join(waiting), "more_body": True})
            waiting, size = [], 0
    await send({"type": "http.response.body", "body": b"".join(waiting)})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def same_user(client: int, server: int) -> bool:
    """Whether the process at the other end of a loopback connection is ours or root's; Linux tells, elsewhere it is taken for ours.

    The API server speaks for the people that it authenticated; other users of this machine must not read logs past it.
    """
    if sys.platform != "linux":
        return True
    ends = f"{client:04X}", f"{server:04X}"
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if (fields[1].rpartition(":")[2], fields[2].rpartition(":")[2]) == ends:
                return int(fields[7]) in (os.getuid(), 0)
    return False
