from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from modeldeck.sandbox.node.container import ContainerLife, Node, RestartBackoff
from modeldeck.sandbox.node.events import Recorder
from modeldeck.sandbox.node.log_endpoint import same_user
from modeldeck.sandbox.node.probing import probe
from modeldeck.sandbox.node.runtime import ContainerConfig, ContainerProcess, Runtime
from modeldeck.sandbox.node.spec import IMAGE
from tests.support.eventually import eventually


def test_the_first_restart_is_at_once_then_delays_double_to_a_cap() -> None:
    backoff = RestartBackoff(base=10, most=300)
    assert [backoff.after(failures) for failures in range(9)] == [0, 0, 10, 20, 40, 80, 160, 300, 300]
    assert backoff.after(10_000) == 300


@pytest.mark.parametrize(
    ("sent", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", None),
        (b"HTTP/1.1 302 Found\r\n\r\n", None),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP probe failed with statuscode: 503"),
        (b"", 'Get "http://127.0.0.1:{port}/ping": EOF'),
        (b"SSH-2.0\r\n", 'Get "http://127.0.0.1:{port}/ping": EOF'),
        (None, 'Get "http://127.0.0.1:{port}/ping": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
    ],
)
async def test_what_a_probe_makes_of_an_answer(sent: bytes | None, failure: str | None) -> None:
    finished = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if sent is None:
            await finished.wait()
        writer.write(sent or b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = await probe(port, "/ping", 5 if sent is not None else 0.1)
    finished.set()
    server.close()
    assert found == (failure and failure.format(port=port))
    await server.wait_closed()
    assert "connection refused" in (await probe(port, "/ping", 5) or "")


async def test_the_other_end_of_a_connection_is_known_by_its_user() -> None:
    ends: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ends.put((writer.get_extra_info("peername")[1], writer.get_extra_info("sockname")[1]))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    client, own = await asyncio.wait_for(ends.get(), 10)
    assert same_user(client, own)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    server.close()


class OneProcess(Runtime):
    """Starts processes that are in the test's hands, and holds their output open."""

    output = -1

    async def start(self, config: ContainerConfig, output: int) -> ContainerProcess:
        self.output = output
        loop = asyncio.get_running_loop()
        found = self.processes["one"] = ContainerProcess("one", loop.create_future(), loop.create_future(), self)
        found.port.set_result(1)
        return found


class Mute(Recorder):
    """Tells nobody."""

    def __init__(self) -> None:
        """Without an API server."""

    def say(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("turns", range(8))
async def test_a_container_that_is_ended_as_its_log_ends_does_not_live_on(turns: int, tmp_path: Path) -> None:
    """Python 3.11's wait_for swallows a cancellation that comes just after what it waits for: a pod that crashed was never deleted then.
    `turns` of the event loop lie between the two."""
    pod = {"metadata": {"name": "iris", "namespace": "serving", "uid": "u"}, "spec": {"containers": [{"name": "server", "image": IMAGE}]}}
    runtime = OneProcess({}, tmp_path / "zygote.log")
    life = ContainerLife(Node(runtime, Mute(), tmp_path, tmp_path / "faults", RestartBackoff()), pod, "server", lambda: None)
    task = asyncio.create_task(life.run())
    await eventually(lambda: life.port)
    runtime.processes["one"].ended.set_result(1)
    await eventually(lambda: not life.port)
    assert life.log is not None
    life.log.connection_lost(None)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,), timeout=1)
    os.close(runtime.output)
    assert task.cancelled()
