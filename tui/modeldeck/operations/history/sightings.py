"""Moves of aliases that were seen between two readings of a registry, kept in the journal's file.

A table of its own holds what each model's aliases were seen to point at last, by whichever console or command read them; what another
reading says otherwise is a sighting, written in the same transaction. So that of several consoles exactly one writes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasMove, AliasSnapshot, Pointers, alias_moves
from modeldeck.operations.journal.journal_file import JournalFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS aliases_seen (
    registry TEXT NOT NULL,
    model TEXT NOT NULL,
    born REAL,
    aliases TEXT NOT NULL,
    began REAL NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (registry, model)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sightings (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    registry TEXT NOT NULL,
    model TEXT NOT NULL,
    alias TEXT NOT NULL,
    from_version TEXT,
    to_version TEXT,
    after REAL NOT NULL,
    before REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS sightings_of_registry ON sightings (registry, seq);
"""
REFRESH = 60.0
"""Seconds after which it is written down once more that nothing has moved."""


class SqliteSightings(JournalFile):
    """The port `Sightings` on the journal's file."""

    schema: ClassVar[str] = _SCHEMA

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._busy = threading.Lock()

    def see(self, registry: str, glance: AliasSnapshot, earlier: AliasSnapshot | None = None) -> bool:
        """Keep what moved since the last reading, whoever made that. `earlier`: this process' own one before, which need not stand in the
        file. False: two readings overlapped and differ, so that nobody can tell which is the newer one; the next one will tell.

        May be called from several threads. Raises JournalFailure.
        """
        with self._busy:
            news = _News(self._seen(registry), glance, earlier)
            if not news.worth_writing:
                return news.settled
            with self._writing() as connection:
                # Once more, now that nobody else can write: of two that saw it, the second finds it written.
                news = _News(_known(connection.execute(_LAST, (registry,)).fetchall()), glance, earlier)
                _write(connection, registry, news)
            return news.settled

    def sightings(self, registry: str, *, limit: int = 500) -> tuple[AliasChange, ...]:
        """Newest first. Raises JournalFailure."""
        query = "SELECT model, alias, from_version, to_version, after, before FROM sightings WHERE registry = ? ORDER BY seq DESC LIMIT ?"
        return tuple(AliasChange(AliasMove(*row[:4]), row[4], row[5]) for row in self._rows(query, registry, limit))

    def _seen(self, registry: str) -> dict[str, _Seen]:
        return _known(self._rows(_LAST, registry))


_LAST = "SELECT model, born, aliases, began, at FROM aliases_seen WHERE registry = ?"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one model by the last reading, which began and ended then."""

    pointers: Pointers
    began: float
    at: float


def _known(rows: list[tuple[str, float | None, str, float, float]]) -> dict[str, _Seen]:
    """Without what cannot be read: that is looked at as if it were seen for the first time."""
    found = {}
    for model, born, text, began, at in rows:
        try:
            aliases = json.loads(text)
        except ValueError:
            continue
        if isinstance(aliases, dict):
            found[model] = _Seen(Pointers(aliases, born), began, at)
    return found


class _News:
    """A reading held against what was seen before it."""

    def __init__(self, seen: Mapping[str, _Seen], glance: AliasSnapshot, earlier: AliasSnapshot | None) -> None:
        # A reading that had begun before the kept one ended may be the older one. A time to come is a clock that was set back.
        unsure = {name for name, last in seen.items() if glance.began < last.at <= glance.ended}
        self.fresh = {name: now for name, now in glance.pointers.items() if name not in unsure}
        self.settled = all(glance.pointers[name] == seen[name].pointers for name in unsure & glance.pointers.keys())
        self._seen, self.glance, self._earlier = seen, glance, earlier
        times = [last.at for last in seen.values() if last.at <= glance.ended] + ([earlier.ended] if earlier else [])
        before = {name: seen[name].pointers for name in self.fresh if name in seen}
        self.moves = alias_moves(before, self.fresh, since=max(times, default=None))

    @property
    def worth_writing(self) -> bool:
        if self.moves or self.fresh.keys() - self._seen.keys():
            return True
        due = self.glance.ended - REFRESH
        return any(not due < self._seen[name].at <= self.glance.ended for name in self.fresh)

    def after(self, move: AliasMove) -> float:
        """When the model was last seen as it was before the move; where it is new, when it was made."""
        last, own = self._seen.get(move.model), self._earlier
        at = (last.began if last else self.fresh[move.model].born) or 0.0
        if last is not None and own is not None and own.pointers.get(move.model) == last.pointers:
            at = max(at, own.began)
        return min(at, self.glance.ended)


def _write(connection: sqlite3.Connection, registry: str, news: _News) -> None:
    ended = news.glance.ended
    moves = [(registry, m.model, m.alias, m.from_version, m.to_version, news.after(m), ended) for m in news.moves]
    connection.executemany(
        "INSERT INTO sightings (registry, model, alias, from_version, to_version, after, before) VALUES (?, ?, ?, ?, ?, ?, ?)", moves
    )
    seen = [(registry, name, now.born, json.dumps(dict(now.aliases)), news.glance.began, ended) for name, now in news.fresh.items()]
    connection.executemany(
        "INSERT OR REPLACE INTO aliases_seen (registry, model, born, aliases, began, at) VALUES (?, ?, ?, ?, ?, ?)", seen
    )


def registry_id(target: MlflowTarget | None) -> str:
    """Names a registry without giving its address away: a digest. Environments that share a registry share what was seen in it."""
    if target is None:
        return ""
    # A database's path may be relative to where modeldeck was started.
    place = "" if target.uri.startswith(("http://", "https://")) else os.getcwd()
    return hashlib.sha256("\n".join((target.uri.rstrip("/"), target.workspace, place)).encode()).hexdigest()[:24]
