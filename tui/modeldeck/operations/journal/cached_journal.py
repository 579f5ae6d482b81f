"""All operations of a journal as they stand, read again at the price of what is new: for lists that are looked at for long."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.operations.journal.events import JournalEntry, advance, heard

LIMIT = 200
"""Operations that are kept in sight, the newest."""
_SETTLED = 2.0
"""Seconds after which a file that has not been written to surely looks different when it is written to again."""
_BULK = ("judged", "log")
"""What fills an operation's own screen, and is not told in a list."""


class Pages(Protocol):
    """A journal that gives what is new."""

    @property
    def path(self) -> Path: ...
    def newest(self, limit: int) -> tuple[str, ...]: ...
    def after(self, operation_id: str, seq: int, *, without: tuple[str, ...] = ()) -> tuple[tuple[JournalEntry, ...], int]: ...
    def heartbeats(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class _Read:
    operation: Operation | None
    seq: int

    @property
    def may_move(self) -> bool:
        """Whether anything may still be written of it: one that needs attention can be taken up again."""
        found = self.operation
        return found is None or found.state is not State.ENDED or found.outcome is Outcome.NEEDS_ATTENTION


class Ledger:
    """Give it a journal of its own: `read` may be called from any thread, and has it for itself."""

    def __init__(self, journal: Pages, *, limit: int = LIMIT) -> None:
        self._journal = journal
        self._limit = limit
        self._read: dict[str, _Read] = {}
        self._stamp: tuple[tuple[int, int], ...] | None = None
        self._told: tuple[Operation, ...] = ()
        self._alone = threading.Lock()

    def read(self) -> tuple[Operation, ...]:
        """Newest first, with the heartbeats of those that have not ended, without judgements and log. The same objects as before where
        nothing is new. Raises JournalFailure."""
        with self._alone:
            return self._told_now()

    def _told_now(self) -> tuple[Operation, ...]:
        stamp = self._look()
        if stamp is not None and stamp == self._stamp:
            return self._told
        ids = self._journal.newest(self._limit)
        beats = self._journal.heartbeats()
        self._read = {operation_id: self._advanced(operation_id, beats.get(operation_id)) for operation_id in ids}
        self._told = tuple(read.operation for read in self._read.values() if read.operation is not None)
        self._stamp = stamp
        return self._told

    def _advanced(self, operation_id: str, beat: float | None) -> _Read:
        read = self._read.get(operation_id, _Read(None, 0))
        if not read.may_move:
            return read
        entries, seq = self._journal.after(operation_id, read.seq, without=_BULK)
        operation = read.operation
        for entry in entries:
            operation = advance(operation, entry)
        return _Read(None if operation is None else heard(operation, beat), seq)

    def _look(self) -> tuple[tuple[int, int], ...] | None:
        """Size and time of the files that are written to; None while they may change without looking different."""
        path = self._journal.path
        stamps: list[tuple[int, int]] = []
        for file in (path, path.with_name(path.name + "-wal")):
            try:
                found = file.stat()
            except OSError:
                stamps.append((0, 0))
                continue
            if time.time() - found.st_mtime < _SETTLED:
                return None
            stamps.append((found.st_size, found.st_mtime_ns))
        return tuple(stamps)
