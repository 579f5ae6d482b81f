"""The real thing: a zygote, and model servers forked from it. One zygote for all cases, since it takes seconds to load."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from modeldeck.sandbox.node.logs import ContainerLog
from modeldeck.sandbox.node.runtime import ContainerConfig, ContainerProcess, Runtime, end

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROW = {"dataframe_split": {"columns": ["x"], "data": [[0.1], [0.9]]}}
_MLMODEL = """
flavors:
  python_function:
    code: code
    env: {}
    loader_module: tenfold
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}]'
  outputs: '[{"type": "double", "name": "y", "required": true}]'
"""
_CODE = """
class Tenfold:
    def predict(self, data):
        return (data["x"] * 10).to_numpy()

def _load_pyfunc(path):
    return Tenfold()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in MLflow's format that multiplies by ten; written by hand, since to save one MLflow has to be imported first."""
    folder = tmp_path_factory.mktemp("saved") / "tenfold"
    (folder / "code").mkdir(parents=True)
    (folder / "MLmodel").write_text(_MLMODEL)
    (folder / "code" / "tenfold.py").write_text(_CODE)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runtime(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runtime]:
    folder = tmp_path_factory.mktemp("runtime")
    running = Runtime({"MLFLOW_TRACKING_URI": f"file://{folder}/nothing"}, folder / "zygote.log")
    task = asyncio.create_task(running.run())
    yield running
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Server:
    """A model server started for one case."""

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self.runtime, self.folder = runtime, folder
        self.faults = folder / "faults.json"
        self.log = ContainerLog(folder / "0.log")
        self.process: ContainerProcess | None = None

    async def start(self, **environment: str) -> ContainerProcess:
        config = ContainerConfig(environment, (), self.folder, self.faults, "tenfold")
        self.process = await self.runtime.start(config, await self.log.open_pipe())
        return self.process

    async def ready(self, model: Path) -> str:
        process = await self.start(MODEL_PATH=str(model))
        url = f"http://127.0.0.1:{await process.port}"

        async def answers() -> bool:
            async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
                try:
                    return (await http.get(f"{url}/ping")).status_code == 200
                except httpx.ConnectError:
                    assert not process.ended.done(), self.text()
                    return False

        await until(answers)
        return url

    def text(self) -> str:
        return self.log.tail(1000, 100_000)


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="module")
async def server(runtime: Runtime, tmp_path: Path) -> AsyncIterator[Server]:
    found = Server(runtime, tmp_path)
    yield found
    if found.process is not None:
        await end(found.process, 5)
        await found.log.until_ended()


async def test_it_serves_mlflows_scoring_protocol_and_counts(server: Server, model: Path) -> None:
    url = await server.ready(model)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(f"{url}/invocations", json=ROW)
        assert answer.json()["predictions"] == pytest.approx([1.0, 9.0])
        assert answer.headers["x-model"] == "tenfold"
        assert (await http.post(f"{url}/invocations", json={"what": 1})).status_code == 400
        text = (await http.get(f"{url}/metrics")).text
    assert 'http_requests_total{handler="/invocations",method="POST",status="2xx"} 1.0' in text
    assert 'http_requests_total{handler="/invocations",method="POST",status="4xx"} 1.0' in text
    assert "model_prediction_value_count 2.0" in text
    assert 'model_info{model="tenfold",version=""} 1.0' in text
    assert '"POST /invocations HTTP/1.1" 200' in server.text()
    assert "/ping" not in server.text()


async def test_faults_are_switched_on_and_off_while_it_runs(server: Server, model: Path) -> None:
    url = await server.ready(model)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:

        async def predictions() -> object:
            answer = await http.post(f"{url}/invocations", json=ROW)
            return answer.json()["predictions"] if answer.status_code == 200 else answer.status_code

        assert await predictions() == pytest.approx([1.0, 9.0])
        server.faults.write_text(json.dumps({"tenfold": {"drift": 2.0}}))

        async def drifted() -> bool:
            return await predictions() == pytest.approx([9.0, 17.0])  # the inputs' deviation is 0.4

        await until(drifted)
        server.faults.write_text(json.dumps({"tenfold": {"errors": 1.0}}))

        async def failing() -> bool:
            return await predictions() == 500

        await until(failing)
        server.faults.unlink()

        async def well() -> bool:
            return await predictions() == pytest.approx([1.0, 9.0])

        await until(well)


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="only Linux tells when a request was read")
async def test_asked_to_end_it_finishes_the_request_in_flight(server: Server, model: Path) -> None:
    url = await server.ready(model)
    server.faults.write_text(json.dumps({"tenfold": {"latency": 0.5}}))
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        asking = asyncio.create_task(http.post(f"{url}/invocations", json=ROW))
        process = server.process
        assert process is not None
        port = f":{await process.port:04X}"
        # The kernel knows of the connection, and that the server has read the request, before anybody else can tell.
        await until(lambda: _unread(port) == 0)
        process.signal(signal.SIGTERM)
        assert (await asking).json()["predictions"] == pytest.approx([1.0, 9.0])
        assert await process.ended == 0


def _unread(port: str) -> int | None:
    """Bytes waiting at the server's end of an established connection; None while there is none."""
    for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(port) and fields[3] == "01":
            return int(fields[4].split(":")[1], 16)
    return None


async def test_a_model_that_cannot_be_loaded_ends_it_with_its_own_words(server: Server, tmp_path: Path) -> None:
    process = await server.start(MODEL_PATH=str(tmp_path / "absent"))
    assert await process.ended == 1
    await server.log.until_ended()
    assert "Traceback" in server.text()
    last = server.text().splitlines()[-1]
    assert "absent" in last
    assert (tmp_path / "termination-log").read_text() in server.text()


async def test_a_killed_server_reports_the_signal(server: Server, model: Path) -> None:
    await server.ready(model)
    assert server.process is not None
    server.process.signal(signal.SIGKILL)
    assert await server.process.ended == 137
