"""The operations journal, append only (its file: journal_file.py).

Readers tolerate what a newer modeldeck wrote: unknown kinds of entries, unknown fields, bodies that cannot be read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, ClassVar

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.journal.events import JournalEntry, heard, plan_in, replay
from modeldeck.operations.journal.journal_file import JournalFailure, JournalFile, default_path

__all__ = ["JournalFailure", "SqliteJournal", "TakenUp", "default_path", "taken_up"]


class TakenUp(Failure):
    """Another process carries the operation out by now: whatever this one still wanted to do or to write is not its business any more."""

    code: ClassVar[str] = "taken_up"


def taken_up(operation_id: str) -> TakenUp:
    hint = f"modeldeck operations attach {operation_id}"
    return TakenUp(f"operation {operation_id} has been taken up by another process", hint=hint, backend="journal")


_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_operation ON entries (operation, seq);
CREATE INDEX IF NOT EXISTS entries_of_kind ON entries (kind, seq);
CREATE INDEX IF NOT EXISTS claims_of_operation ON entries (operation, seq) WHERE kind = 'started';
CREATE TRIGGER IF NOT EXISTS entries_are_not_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS entries_are_not_deleted BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
"""
_HEARTBEATS = """
CREATE TABLE IF NOT EXISTS heartbeats (operation TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""
# Not a part of what happened: only the newest one counts, so that they are kept apart from the entries.
_TAKEN = """
SELECT 1 FROM entries WHERE seq = (SELECT max(seq) FROM entries WHERE operation = ? AND kind = 'started')
    AND json_valid(body) AND json_extract(body, '$.runner') IS NOT ?
"""
# Whether another process has claimed an operation since this one did.
_CLAIM = """
INSERT INTO entries (operation, kind, body) SELECT ?, ?, ?
    WHERE NOT EXISTS (SELECT 1 FROM entries WHERE operation = ? AND seq > ? AND kind != 'asked')
"""
_NEWEST = "SELECT operation FROM entries WHERE kind = 'planned' ORDER BY seq DESC LIMIT ?"


class SqliteJournal(JournalFile):
    """The port `Journal` on one file."""

    schema: ClassVar[str] = _SCHEMA + _HEARTBEATS

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Raises JournalFailure; TakenUp where the body names a `runner` that is not the one that carries the operation out any more. Then
        nothing was written."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        with self._writing() as connection:
            if kind != "started" and "runner" in body and self._taken(connection, operation_id, body["runner"]):
                raise taken_up(operation_id)
            connection.execute("INSERT INTO entries (operation, kind, body) VALUES (?, ?, ?)", (operation_id, kind, text))

    def claim(self, operation_id: str, kind: str, body: Mapping[str, object], *, seen: int) -> bool:
        """Like `append`, unless anything but people's requests has been written of it since the entry `seen`: then nothing is written, and
        the answer is False. Of two that try at the same time, one succeeds. Raises JournalFailure."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        with self._writing() as connection:
            return connection.execute(_CLAIM, (operation_id, kind, text, operation_id, seen)).rowcount == 1

    def beat(self, operation_id: str, at: float, runner: str = "") -> None:
        """The operation's process lives at `at`, seconds since the epoch. Nothing is written for a `runner` that has not claimed the
        operation, or not last. Raises JournalFailure."""
        with self._writing() as connection:
            if not runner or not self._taken(connection, operation_id, runner):
                connection.execute("INSERT OR REPLACE INTO heartbeats (operation, at) VALUES (?, ?)", (operation_id, at))

    @staticmethod
    def _taken(connection: sqlite3.Connection, operation_id: str, runner: object) -> bool:
        return connection.execute(_TAKEN, (operation_id, runner)).fetchone() is not None

    def heartbeats(self) -> dict[str, float]:
        """When each operation's process last said that it lives. Raises JournalFailure."""
        return {str(operation): float(at) for operation, at in self._rows("SELECT operation, at FROM heartbeats")}

    def heartbeat(self, operation_id: str) -> float | None:
        """When the operation's process last said that it lives, where it has. Raises JournalFailure."""
        rows = self._rows("SELECT at FROM heartbeats WHERE operation = ?", operation_id)
        return float(rows[0][0]) if rows else None

    def newest(self, limit: int) -> tuple[str, ...]:
        """Ids of the newest operations, newest first. Raises JournalFailure."""
        return tuple(str(row[0]) for row in self._rows(_NEWEST, limit))

    def after(self, operation_id: str, seq: int, *, without: tuple[str, ...] = ()) -> tuple[tuple[JournalEntry, ...], int]:
        """What has been written of an operation since `seq` (0: all), and the newest seq. Raises JournalFailure.

        Kinds in `without` are left out unread.
        """
        left_out = f" AND kind NOT IN ({', '.join('?' * len(without))})" if without else ""
        query = f"SELECT operation, kind, body, seq FROM entries WHERE operation = ? AND seq > ?{left_out} ORDER BY seq"
        rows = self._rows(query, operation_id, seq, *without)
        found = tuple(entry for entry in (_entry(row[:3]) for row in rows) if entry is not None)
        return found, rows[-1][3] if rows else seq

    def entries(self, operation_id: str) -> tuple[JournalEntry, ...]:
        """In the order in which they were written. Raises JournalFailure."""
        return self._read("SELECT operation, kind, body FROM entries WHERE operation = ? ORDER BY seq", operation_id)

    def plan(self, operation_id: str) -> Plan | None:
        return plan_in(self.entries(operation_id))

    def operation(self, operation_id: str) -> Operation | None:
        operation = replay(self.entries(operation_id))
        return None if operation is None else heard(operation, self.heartbeat(operation_id))

    def operations(self, *, limit: int = 200) -> tuple[Operation, ...]:
        """Newest first. Raises JournalFailure."""
        entries = self._read(f"SELECT operation, kind, body FROM entries WHERE operation IN ({_NEWEST}) ORDER BY seq", limit)
        grouped: dict[str, list[JournalEntry]] = {}
        for entry in entries:
            grouped.setdefault(entry.operation_id, []).append(entry)
        beats = self.heartbeats()
        found = [replay(group) for group in grouped.values()]
        return tuple(heard(operation, beats.get(operation.id)) for operation in reversed(found) if operation is not None)

    def _read(self, query: str, value: object) -> tuple[JournalEntry, ...]:
        return tuple(entry for entry in map(_entry, self._rows(query, value)) if entry is not None)


def _entry(row: tuple[Any, ...]) -> JournalEntry | None:
    operation, kind, text = row
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return JournalEntry(operation, kind, body) if isinstance(body, dict) else None
