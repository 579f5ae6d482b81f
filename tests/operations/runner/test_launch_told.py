"""A runner that was started, where nothing is: what is told of it, and what is kept of what it said."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.runner.launch import Launched, launch
from modeldeck.operations.runner.runner import Order, Verb

ECHO = "import sys; sys.stdout.write(sys.stdin.read())"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Launched]]:
    made: list[Launched] = []
    yield made
    for one in made:
        one.discard()
        one._process.wait(30)
        assert one._process.stdout is not None
        one._process.stdout.close()


def running(started: list[Launched], log: Path, code: str = ECHO) -> Launched:
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    started.append(Launched(process, log))
    return started[-1]


def test_the_word_is_its_order_and_the_last_thing_that_it_hears(started: list[Launched], tmp_path: Path) -> None:
    one = running(started, tmp_path / "none.log")
    assert not one.ended()
    order = Order(Verb.RESUME, "op")
    one.go(order)
    assert one._process.stdout is not None
    assert one._process.stdout.read() == order.line()
    one._process.wait(30)
    assert one.ended()
    assert one.pid == one._process.pid


def test_it_may_be_discarded_whenever_and_however_often(started: list[Launched], tmp_path: Path) -> None:
    one = running(started, tmp_path / "none.log")
    one.discard()
    one.discard()
    one._process.wait(30)
    one.discard()
    assert one.ended()


@pytest.mark.parametrize(("said", "message"), [(None, "nothing is known"), ("", "nothing is known"), ("  no memory\n", "no memory")])
def test_one_that_has_ended_is_told_with_its_last_words(started: list[Launched], tmp_path: Path, said: str | None, message: str) -> None:
    log = tmp_path / "runner.log"
    if said is not None:
        log.write_text(said)
    one = running(started, log, code="pass")
    one._process.wait(30)
    with pytest.raises(RunnerFailure) as failed:
        one.go(Order(Verb.EXECUTE, "op"))
    assert failed.value.message == f"the runner has ended already: {message}"


def test_of_a_long_log_the_end_is_told(started: list[Launched], tmp_path: Path) -> None:
    log = tmp_path / "runner.log"
    log.write_bytes(b"x" * 5000 + b"\xff" + b"y" * 1998 + b"z\n")
    one = running(started, log)
    assert one.last_words() == "y" * 1998 + "z"
    log.write_bytes(b"\xff bad bytes")
    assert one.last_words() == "\ufffd bad bytes"


def test_where_no_process_can_be_started_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with pytest.raises(RunnerFailure, match=r"no process could be started: .*nowhere"):
        launch(b"{}", tmp_path / "state")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state", tmp_path / "state" / "runners")] == [0o700, 0o700]
    (log,) = (tmp_path / "state" / "runners").iterdir()
    assert log.name.startswith(f"{os.getpid()}-")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(RunnerFailure, match="its log cannot be written: ") as failed:
        launch(b"{}", tmp_path / "state")
    assert failed.value.hint == "free some disk space, or check who owns the folder"
