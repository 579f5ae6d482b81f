"""The journal's file: whose it is, who may read it, and what is said where it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from modeldeck.operations.journal.journal import JournalFailure, SqliteJournal, TakenUp, default_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def beside(journal: SqliteJournal) -> list[Path]:
    return [Path(f"{journal.path}{end}") for end in ("", "-wal", "-shm")]


def test_it_comes_with_a_folder_of_its_own_that_nobody_else_reads(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "deep" / "deeper" / "journal.sqlite")
    journal.append("a", "log", {})
    assert mode(journal.path.parent) == 0o700
    assert [mode(path) for path in beside(journal)] == [0o600] * 3


def test_one_that_others_could_read_is_closed_to_them_with_the_first_write(tmp_path: Path) -> None:
    before = SqliteJournal(tmp_path / "journal.sqlite")
    before.append("a", "log", {"message": "first"})
    for path in beside(before):
        path.chmod(0o644)
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    assert len(journal.entries("a")) == 1
    assert mode(journal.path) == 0o644, "looking changes nothing"
    journal.append("a", "log", {})
    assert [mode(path) for path in beside(journal)] == [0o600] * 3
    before.close()


def test_in_a_teams_folder_it_is_the_teams(tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    folder.chmod(0o2770)
    journal = SqliteJournal(folder / "journal.sqlite")
    journal.append("a", "log", {})
    assert [mode(path) for path in beside(journal)] == [0o660] * 3
    again = SqliteJournal(folder / "journal.sqlite")
    again.append("a", "log", {})
    assert mode(again.path) == 0o660


def test_what_was_closed_is_opened_again(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.close()
    journal.append("a", "log", {})
    journal.close()
    journal.close()
    assert not Path(f"{journal.path}-wal").exists(), "the last one to close it writes everything into the file"
    journal.append("a", "log", {})
    assert len(journal.entries("a")) == 2


def test_one_that_is_deleted_meanwhile_is_made_anew_by_whoever_comes(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append("a", "log", {})
    journal.close()
    journal.path.unlink()
    assert journal.entries("a") == ()
    assert not journal.path.exists()
    journal.append("b", "log", {})
    assert mode(journal.path) == 0o600
    assert (journal.entries("a"), len(journal.entries("b"))) == ((), 1)


def test_what_is_written_is_on_disk_and_whole_or_not_at_all(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append("a", "started", {"runner": "me"})
    with pytest.raises(TakenUp) as taken:
        journal.append("a", "log", {"runner": "another"})
    assert (taken.value.hint, taken.value.backend) == ("modeldeck operations attach a", "journal")
    journal.append("a", "log", {"runner": "me"})
    assert [entry.body["runner"] for entry in journal.entries("a")] == ["me", "me"]
    connection = journal._connect()
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (5000,)
    assert not connection.in_transaction


def test_why_it_cannot_be_used_is_said_without_numbers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = SqliteJournal(tmp_path / "file" / "journal.sqlite")
    with pytest.raises(JournalFailure) as failed:
        journal.append("a", "log", {})
    assert failed.value.message.startswith(f"{journal.path} cannot be written: ")
    assert "Errno" not in failed.value.message
    assert (failed.value.backend, failed.value.hint) == ("journal", JournalFailure.default_hint)
    with pytest.raises(JournalFailure, match=f"{journal.path} cannot be written: Not a directory: {tmp_path / 'file'}"):
        journal.refuse_unwritable()
    other = SqliteJournal(tmp_path / "none.sqlite")
    other.path.write_text("no database " * 100)
    with pytest.raises(JournalFailure, match=f"{other.path} cannot be read: file is not a database"):
        other.entries("a")
    with pytest.raises(JournalFailure, match=f"{other.path} cannot be written: file is not a database"):
        other.append("a", "log", {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_is_read_and_not_written(tmp_path: Path) -> None:
    mine = SqliteJournal(tmp_path / "journal.sqlite")
    mine.refuse_unwritable()
    mine.append("a", "log", {})
    mine.refuse_unwritable()
    mine.close()
    os.chown(mine.path, 12345, -1)
    theirs = SqliteJournal(mine.path)
    with pytest.raises(JournalFailure, match="cannot be written"):
        theirs.refuse_unwritable()
    assert len(theirs.entries("a")) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        theirs._connect().execute("INSERT INTO entries (operation, kind, body) VALUES ('a', 'log', '{}')")
    with pytest.raises(JournalFailure, match="cannot be written"):
        theirs.append("a", "log", {})
    tmp_path.chmod(0o2770)
    SqliteJournal(mine.path).refuse_unwritable()
    SqliteJournal(mine.path).append("a", "log", {})


def test_any_thread_may_use_it(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append("a", "log", {})
    with ThreadPoolExecutor(1) as pool:
        pool.submit(journal.append, "a", "log", {}).result()
        assert len(pool.submit(journal.entries, "a").result()) == 2


def test_what_is_new_of_one_operation(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    assert journal.after("a", 7) == ((), 7)
    for operation in ("a", "b", "a"):
        journal.append(operation, "log", {"message": operation})
    found, seq = journal.after("a", 0)
    assert ([entry.message for entry in found], seq) == (["a", "a"], 3)
    assert journal.after("a", seq) == ((), 3)
    assert [entry.operation_id for entry in journal.after("a", 1)[0]] == ["a"]
    with sqlite3.connect(journal.path) as connection:
        connection.execute("INSERT INTO entries (operation, kind, body) VALUES ('a', 'log', '[1]'), ('a', 'log', '{not')")
    assert journal.after("a", seq) == ((), 5), "what cannot be read is passed"


@pytest.mark.parametrize("own", [True, False])
def test_only_the_folder_that_is_ours_alone_is_closed_to_others(own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that somebody has named may hold other things, too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = default_path().parent if own else tmp_path / "named"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    SqliteJournal(folder / "journal.sqlite").append("a", "log", {})
    assert mode(folder) == (0o700 if own else 0o755)


@pytest.mark.parametrize("own", [True, False])
def test_a_link_in_the_place_of_our_folder_is_not_followed(own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "elsewhere").mkdir()
    folder = default_path().parent if own else tmp_path / "named"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(tmp_path / "elsewhere")
    journal = SqliteJournal(folder / "journal.sqlite")
    if not own:
        journal.append("a", "log", {})
        assert (tmp_path / "elsewhere" / "journal.sqlite").exists()
        return
    for use in (lambda: journal.append("a", "log", {}), lambda: journal.entries("a"), journal.refuse_unwritable):
        with pytest.raises(JournalFailure, match="is a symbolic link"):
            use()
    assert list((tmp_path / "elsewhere").iterdir()) == []
