"""Whether the process that carries an operation out still lives, as far as this machine can tell."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modeldeck.domain.kubernetes.leases import LockNote
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.operations.common import liveness
from modeldeck.operations.common.liveness import birth, holder_is_dead, is_abandoned, is_alive, process_lives
from modeldeck.operations.common.text import host
from tests.support.operations import BEGUN
from tests.support.processes import gone_pid

OWN = os.getpid()


def proc(monkeypatch: pytest.MonkeyPatch, stat: str | None, boot: str = "abcdefgh-1234") -> None:
    """A /proc that says so of every process; None: there is none."""

    def read_text(path: Path, **_: Any) -> str:
        if stat is None:
            raise FileNotFoundError(path)
        return boot if path.name == "boot_id" else stat

    monkeypatch.setattr(Path, "read_text", read_text)


def line(state: str = "S", began: str = "777", name: str = "python") -> str:
    return f"{OWN} ({name}) {state} " + " ".join(["0"] * 18) + f" {began} 99 98"


def test_a_birth_is_of_one_process_and_one_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    proc(monkeypatch, line())
    assert birth(OWN) == "abcdefgh-777"
    proc(monkeypatch, line(name="a) S 1 2 (b"))
    assert birth(OWN) == "abcdefgh-777", "a name may hold anything"
    proc(monkeypatch, f"{OWN} (python) S " + " ".join(["0"] * 18))
    assert birth(OWN) == "", "19 fields: when it began is not told"
    proc(monkeypatch, f"{OWN} (python) S " + " ".join(["0"] * 18) + " 777")
    assert birth(OWN) == "abcdefgh-777"
    proc(monkeypatch, None)
    assert birth(OWN) == ""


@pytest.mark.parametrize(("state", "lives"), [("S", True), ("R", True), ("D", True), ("T", True), ("Z", False), ("X", False)])
def test_one_that_waits_for_its_parent_to_notice_its_end_does_not_live(state: str, lives: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    proc(monkeypatch, line(state))
    assert process_lives(OWN) is lives
    assert process_lives(OWN, "abcdefgh-777") is lives
    assert not process_lives(OWN, "abcdefgh-778"), "a later one of the same pid"


def test_without_a_proc_whoever_answers_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    proc(monkeypatch, None)
    assert process_lives(OWN)
    assert process_lives(OWN, "abcdefgh-777"), "nobody can tell it apart"
    monkeypatch.setattr(liveness, "birth", lambda pid: "abcdefgh-1")
    assert not process_lives(OWN, "abcdefgh-777"), "there is a /proc, and the process has just gone"
    assert process_lives(OWN)


@pytest.mark.parametrize("error", [PermissionError, OverflowError])
def test_one_that_may_not_be_signalled_is_looked_for_all_the_same(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, signal: int) -> None:
        assert signal == 0
        raise error

    monkeypatch.setattr(os, "kill", kill)
    assert process_lives(OWN, birth(OWN))
    assert not process_lives(OWN, "another")


def test_one_that_is_gone_does_not_live() -> None:
    assert not process_lives(gone_pid())
    assert process_lives(OWN)
    assert process_lives(OWN, birth(OWN))


RUNNING = replace(BEGUN, state=State.RUNNING, host=host(), runner_pid=gone_pid(), runner_birth="")


@pytest.mark.parametrize(
    ("fields", "alive", "abandoned"),
    [
        ({}, False, True),
        ({"runner_pid": OWN}, True, False),
        ({"runner_pid": OWN, "runner_birth": "another"}, False, True),
        ({"runner_pid": None}, None, False),
        ({"host": "elsewhere"}, None, False),
        ({"state": State.ENDED, "outcome": Outcome.DONE}, False, False),
    ],
)
def test_an_operation_is_abandoned_where_its_process_surely_is_gone(fields: dict[str, Any], alive: bool | None, abandoned: bool) -> None:
    found = replace(RUNNING, **fields)
    assert (is_alive(found), is_abandoned(found)) == (alive, abandoned)


@pytest.mark.parametrize(
    ("fields", "dead"),
    [
        ({}, True),
        ({"pid": OWN, "birth": birth(OWN)}, False),
        ({"pid": OWN}, True),
        ({"birth": ""}, False),
        ({"host": "elsewhere"}, False),
        ({"pid": None}, False),
    ],
)
def test_a_locks_holder_is_dead_only_where_it_is_known_which_process_it_was(fields: dict[str, Any], dead: bool) -> None:
    note = LockNote("op", **{"host": host(), "pid": gone_pid(), "birth": "long ago", **fields})
    assert holder_is_dead(note) is dead
