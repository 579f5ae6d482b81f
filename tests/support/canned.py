"""A server that answers what it was given: for the shapes that a real backend cannot be brought to send."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field


@dataclass
class Canned:
    """`requests` holds the raw head and body of everything that came in."""

    url: str = ""
    port: int = 0
    requests: list[bytes] = field(default_factory=list)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
"""Called with a connection after each request's head and body were read, and which request it is (0, 1, …). May answer several times."""


def response(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def canned(talk: Talk) -> AsyncIterator[Canned]:
    """A loopback server; its connections end with it."""
    server_state = Canned()
    open_tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = next(
                        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                    )
                    server_state.requests.append(head + await reader.readexactly(length))
                    await talk(reader, writer, len(server_state.requests) - 1)
                    await writer.drain()
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(converse(reader, writer))
        open_tasks.add(task)
        await asyncio.wait((task,))
        open_tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    server_state.port = server.sockets[0].getsockname()[1]
    server_state.url = f"http://127.0.0.1:{server_state.port}"
    try:
        yield server_state
    finally:
        server.close()
        for task in open_tasks:
            task.cancel()
        if open_tasks:
            await asyncio.wait(open_tasks)


def always(answer: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(answer)

    return talk
