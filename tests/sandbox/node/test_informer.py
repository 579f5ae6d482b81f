"""List + watch against a scripted API server: every way in which a watch ends, and what must be known afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from modeldeck.sandbox.node.api import Access, Api, ApiError, Informer

Connection = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


def event(kind: str, name: str, version: int) -> bytes:
    return json.dumps({"type": kind, "object": pod(name, version)}).encode() + b"\n"


async def answer(writer: asyncio.StreamWriter, body: object, status: int = 200) -> None:
    data = json.dumps(body).encode()
    writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
    await writer.drain()


async def stream(writer: asyncio.StreamWriter, *lines: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"".join(lines))
    await writer.drain()


def listing(version: int, *names: str) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(version)}, "items": [pod(name, version) for name in names]}


class Script:
    """Answers each connection with the next step; after the last one connections stay open and silent."""

    def __init__(self, *steps: Connection) -> None:
        self.steps = list(steps)
        self.paths: list[str] = []
        self.changes: list[tuple[str, bool]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(head.split(b" ")[1].decode())
        if self.steps:
            await self.steps.pop(0)(self.paths[-1], writer)
            writer.close()
        else:
            await reader.read()

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[Informer]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        client = Api(Access(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", None, False, "secret"))
        informer = Informer(client, "/api/v1/pods", lambda uid, found: self.changes.append((uid, found is not None)))
        task = asyncio.create_task(informer.run())
        try:
            yield informer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()
            server.close()

    async def until_idle(self) -> None:
        """Until all steps were played and the informer has asked once more."""
        asked = len(self.paths) + len(self.steps) + 1
        async with asyncio.timeout(20):
            while len(self.paths) < asked:  # noqa: ASYNC110 - a deadline is around it
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.1)


async def test_it_lists_then_watches_and_goes_on_where_a_watch_ended() -> None:
    script = Script(
        lambda path, writer: answer(writer, listing(5, "a", "b")),
        lambda path, writer: stream(writer, event("ADDED", "c", 6), event("BOOKMARK", "", 9), event("DELETED", "a", 10)),
    )
    async with script.watched() as informer:
        await script.until_idle()
        assert set(informer.objects) == {"uid-b", "uid-c"}
    assert script.paths[0] == "/api/v1/pods"
    assert "resourceVersion=5" in script.paths[1]
    assert "allowWatchBookmarks=true" in script.paths[1]
    assert "resourceVersion=10" in script.paths[2]
    assert script.changes == [("uid-a", True), ("uid-b", True), ("uid-c", True), ("uid-a", False)]


GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}


@pytest.mark.parametrize("as_event", [True, False])
async def test_gone_means_list_again_and_what_vanished_meanwhile_is_told(as_event: bool) -> None:
    def gone(path: str, writer: asyncio.StreamWriter) -> Awaitable[None]:
        return stream(writer, json.dumps(GONE).encode() + b"\n") if as_event else answer(writer, GONE["object"], 410)

    script = Script(
        lambda path, writer: answer(writer, listing(5, "a", "b")),
        gone,
        lambda path, writer: answer(writer, listing(90, "b", "c")),
    )
    async with script.watched() as informer:
        await script.until_idle()
        assert set(informer.objects) == {"uid-b", "uid-c"}
    assert ("uid-a", False) in script.changes
    assert "resourceVersion=90" in script.paths[-1]


async def test_a_watch_cut_in_the_middle_of_a_line_is_resumed_without_loss() -> None:
    script = Script(
        lambda path, writer: answer(writer, listing(5, "a")),
        lambda path, writer: stream(writer, event("ADDED", "b", 6), event("ADDED", "c", 7)[:20]),
        lambda path, writer: stream(writer, event("ADDED", "c", 7)),
    )
    async with script.watched() as informer:
        await script.until_idle()
        assert set(informer.objects) == {"uid-a", "uid-b", "uid-c"}
    assert "resourceVersion=6" in script.paths[2]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_refusals_are_waited_out(status: int) -> None:
    script = Script(
        lambda path, writer: answer(writer, {"kind": "Status", "message": "not now"}, status),
        lambda path, writer: answer(writer, listing(5, "a")),
    )
    async with script.watched() as informer:
        await script.until_idle()
        assert set(informer.objects) == {"uid-a"}


async def test_an_error_never_shows_the_token() -> None:
    access = Access("http://127.0.0.1:9", None, False, "secret")
    assert "secret" not in repr(access)
    client = Api(access)
    with pytest.raises(ApiError) as refused:
        await client.request("GET", "/api/v1/pods")
    assert refused.value.code == 0
    assert "secret" not in str(refused.value)
    await client.close()
