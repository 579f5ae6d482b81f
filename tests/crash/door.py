"""A proxy in front of one backend, for one case: passes requests on until the case's script says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

_OWN = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"host", b"content-length"))
"""Headers that are each connection's own."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


Forward = Callable[[], Awaitable[httpx.Response]]
Pass = Callable[[Request, Forward], Awaitable[httpx.Response | None]]
"""(request, sends it on) → the answer to give, not read yet; None: the connection is reset."""


class Door:
    """Listens on a loopback port of the kernel's choice, and keeps it when it is shut and opened again."""

    def __init__(self, upstream: httpx.AsyncClient, let_pass: Pass) -> None:
        self._upstream, self._let_pass = upstream, let_pass
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shut()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Refuses connections from now on, and resets those that there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                request = await _read(reader)
                answer = await self._let_pass(request, lambda: self.forward(request))
                if answer is None:
                    writer.transport.abort()
                else:
                    await _relay(answer, writer)
        except httpx.HTTPError:
            writer.transport.abort()  # the backend is away: to the client that is a connection that broke
        finally:
            self._open.discard(writer)
            writer.close()

    async def forward(self, request: Request) -> httpx.Response:
        """Raises httpx.HTTPError."""
        headers = [(name, value) for name, value in request.headers if name.lower() not in _OWN]
        sent = self._upstream.build_request(request.method, request.target, headers=headers, content=request.body or None)
        return await self._upstream.send(sent, stream=True)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, _ = first.decode().split(" ", 2)
    pairs = tuple((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
    length = next((int(value) for name, value in pairs if name.lower() == b"content-length"), 0)
    return Request(method, target, pairs, await reader.readexactly(length))


async def _relay(answer: httpx.Response, writer: asyncio.StreamWriter) -> None:
    """One answer a connection: its end is the connection's."""
    try:
        kept = [name + b": " + value for name, value in answer.headers.raw if name.lower() not in _OWN]
        status = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}".encode()
        writer.write(b"\r\n".join([status, *kept, b"Connection: close", b"", b""]))
        async for chunk in answer.aiter_raw():
            writer.write(chunk)
            await writer.drain()
    finally:
        await answer.aclose()
