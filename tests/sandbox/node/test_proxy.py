"""The service proxy in front of backends that answer, refuse, and break off."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from modeldeck.sandbox.node.proxy import Proxy

SERVICE = {"metadata": {"name": "iris", "namespace": "serving"}, "spec": {"selector": {"app": "iris"}}}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Model: iris/1\r\n\r\nok"


def pod(name: str, port: int, ready: bool = True, app: str = "iris", namespace: str = "serving") -> Any:
    metadata = {"name": name, "namespace": namespace, "uid": name, "labels": {"app": app}}
    return SimpleNamespace(pod={"metadata": metadata}, ready=ready, port=port)


class Backend:
    """Reads one request, waits until it may go on, sends its answer; an empty one is a connection that breaks off."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.requests: list[bytes] = []
        self.port = 0

    async def __aenter__(self) -> Backend:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
                self.requests.append(head + await reader.readexactly(length))
                await self.go_on.wait()
                writer.write(self.answer)
                if not self.answer:
                    break
        writer.close()


@contextlib.asynccontextmanager
async def asking(*pods: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Proxy]]:
    proxy = Proxy(lambda: pods, lambda: [SERVICE])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(proxy), base_url="http://proxy/serving/iris") as http:
        yield http, proxy


async def refused_port() -> int:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_requests_go_to_ready_pods_in_turn() -> None:
    async with Backend() as one, Backend() as two:
        pods = pod("one", one.port), pod("two", two.port), pod("loading", one.port, ready=False), pod("other", one.port, app="wine")
        async with asking(*pods) as (http, _):
            answers = [await http.post("/invocations?x=1", content=b"rows", headers={"x-mine": "yes"}) for _ in range(6)]
    assert Counter(each.headers["x-pod"] for each in answers) == {"one": 3, "two": 3}
    assert {each.headers["x-model"] for each in answers} == {"iris/1"}
    assert one.requests[0].startswith(b"POST /invocations?x=1 HTTP/1.1\r\n")
    assert b"x-mine: yes" in one.requests[0]
    assert one.requests[0].endswith(b"\r\n\r\nrows")


async def test_a_refused_connection_is_tried_elsewhere() -> None:
    port = await refused_port()
    async with Backend() as alive, asking(pod("gone", port), pod("alive", alive.port)) as (http, _):
        assert {(await http.post("/invocations")).headers["x-pod"] for _ in range(4)} == {"alive"}


async def test_a_request_that_may_have_been_worked_on_is_not_sent_twice() -> None:
    async with (
        Backend(answer=b"") as breaking,
        Backend() as other,
        asking(pod("breaking", breaking.port), pod("other", other.port)) as (http, _),
    ):
        statuses = Counter([(await http.post("/invocations")).status_code for _ in range(4)])
    assert statuses == {200: 2, 502: 2}
    assert len(breaking.requests) == len(other.requests) == 2


@pytest.mark.parametrize(
    ("path", "status", "message"), [("/serving/iris/ping", 503, "is ready"), ("/serving/absent/ping", 404, "no service absent")]
)
async def test_it_says_why_nobody_answers(path: str, status: int, message: str) -> None:
    async with asking(pod("loading", 1, ready=False), pod("elsewhere", 1, namespace="other")) as (http, _):
        answer = await http.get(f"http://proxy{path}")
    assert answer.status_code == status
    assert message in answer.json()["message"]


async def test_requests_in_flight_are_counted_until_they_are_answered() -> None:
    async with Backend() as slow, asking(target := pod("slow", slow.port)) as (http, proxy):
        slow.go_on.clear()
        requests = [asyncio.create_task(http.post("/invocations")) for _ in range(3)]
        async with asyncio.timeout(10):
            while proxy.in_flight(target) < 3:  # noqa: ASYNC110 - a deadline is around it
                await asyncio.sleep(0.01)
        slow.go_on.set()
        assert {(await each).status_code for each in requests} == {200}
        assert proxy.in_flight(target) == 0


async def test_a_caller_that_leaves_is_not_in_flight_any_more() -> None:
    async with Backend() as slow, asking(target := pod("slow", slow.port)) as (http, proxy):
        slow.go_on.clear()
        request = asyncio.create_task(http.post("/invocations"))
        async with asyncio.timeout(10):
            while not slow.requests:  # noqa: ASYNC110 - a deadline is around it
                await asyncio.sleep(0.01)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        assert proxy.in_flight(target) == 0
