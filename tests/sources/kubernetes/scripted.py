"""An API server that misbehaves on cue: every list and watch is answered by what the case has put up for it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from modeldeck.domain.environments import ClusterTarget
from tests.sources.kubernetes.conftest import deployment
from tests.sources.kubernetes.waiting import until

NOTHING: dict[str, Any] = {"metadata": {"resourceVersion": "1"}, "items": []}


def item(name: str, version: str = "1", **labels: str) -> dict[str, Any]:
    body = deployment(name, 1, {"MODEL_URI": "models:/iris/3"})
    body["metadata"] = {"name": name, "namespace": "serving", "uid": name, "resourceVersion": version, "labels": labels}
    return body


def listed(*items: dict[str, Any], version: str = "1", more: str = "") -> dict[str, Any]:
    return {"metadata": {"resourceVersion": version, "continue": more}, "items": list(items)}


def event(kind: str, body: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


def bookmark(version: str) -> bytes:
    return event("BOOKMARK", {"metadata": {"resourceVersion": version}})


def refused(code: int, reason: str = "") -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": f"told {code}"}


@dataclass
class Refuse:
    code: int
    headers: dict[str, str] = field(default_factory=dict)


CUT = object()
"""In a watch: the connection is cut."""
END = object()
"""In a watch: the server ends it in good order."""
HANG = object()
"""For a list: the connection is taken, and nothing is ever answered."""


class Scripted:
    """`lists` are used up one by one, the last one for ever; `watch(...)` says what the present and coming watches tell."""

    def __init__(self) -> None:
        self.lists: dict[str, deque[Any]] = defaultdict(deque)
        self.refusals: deque[Refuse] = deque()
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Every request: the last part of its path, and its parameters."""
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        """What the watch of the deployments tells."""
        self.hung = False
        self.unauthorized = 0
        """How many of the next requests are refused with 401."""
        self.authorizations: list[str] = []
        self.target = ClusterTarget()
        self._connections: dict[asyncio.StreamWriter, asyncio.Event] = {}

    @property
    def open(self) -> int:
        return len(self._connections)

    def requests(self, plural: str = "deployments", **with_: str) -> list[dict[str, str]]:
        return [params for what, params in self.asked if what == plural and with_.items() <= params.items()]

    def watches(self) -> list[str]:
        """The resourceVersions from which deployments were watched."""
        return [params["resourceVersion"] for params in self.requests(watch="true")]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = self._connections[writer] = asyncio.Event()
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                url = urlsplit(head.split()[1].decode())
                what, params = url.path.rpartition("/")[2], {key: values[0] for key, values in parse_qs(url.query).items()}
                self.asked.append((what, params))
                self.authorizations.append(_header(head, "authorization"))
                if self.unauthorized:
                    self.unauthorized -= 1
                    _answer(writer, refused(401), 401)
                elif self.hung:
                    await cut.wait()
                elif what == "version":
                    _answer(writer, {"gitVersion": "v1.36.3"})
                elif "watch" in params:
                    await self._watch(what, writer, cut)
                else:
                    await self._list(what, writer, cut)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            del self._connections[writer]
            writer.close()

    async def _list(self, what: str, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        queue = self.lists[what]
        answer = (queue.popleft() if len(queue) > 1 else queue[0]) if queue else NOTHING
        if answer is HANG:
            await cut.wait()
        elif isinstance(answer, Refuse):
            _answer(writer, refused(answer.code), answer.code, answer.headers)
        elif isinstance(answer, bytes):
            _answer(writer, answer)
        else:
            _answer(writer, answer)

    async def _watch(self, what: str, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        if what == "deployments" and self.refusals:
            refusal = self.refusals.popleft()
            _answer(writer, refused(refusal.code), refusal.code, refusal.headers)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        while True:
            told: Any = await self._next(cut) if what == "deployments" and not cut.is_set() else await cut.wait()
            if told is CUT or cut.is_set():
                raise ConnectionResetError
            if told is END:
                writer.write(b"0\r\n\r\n")
                return
            writer.write(f"{len(told):x}\r\n".encode() + told + b"\r\n")
            await writer.drain()

    async def _next(self, cut: asyncio.Event) -> Any:
        """The next event, which a connection that was cut leaves to its successor."""
        told, ended = asyncio.ensure_future(self.events.get()), asyncio.ensure_future(cut.wait())
        await asyncio.wait((told, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if told.done():
            return told.result()
        told.cancel()
        return CUT

    def cut(self) -> None:
        for writer, told in tuple(self._connections.items()):
            told.set()
            writer.transport.abort()


def _header(head: bytes, name: str) -> str:
    lines = (line.partition(":") for line in head.decode().splitlines()[1:])
    return next((value.strip() for key, _, value in lines if key.lower() == name), "")


def _answer(writer: asyncio.StreamWriter, body: dict[str, Any] | bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    writer.write(
        f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content
    )


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[Scripted]:
    found = Scripted()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    body = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [],
        "contexts": [{"name": "c", "context": {"cluster": "c", "namespace": "serving"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(body))
    found.target = ClusterTarget(str(folder / "kubeconfig"))
    try:
        yield found
    finally:
        server.close()
        found.cut()
        await until("its connections have ended", lambda: not found.open)
