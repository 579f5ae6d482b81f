"""One server that is MLflow, an API server and Prometheus at once, and attacks whoever asks it, each way by its name.

    async with hostile() as server:
        server.attack = ATTACKS["endless"]
        ...
        server.attack = None      # well again

`requests` counts what came in, `sent` the bytes that whoever asked has taken: with backpressure, what it did not read is not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}\r\n"
BLOCK = b" " * 65536
DRIP = 0.05
"""Seconds between two bytes of a slow server."""

OBJECT = {"metadata": {"name": "iris", "namespace": "serving", "uid": "u1", "resourceVersion": "5"}, "spec": {"template": {}}}
GOOD: dict[str, object] = {
    "alerts": [{"labels": {"alertname": "A"}}],
    "experiments": {"experiments": [{"experiment_id": "1", "name": "iris", "last_update_time": 1700000000000}]},
    "query": {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "2"]}]}},
    "deployments": {"metadata": {"resourceVersion": "5"}, "items": [OBJECT]},
    "version": {"gitVersion": "v1.36.3"},
}
EMPTY = {"metadata": {"resourceVersion": "5"}, "items": []}


class Conversation:
    """One connection's way back."""

    def __init__(self, server: Hostile, writer: asyncio.StreamWriter, target: str) -> None:
        self.target = target
        self._server, self._writer = server, writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        self._server.sent += len(data)

    async def head(self, status: str = "200 OK", more: str = "") -> None:
        await self.write(HEAD.format(status=status, more=more).encode())

    async def answer(self, body: bytes, status: str = "200 OK", more: str = "") -> None:
        await self.head(status, f"Content-Length: {len(body)}\r\n{more}")
        await self.write(body)

    async def chunk(self, data: bytes) -> None:
        await self.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def well(self) -> None:
        path, _, query = self.target.partition("?")
        if "watch=true" in query:
            await self.head(more="Transfer-Encoding: chunked\r\n")
            await asyncio.Event().wait()
        last = path.rpartition("/")[2]
        await self.answer(json.dumps(GOOD["experiments"] if "experiments" in path else GOOD.get(last, EMPTY)).encode())


Attack = Callable[[Conversation], Awaitable[None]]


class Hostile:
    def __init__(self) -> None:
        self.port = 0
        self.requests = 0
        self.sent = 0
        self.attack: Attack | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._converse(reader, writer))
        self._open[task] = writer
        await asyncio.wait((task,))
        self._open.pop(task, None)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    await reader.readexactly(_length(head))
                    self.requests += 1
                    talk = Conversation(self, writer, head.split(b" ", 2)[1].decode())
                    attack = self.attack
                    if attack is None:
                        await talk.well()
                        continue
                    await attack(talk)
                    break
        finally:
            writer.close()

    async def drop(self) -> None:
        """Ends every connection, as a server does that is started again."""
        tasks = list(self._open)
        for task, writer in tuple(self._open.items()):
            writer.transport.abort()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)


