from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from modeldeck.sandbox.processes.process import Program
from modeldeck.sandbox.stack import restarter
from modeldeck.sandbox.stack.restarter import Restarter
from tests.support.eventually import eventually

SERVER = "import os, sys, time; print('ready at', os.getpid(), flush=True); print('other', flush=True); time.sleep(600)"
BROKEN = "import sys; sys.exit('the port is taken')"


class Recorded:
    """A restarter of a Python program, and what it was told."""

    def __init__(self, folder: Path, code: str) -> None:
        self.heard: list[str] = []
        self.ended: list[tuple[str, bool]] = []
        self.folder, self.code = folder, code
        self.ready: list[str] = []
        self.restarter = Restarter(
            self.make, self.heard.append, lambda message, ready: self.ended.append((message, ready)), self.ready.append
        )

    def make(self) -> Program:
        command = (sys.executable, "-c", self.code)
        return Program("server", command, dict(os.environ), self.folder, log=self.folder / "log", pid_file=self.folder / "pid", grace=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarter, "FIRST_PAUSE", 0.05)


async def test_it_is_ready_when_it_says_so(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, SERVER)
    recorded.restarter.start()
    await recorded.restarter.ready.wait()
    assert recorded.restarter.said.startswith("at ")
    await eventually(lambda: "other" in recorded.heard)
    await recorded.restarter.stop()
    assert recorded.ended == []


async def test_what_ends_is_started_again(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, SERVER)
    recorded.restarter.start()
    await recorded.restarter.ready.wait()
    first = recorded.restarter.said
    os.kill(int((tmp_path / "pid").read_text()), 9)
    await eventually(lambda: recorded.ended == [("server ended with 137", True)])
    await eventually(lambda: recorded.restarter.ready.is_set() and recorded.restarter.said != first)
    assert recorded.ready == [first, recorded.restarter.said]
    await recorded.restarter.stop()


async def test_what_cannot_start_says_why_and_is_tried_again(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, BROKEN)
    recorded.restarter.start()
    await eventually(lambda: len(recorded.ended) >= 2)
    assert recorded.ended[0] == ("server ended with 1: the port is taken", False)
    assert not recorded.restarter.ready.is_set()
    await recorded.restarter.stop()


async def test_stopping_between_two_starts_is_quick_and_final(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, BROKEN)
    recorded.restarter.start()
    await eventually(lambda: recorded.ended)
    await recorded.restarter.stop()
    assert recorded.restarter._task is not None
    assert recorded.restarter._task.done()


async def test_a_bug_is_loud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorded = Recorded(tmp_path / "missing", SERVER)
    recorded.restarter.start()
    await eventually(lambda: recorded.ended)
    ((message, ready),) = recorded.ended
    assert message.startswith("FileNotFoundError")
    assert not ready
    assert "not kept running any more" in caplog.text
    await recorded.restarter.stop()
