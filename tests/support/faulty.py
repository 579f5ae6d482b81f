"""A proxy that breaks on demand and heals again, while clients are connected.

    async with FaultyProxy(("127.0.0.1", port)) as proxy:
        client = Transport("MLflow", proxy.url)
        await proxy.stop()                       # refused, and what was connected is reset
        proxy.hang()                             # accepts, never answers; what was connected falls silent
        proxy.slow(5)                            # answers late by so many seconds
        proxy.answer(503, body=b"…")             # errors of its own (only=… limits them to paths that begin so)
        proxy.cut()                              # ends in the middle of the answer
        proxy.garble()                           # 200, but no JSON
        await proxy.heal()

Every request gets a connection of its own to the target. With `tls` it terminates TLS itself (and may speak TLS to the target:
`target_tls`); with `raw=True` it only moves bytes, so that a client's TLS reaches the target: then stop, hang, slow and cut (after some
bytes) are what it can do.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CHUNK = 65536


@dataclass(frozen=True)
class Mode:
    name: str = "pass"
    delay: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    only: str = ""
    after: int = 1


PASS = Mode()


class FaultyProxy:
    """Listens on a loopback port of the kernel's choice, and keeps that port through `stop` and `heal`. `requests` counts what came in."""

    def __init__(
        self,
        target: tuple[str, int],
        *,
        tls: ssl.SSLContext | None = None,
        target_tls: ssl.SSLContext | None = None,
        raw: bool = False,
    ) -> None:
        self._target = target
        self._tls = tls
        self._target_tls = target_tls
        self._raw = raw
        self._mode = PASS
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._flowing = asyncio.Event()
        self.port = 0
        self.requests = 0
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls or self._raw else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._flowing.set()
        await self._listen()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Refuses connections from now on, and resets those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    def hang(self) -> None:
        self._mode = Mode("hang")
        self._flowing.clear()

    def slow(self, seconds: float) -> None:
        self._mode = Mode("slow", delay=seconds)

    def answer(self, status: int, *, headers: Mapping[str, str] | None = None, body: bytes = b"", only: str = "") -> None:
        self._mode = Mode("answer", status=status, headers=headers or {}, body=body, only=only)

    def cut(self, after: int = 1) -> None:
        """Resets the connection after so many bytes of the answer's body (raw: of the whole answer)."""
        self._mode = Mode("cut", after=after)

    def garble(self) -> None:
        self.answer(200, headers={"Content-Type": "application/json"}, body=b'{"runs": [{"info": ')

    async def heal(self) -> None:
        """Back to normal. What hung is reset, as a server that was restarted would."""
        if self._mode.name == "hang":
            await self._drop()
        self._mode = PASS
        self._flowing.set()
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _drop(self) -> None:
        tasks = list(self._open.values())
        for writer, task in self._open.items():
            writer.transport.abort()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._open[writer] = task
        # A task of its own, so that dropping it does not make asyncio's server complain about a cancelled handler.
        await asyncio.wait((task,))
        self._open.pop(writer, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await (self._move(reader, writer) if self._raw else self._one_request(reader, writer))
        finally:
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        path = head.split(b" ", 2)[1].decode()
        self.requests += 1
        self.paths.append(path)
        await self._flowing.wait()
        mode = self._mode
        if mode.name == "answer" and path.startswith(mode.only):
            writer.write(_response(mode))
            await writer.drain()
            return
        await asyncio.sleep(mode.delay)
        up_reader, up_writer = await asyncio.open_connection(*self._target, ssl=self._target_tls)
        try:
            up_writer.write(_closing(head) + body)
            await self._relay(up_reader, writer, mode)
        finally:
            up_writer.close()

    async def _relay(self, source: asyncio.StreamReader, writer: asyncio.StreamWriter, mode: Mode) -> None:
        head = await source.readuntil(b"\r\n\r\n")
        writer.write(_closing(head))
        if mode.name == "cut":
            writer.write(await source.read(mode.after))
            await writer.drain()
            writer.transport.abort()
            return
        # Without a length, the end of the target's connection is the end of the answer.
        left = _length(head) if b"\r\ncontent-length:" in head.lower() else None
        while left != 0 and (chunk := await source.read(CHUNK if left is None else min(CHUNK, left))):
            left = None if left is None else left - len(chunk)
            await self._flowing.wait()
            writer.write(chunk)
            await writer.drain()

    async def _move(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        await self._flowing.wait()
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        there = asyncio.create_task(self._pump(reader, up_writer, PASS))
        try:
            await self._pump(up_reader, writer, self._mode)
        finally:
            there.cancel()
            up_writer.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, mode: Mode) -> None:
        moved = 0
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                await self._flowing.wait()
                await asyncio.sleep(mode.delay)
                if mode.name == "cut" and moved + len(chunk) > mode.after:
                    sink.transport.abort()
                    return
                moved += len(chunk)
                sink.write(chunk)
                await sink.drain()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _closing(head: bytes) -> bytes:
    """The head of a request or an answer, with the word that nothing follows on this connection."""
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [line for line in rest if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def _response(mode: Mode) -> bytes:
    phrase = http.HTTPStatus(mode.status).phrase
    headers = {"Content-Length": str(len(mode.body)), "Connection": "close", **mode.headers}
    lines = [f"HTTP/1.1 {mode.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + mode.body