@contextlib.asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    found = Hostile()
    server = await asyncio.start_server(found.accept, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await found.drop()


# ── attacks ──


async def endless(talk: Conversation) -> None:
    await talk.head(more="Transfer-Encoding: chunked\r\n")
    await talk.chunk(b"[")
    while True:
        await talk.chunk(BLOCK)


async def announced(talk: Conversation) -> None:
    await talk.head(more=f"Content-Length: {10**15}\r\n")
    while True:
        await talk.write(BLOCK)


async def bomb(talk: Conversation) -> None:
    await talk.answer(BOMB, more="Content-Encoding: gzip\r\n")


BOMB = gzip.compress(b"[" + b" " * (256 << 20), 9)
"""A quarter of a gigabyte in a quarter of a megabyte."""


async def crowd(talk: Conversation) -> None:
    """Small objects by the million: little to send, much to hold."""
    head, member, tail = next(_CROWDS[word] for word in _CROWDS if word in talk.target)
    await talk.head(more="Transfer-Encoding: chunked\r\n")
    await talk.chunk(head)
    for _ in range(180):
        await talk.chunk(b",".join([member] * 10_000) + b",")
    await talk.chunk(member + tail)
    await talk.write(b"0\r\n\r\n")


_CROWDS = {
    "alerts": (b"[", b'{"labels":{"alertname":"A"}}', b"]"),
    "experiments": (b'{"experiments":[', b'{"experiment_id":"1"}', b"]}"),
    "query": (b'{"status":"success","data":{"resultType":"vector","result":[', b'{"metric":{},"value":[1,"1"]}', b"]}}"),
    "": (b'{"metadata":{"resourceVersion":"1"},"items":[', b'{"metadata":{},"spec":{}}', b"]}"),
}


async def endless_head(talk: Conversation) -> None:
    await talk.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        await talk.write(b"x" * 65536)


async def endless_informational(talk: Conversation) -> None:
    while True:
        await talk.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(DRIP / 10)


async def endless_refusal(talk: Conversation) -> None:
    await talk.head("500 Internal Server Error", "Transfer-Encoding: chunked\r\n")
    while True:
        await talk.chunk(BLOCK)


async def slow(talk: Conversation) -> None:
    await talk.head(more="Content-Length: 1000000\r\n")
    while True:
        await talk.write(b" ")
        await asyncio.sleep(DRIP)


async def slow_head(talk: Conversation) -> None:
    for byte in itertools.chain(b"HTTP/1.1 200 OK\r\n", itertools.cycle(b"X: y\r\n")):
        await talk.write(bytes((byte,)))
        await asyncio.sleep(DRIP)


async def torn(talk: Conversation) -> None:
    await talk.head(more="Content-Length: 1000\r\n")
    await talk.write(b'{"items": [')


def says(body: bytes, status: str = "200 OK", more: str = "") -> Attack:
    async def attack(talk: Conversation) -> None:
        await talk.answer(body, status, more)

    return attack


def raw(data: bytes) -> Attack:
    async def attack(talk: Conversation) -> None:
        await talk.write(data)

    return attack


def _everywhere(value: str) -> bytes:
    """Where each of the three backends has a number."""
    return (
        f'{{"experiments": [{{"experiment_id": {value}, "last_update_time": {value}}}], "next_page_token": null,'
        f' "status": "success", "data": {{"resultType": "vector", "result": [{{"metric": {{}}, "value": [{value}, "1"]}}]}},'
        f' "metadata": {{"resourceVersion": "1"}}, "items": [{{"metadata": {{"generation": {value}}}, "spec": {{}}}}]}}'
    ).encode()


DEEP = b'{"a":' * 200_000
TORN_GZIP = gzip.compress(b"[" * 5000)[:60]

ATTACKS: dict[str, Attack] = {
    "endless": endless,
    "announced": announced,
    "bomb": bomb,
    "a crowd": crowd,
    "endless head": endless_head,
    "endless 1xx": endless_informational,
    "endless refusal": endless_refusal,
    "slow": slow,
    "slow head": slow_head,
    "torn": torn,
    "torn gzip": says(TORN_GZIP, more="Content-Encoding: gzip\r\n"),
    "foreign packing": says(b"\x1b\x00", more="Content-Encoding: br\r\n"),
    "deep": says(DEEP),
    "deep where it is skipped": says(b'{"unknown": ' + DEEP),
    "deep refusal": says(DEEP, "500 Internal Server Error"),
    "huge number": says(_everywhere("9" * 5000)),
    "large number": says(_everywhere("9" * 400)),
    "huge float": says(_everywhere("1e999")),
    "NaN": says(_everywhere("NaN")),
    "absurd length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}"),
    "negative length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
    "absurd chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 300 + b"\r\n{}"),
    "gibberish": raw(b"\x00\xff\xfe" * 100 + b"\r\n\r\n"),
    "no UTF-8": says(b'{"experiments": [{"experiment_id": "\xff"}], "status": "\xff", "metadata": {"resourceVersion": "\xff"}}'),
    "wrong shapes": says(b'{"experiments": 7, "status": [], "metadata": null, "items": {"a": 1}}'),
    "null": says(b"null"),
    "nothing": says(b""),
    "a web page": says(b"<html>log in</html>"),
    "a moment that is no date": says(b"", "429 Too Many Requests", "Retry-After: Thu, 99999999999999999999 Jan 2020 00:00:00 GMT\r\n"),
    "a pause of ages": says(b"", "429 Too Many Requests", "Retry-After: 1000000000\r\n"),
    "a pause of digits": says(b"", "503 Service Unavailable", f"Retry-After: {'9' * 5000}\r\n"),
    "a far date": says(b"", "503 Service Unavailable", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"),
}


@dataclass
class Paged:
    """Lists without an end. `again`: each page hands out the same token; else each a new one."""

    again: bool
    count: int = 0

    async def __call__(self, talk: Conversation) -> None:
        self.count += 1
        token = "again" if self.again else f"t{self.count}"
        name = f"n{self.count}"
        body = {
            "experiments": [{"experiment_id": name}],
            "next_page_token": token,
            "metadata": {"resourceVersion": "5", "continue": token},
            "items": [{**OBJECT, "metadata": {"name": name, "namespace": "serving"}}],
        }
        await talk.answer(json.dumps(body).encode(), more="Connection: close\r\n")


@dataclass
class Watched:
    """A good list, and watches that end after `events` events. `gone`: with a 410, so that each brings a new list."""

    events: int
    gone: bool = False
    count: int = 0

    async def __call__(self, talk: Conversation) -> None:
        if "watch=true" not in talk.target:
            await talk.well()
            return
        await talk.head(more="Connection: close\r\n")
        for _ in range(self.events):
            self.count += 1
            told = {**OBJECT, "metadata": {**OBJECT["metadata"], "resourceVersion": str(self.count)}}  # type: ignore[dict-item]
            await talk.write(json.dumps({"type": "MODIFIED", "object": told}).encode() + b"\n")
        if self.gone:
            await talk.write(b'{"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}\n')


async def flood(talk: Conversation) -> None:
    """A watch that tells of new objects without an end."""
    if "watch=true" not in talk.target:
        await talk.well()
        return
    await talk.head(more="Connection: close\r\n")
    for number in itertools.count():
        await talk.write(
            b"".join(
                b'{"type":"ADDED","object":{"metadata":{"name":"n%d-%d","namespace":"serving"},"spec":{"template":{}}}}\n' % (number, each)
                for each in range(200)
            )
        )


async def endless_line(talk: Conversation) -> None:
    """A watch whose event does not end."""
    if "watch=true" not in talk.target:
        await talk.well()
        return
    await talk.head(more="Connection: close\r\n")
    while True:
        await talk.write(BLOCK)
