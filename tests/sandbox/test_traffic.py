from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.traffic.__main__ import SERVICES, Traffic
from tests.support.eventually import eventually

ROWS = {
    model: {"columns": ["a", "b"], "rows": [[float(i), 1.0] for i in range(9)]} for model in ("iris", "wine", "breast-cancer", "digits")
}


class Proxy:
    """Answers every request with `status`, and remembers what was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[tuple[str, dict[str, object]]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length"))
                self.requests.append((head.split()[1], json.loads(await reader.readexactly(length))))
                writer.write(f"HTTP/1.1 {self.status} Answer\r\nContent-Length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[Proxy, str]]:
    served = Proxy()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    yield served, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    made = StateDir(tmp_path)
    made.create()
    return made


@pytest.fixture
async def traffic(state_dir: StateDir) -> AsyncIterator[Traffic]:
    made = Traffic(state_dir, factor=20)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.wait((task,))


async def test_rows_go_to_every_service_once_there_are_rows_and_a_proxy(
    state_dir: StateDir, traffic: Traffic, proxy: tuple[Proxy, str], capsys: pytest.CaptureFixture[str]
) -> None:
    served, url = proxy
    write_json(state_dir.rows, ROWS)
    write_json(state_dir.proxy, {"url": url})
    await asyncio.wait_for(traffic.all_answered.wait(), 10)
    assert {path for path, _ in served.requests} == {f"/serving/{service}/invocations" for service in SERVICES}
    for _, body in served.requests:
        assert body["dataframe_split"]["columns"] == ["a", "b"]  # type: ignore[index]
        assert 1 <= len(body["dataframe_split"]["data"]) <= 3  # type: ignore[index]
    said: list[str] = []
    await eventually(lambda: said.append(capsys.readouterr().out) or "".join(said) == f"ready {len(SERVICES)} services\n")  # type: ignore[func-returns-value]


async def test_an_outage_does_not_end_it(state_dir: StateDir, traffic: Traffic, proxy: tuple[Proxy, str]) -> None:
    served, url = proxy
    write_json(state_dir.rows, ROWS)
    write_json(state_dir.proxy, {"url": url})
    await asyncio.wait_for(traffic.all_answered.wait(), 10)
    served.status = 503
    await eventually(lambda: all(each.statuses["503"] > 1 for each in traffic.counts.values()))
    write_json(state_dir.proxy, {"url": "http://127.0.0.1:9"})
    await eventually(lambda: traffic.counts["iris"].statuses["ConnectError"] > 1)
    write_json(state_dir.proxy, {"url": url})
    served.status = 200
    before = {service: each.answered for service, each in traffic.counts.items()}
    await eventually(lambda: all(each.answered > before[service] for service, each in traffic.counts.items()))


async def test_the_counts_are_written_down(state_dir: StateDir, traffic: Traffic, proxy: tuple[Proxy, str]) -> None:
    write_json(state_dir.rows, ROWS)
    write_json(state_dir.proxy, {"url": proxy[1]})

    def counted() -> bool:
        counts = read_json(state_dir.traffic / "counts.json") or {}
        return bool(counts) and all(each["answered"] > 0 and each["failed"] == 0 for each in counts.values())  # type: ignore[index]

    await eventually(counted)
