"""The file that a journal stands in: one SQLite file, on disk when a write returns (WAL, synchronous FULL).

Private to the user (0600). A team shares one by putting it into a folder of its own group: `install -d -m 2770 -g TEAM FOLDER`; a journal
made there is the team's (0660), as are the files that SQLite keeps beside it. Whoever may only read it can look, and do nothing.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from modeldeck import private
from modeldeck.domain.failures import Failure

_BUSY_SECONDS = 5.0


class JournalFailure(Failure):
    """The journal cannot be read or written: an operation stops before its next step."""

    code: ClassVar[str] = "journal"
    default_hint: ClassVar[str] = "free some disk space, or check who owns the file"


class JournalFile:
    """One connection to the file, opened with the first call that needs it: each close would write the whole WAL back, with a handful of
    flushes for every entry. May be used from any thread, by one at a time."""

    schema: ClassVar[str]
    """Statements that make what a subclass needs, where it is not there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._is_private = False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which nobody else's falls into. Raises JournalFailure; then nothing was written."""
        with self._failures("written"):
            self._prepare()
            with self._connect() as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Empty where there is no file yet: looking makes none. Raises JournalFailure."""
        with self._failures("read"):
            self._refuse_link()
            if not self.path.exists():
                return []
            return self._connect().execute(query, values).fetchall()

    def refuse_unwritable(self) -> None:
        """Raises JournalFailure where no operation could be written. Writes nothing itself, and makes no file."""
        with self._failures("written"):
            self._refuse_link()
            if self.path.exists():
                if not self._is_ours():
                    raise private.foreign(self.path)
                return
            place = next(parent for parent in self.path.absolute().parents if parent.exists())
            if not place.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
            if not os.access(place, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))

    def _prepare(self) -> None:
        self._refuse_link()
        if self._is_private and self.path.exists():
            return
        folder = self.path.parent
        if folder == default_path().parent:
            os.close(private.folder(folder))
        else:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shared = private.is_team(folder.stat().st_mode)
        if self.path.exists():
            self._tighten(shared=shared)
            self._is_private = True
            return
        # Made before SQLite opens it, so that it is never readable by others, not even for an instant; WAL files copy its mode.
        handle = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        if shared:
            os.fchmod(handle, 0o660)
        os.close(handle)

    def _tighten(self, *, shared: bool) -> None:
        """Raises OSError for somebody else's, which is not ours to write."""
        if not shared:
            for end in ("", "-wal", "-shm"):
                private.file(f"{self.path}{end}")

    def _refuse_link(self) -> None:
        """Raises OSError: what somebody has put at the journal's place must not lead our writes elsewhere."""
        folder = self.path.parent
        for place in (self.path, folder) if folder == default_path().parent else (self.path,):
            if place.is_symlink():
                raise private.link(place)

    def _is_ours(self) -> bool:
        """Whether it is ours to write."""
        found = self.path.stat()
        mine = found.st_uid == os.geteuid() or private.is_team(self.path.parent.stat().st_mode)
        return mine and os.access(self.path, os.W_OK)

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            mine = not self.path.exists() or self._is_ours()
            where = self.path.absolute().as_uri() + ("" if mine else "?mode=ro")
            connection = sqlite3.connect(where, timeout=_BUSY_SECONDS, check_same_thread=False, uri=True)
            try:
                if mine:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.execute("PRAGMA synchronous = FULL")
                    connection.executescript(self.schema)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _failures(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalFailure(f"{self.path} cannot be {verb}: {_reason(error)}", backend="journal") from error


def _reason(error: sqlite3.Error | OSError) -> str:
    """Without the number that Python puts before it."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror


def default_path() -> Path:
    """`journal.sqlite` in the user's state folder."""
    import platformdirs

    return Path(platformdirs.user_state_dir("modeldeck", appauthor=False)) / "journal.sqlite"
