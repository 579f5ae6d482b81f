"""What is ours on the disk is this user's alone, whatever stood there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from modeldeck import private
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.journal.journal import JournalFailure, SqliteJournal, default_path
from modeldeck.operations.runner.launch import launch
from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.terminal import instant

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to somebody else")
SOMEBODY = 64001


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> set[int]:
    """What others may do with what is in it. SQLite takes files of its own away whenever a journal is let go."""
    found = set()
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found.add(mode(path) & 0o077)
    return found


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folder of the user's own journal is to be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert default_path().parent == tmp_path / "state" / "modeldeck"
    return tmp_path / "state" / "modeldeck"


def journal(folder: Path) -> None:
    SqliteJournal(folder / "journal.sqlite").append("op", "log", {"message": "hello"})


def log(folder: Path) -> None:
    launch(b"", folder).discard()


def screen(folder: Path) -> None:
    instant.save(str(folder / "screens" / "one"), ["a"], "a", now=1.0)


def sandbox(folder: Path) -> None:
    StateDir(folder).create()


EACH = pytest.mark.parametrize("make", [journal, log, screen, sandbox])


@EACH
def test_a_folder_that_others_may_enter_is_closed(make: Callable[[Path], None], state: Path) -> None:
    state.mkdir(parents=True)
    state.chmod(0o755)
    make(state)
    assert mode(state) == 0o700
    assert open_to_others(state) == {0}


@EACH
def test_a_link_in_its_place_is_never_followed(make: Callable[[Path], None], state: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    state.parent.mkdir()
    state.symlink_to(elsewhere)
    with pytest.raises((OSError, JournalFailure, RunnerFailure), match="symbolic link"):
        make(state)
    assert list(elsewhere.iterdir()) == []
    assert mode(elsewhere) == 0o755


@EACH
def test_a_link_further_up_is_the_users_own(make: Callable[[Path], None], state: Path, tmp_path: Path) -> None:
    (tmp_path / "large-disk").mkdir()
    state.parent.symlink_to(tmp_path / "large-disk")
    make(state)
    assert mode(tmp_path / "large-disk" / "modeldeck") == 0o700


@ROOT
@EACH
def test_somebody_elses_is_refused(make: Callable[[Path], None], state: Path) -> None:
    state.mkdir(parents=True)
    state.chmod(0o755)
    os.chown(state, SOMEBODY, SOMEBODY)
    with pytest.raises((OSError, JournalFailure, RunnerFailure), match="belongs to somebody else"):
        make(state)
    assert list(state.iterdir()) == []
    assert mode(state) == 0o755


def test_a_journal_that_others_may_read_is_closed_and_the_folder_of_the_users_choice_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "journal.sqlite"
    first = SqliteJournal(path)
    first.append("op", "log", {"message": "one"})
    beside = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    for each in beside:
        each.chmod(0o644)
    journal(tmp_path)
    assert [mode(each) for each in beside] == [0o600] * 3
    assert len(first.entries("op")) == 2
    assert mode(tmp_path) == 0o755


@ROOT
def test_somebody_elses_journal_is_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal(tmp_path)
    os.chown(path, SOMEBODY, SOMEBODY)
    path.chmod(0o666)
    theirs = SqliteJournal(path)
    assert len(theirs.entries("op")) == 1
    with pytest.raises(JournalFailure, match="belongs to somebody else") as told:
        theirs.append("op", "log", {"message": "two"})
    assert "who owns" in told.value.hint
    assert len(theirs.entries("op")) == 1


@ROOT
def test_a_folder_that_was_made_over_to_a_team_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    os.close(private.folder(tmp_path))
    assert mode(tmp_path) == 0o2770
