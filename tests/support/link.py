"""A slow link on loopback: so many bytes a second towards the client, so many seconds each way, and it can freeze or break."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_BUFFER = 4096
"""Bytes that the kernel is asked to keep for us: a link keeps hardly any, and what it did not take yet is to wait in the server."""
_MOST = 512
"""Bytes that are carried at once."""


@dataclass
class Link:
    """`rate` in bytes a second, `delay` in seconds each way. The figures are of what came to the client, encrypted as it was."""

    target: tuple[str, int]
    rate: float
    delay: float
    port: int = 0
    carried: int = 0
    """Bytes towards the client so far."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _carrying: set[asyncio.Task[None]] = field(default_factory=set)

    def freeze(self) -> None:
        """Nothing comes through any more, either way, and nobody is told."""
        self._loop.call_soon_threadsafe(self._goes.clear)

    def cut(self) -> None:
        """All connections end."""

        def close() -> None:
            for writer in self._open:
                writer.transport.abort()

        self._loop.call_soon_threadsafe(close)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)

    async def serve(self, ready: threading.Event) -> None:
        """Carry until `end`. All other methods are called from another thread, once `ready` is set."""
        self._loop, self._goes, self._over = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._goes.set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_MOST)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await self._over.wait()
            self._goes.set()
            for writer in self._open:
                writer.transport.abort()
            if self._carrying:
                await asyncio.wait(self._carrying, timeout=5)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)  # before it is connected: it goes into the first window
        far.setblocking(False)
        await self._loop.sock_connect(far, self.target)
        from_far, to_far = await asyncio.open_connection(sock=far, limit=_MOST)
        self._open |= {writer, to_far}
        task = asyncio.current_task()
        assert task
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        try:
            await asyncio.gather(self._carry(reader, to_far, None), self._carry(from_far, writer, self.rate))
        finally:
            self._open -= {writer, to_far}
            for one in (writer, to_far):
                one.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float | None) -> None:
        free = self._loop.time()
        arriving: set[asyncio.Task[None]] = set()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_MOST):
                free = max(free, self._loop.time()) + (len(data) / rate if rate else 0.0)
                task = asyncio.create_task(self._arrive(writer, data, free + self.delay, towards_client=rate is not None))
                arriving.add(task)
                task.add_done_callback(arriving.discard)
                await asyncio.sleep(max(0.0, free - self._loop.time()))
                await self._goes.wait()
        await asyncio.gather(*arriving)
        if not writer.is_closing():
            writer.close()

    async def _arrive(self, writer: asyncio.StreamWriter, data: bytes, at: float, *, towards_client: bool) -> None:
        await asyncio.sleep(max(0.0, at - self._loop.time()))
        await self._goes.wait()
        if not writer.is_closing():
            writer.write(data)
            self.carried += len(data) if towards_client else 0


@contextlib.contextmanager
def linked(target: tuple[str, int], rate: float, delay: float) -> Iterator[Link]:
    """A link in front of `target`, carried by a thread of its own."""
    link = Link(target, rate, delay)
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(link.serve(ready)), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield link
    finally:
        link.end()
        thread.join(10)
