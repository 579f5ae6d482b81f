"""The sandbox as the console sees it, without its parts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeldeck.sandbox.common.files import write_json
from modeldeck.sandbox.common.progress import WHOLE, PartProgress
from modeldeck.sandbox.common.state_dir import StateDir, take_lock, write_owner
from modeldeck.sandbox.stack.stack import Sandbox
from tests.support.eventually import eventually

ALL = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "KUBECONFIG": "/k", "PROMETHEUS_URL": "http://127.0.0.1:2"}


@pytest.fixture
def state_dir(tmp_path: Path) -> StateDir:
    made = StateDir((tmp_path / "state").resolve())
    made.create()
    return made


@pytest.fixture
def lock(state_dir: StateDir) -> Iterator[list[int]]:
    """Held by this process; taken out of the list by a test that lets it go."""
    held = take_lock(state_dir)
    assert isinstance(held, int)
    write_owner(held)
    descriptors = [held]
    yield descriptors
    for each in descriptors:
        os.close(each)


def attach(state_dir: StateDir) -> Sandbox:
    found = Sandbox.attach(state_dir.root)
    assert found is not None
    return found


def test_nothing_heavy_is_imported_for_it() -> None:
    heavy = "mlflow httpx starlette uvicorn yaml numpy sklearn kubernetes psutil textual msgspec"
    code = f"import sys, modeldeck.sandbox.stack.stack; print(*({set(heavy.split())!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_where_none_runs_there_is_none_to_attach_to(state_dir: StateDir) -> None:
    assert Sandbox.attach(state_dir.root) is None
    assert Sandbox.attach(state_dir.root / "missing") is None


async def test_events_are_followed_as_they_are_written(state_dir: StateDir, lock: list[int]) -> None:
    sandbox = attach(state_dir)
    heard: list[PartProgress] = []

    async def follow() -> None:
        async for event in sandbox.events():
            heard.append(event)  # noqa: PERF401 — one by one, as they come

    task = asyncio.create_task(follow())
    first, second = PartProgress("MLflow", "ready", 4.0, "…"), PartProgress(WHOLE, "ended", 9.0, "done")
    with state_dir.progress.open("w") as file:
        file.write(first.line() + "\n" + second.line()[:10])
        file.flush()
        await eventually(lambda: heard == [first])
        file.write(second.line()[10:] + "\n")
    await eventually(lambda: heard == [first, second])
    os.close(lock.pop())
    await asyncio.wait_for(task, 10)
    assert heard == [first, second]


async def test_an_end_without_a_word_is_an_event_too(state_dir: StateDir, lock: list[int]) -> None:
    state_dir.progress.write_text(PartProgress(WHOLE, "ready", 1.0, "").line() + "\n")
    sandbox = attach(state_dir)
    following = aiter(sandbox.events())
    assert (await anext(following)).state == "ready"
    os.close(lock.pop())
    event = await asyncio.wait_for(anext(following), 10)
    assert (event.part, event.state) == (WHOLE, "ended")


def test_the_environment_is_whole_or_not_there(state_dir: StateDir, lock: list[int]) -> None:
    sandbox = attach(state_dir)
    assert sandbox.environment is None
    write_json(state_dir.environment, {"KUBECONFIG": "/k"})
    assert sandbox.environment is None
    write_json(state_dir.environment, {**ALL, "pid": 1, "namespace": "serving"})
    assert sandbox.environment == ALL


async def test_what_is_attached_to_is_left_alone(state_dir: StateDir, lock: list[int]) -> None:
    sandbox = Sandbox.launch(state_dir.root)
    assert sandbox.attached
    await sandbox.stop()
    assert Sandbox.attach(state_dir.root) is not None


async def test_a_start_that_cannot_be_says_why_and_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for name in ("KUBEBUILDER_ASSETS", "MODELDECK_PROMETHEUS_BIN"):
        monkeypatch.delenv(name, raising=False)
    sandbox = Sandbox.launch(tmp_path / "state", metrics="real")
    events = [event async for event in sandbox.events()]
    assert [(event.part, event.state) for event in events] == [(WHOLE, "failed")]
    assert "needs prometheus" in events[0].message
    assert await sandbox.ready() == events[0]
    await sandbox.stop()
    assert Sandbox.attach(tmp_path / "state") is None
