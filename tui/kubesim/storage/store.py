"""Where objects live: in memory for reading, in SQLite for the next start, with a history that watches resume from.

Objects are kept as encoded JSON and decoded on each read: a reader gets a copy of its own, a list of thousands is a join of bytes.
Every change gets the next resourceVersion; versions go on rising after a restart. All methods are synchronous and are called
from one event loop, which makes each of them atomic and orders the events by construction.
"""

from __future__ import annotations

import bisect
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kubesim.api.fields import selectable
from kubesim.api.kinds import STORED, Kind, Object

HISTORY = 5_000
_NO_NAMESPACE = ""

encode = msgspec.json.encode
decode: Callable[[bytes], Any] = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored version of one object. `raw` has no kind and apiVersion: those come with the endpoint that serves it."""

    namespace: str
    name: str
    uid: str
    version: int
    raw: bytes
    labels: dict[str, str]
    fields: dict[str, str]
    owners: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    def object(self) -> Object:
        decoded: Object = decode(self.raw)
        return decoded


@dataclass(frozen=True, slots=True)
class Change:
    """One event of a table: `type` is ADDED, MODIFIED or DELETED; `before` is what selectors compare with."""

    type: str
    table: str
    entry: Entry
    before: Entry | None


@dataclass(slots=True)
class Table:
    """The objects of one resource and its recent changes. `floor`: watches from before it get 410."""

    entries: dict[str, Entry] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=deque)
    floor: int = 0
    # The keys as etcd sorts them.
    order: list[str] = field(default_factory=list)

    def place(self, entry: Entry) -> Entry | None:
        """Put an entry in; what was there before."""
        before = self.entries.get(entry.key)
        if before is None:
            bisect.insort(self.order, entry.key)
        self.entries[entry.key] = entry
        return before

    def take(self, key: str) -> Entry:
        del self.order[bisect.bisect_left(self.order, key)]
        return self.entries.pop(key)

    def within(self, namespace: str) -> list[Entry]:
        """The entries of one namespace, of all when empty."""
        if not namespace:
            return [self.entries[key] for key in self.order]
        start = bisect.bisect_left(self.order, namespace + "/")
        end = bisect.bisect_left(self.order, namespace + "0", start)
        return [self.entries[key] for key in self.order[start:end]]

    def remember(self, change: Change) -> None:
        self.history.append(change)
        if len(self.history) > HISTORY:
            self.floor = self.history.popleft().entry.version


class Store:
    """All tables of one cluster."""

    def __init__(self, path: Path | None) -> None:
        self.version = 0
        self.tables: dict[str, Table] = {kind.table: Table() for kind in STORED}
        self._kinds = {kind.table: kind for kind in reversed(STORED)}
        self._dependents: dict[str, dict[tuple[str, str], None]] = {}
        self._by_uid: dict[str, tuple[str, str]] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._open()

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` on every change from now on, in order, before the write returns."""
        self._listeners.append(listener)

    def get(self, kind: Kind, namespace: str, name: str) -> Entry | None:
        return self.tables[kind.table].entries.get(f"{namespace}/{name}")

    def by_uid(self, uid: str) -> tuple[str, Entry] | None:
        """The table and entry of a living object."""
        place = self._by_uid.get(uid)
        return None if place is None else (place[0], self.tables[place[0]].entries[place[1]])

    def scan(self, kind: Kind, namespace: str = _NO_NAMESPACE) -> list[Entry]:
        """All entries of a namespace (of all when empty), in etcd's order."""
        return self.tables[kind.table].within(namespace if kind.namespaced else "")

    def dependents(self, uid: str) -> Iterator[tuple[str, Entry]]:
        """Every object that names `uid` as an owner."""
        for table, key in list(self._dependents.get(uid, ())):
            yield table, self.tables[table].entries[key]

    def next_version(self) -> int:
        return self.version + 1

    def put(self, kind: Kind, obj: Object) -> Entry:
        """Store a new or changed object. Sets `metadata.resourceVersion` in place."""
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        entry = self._entry(kind.table, obj, encode(obj), self.version)
        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?,?,?,?)", (kind.table, entry.key, self.version, entry.raw))
        before = self._place(kind.table, entry)
        self._announce(Change("MODIFIED" if before else "ADDED", kind.table, entry, before))
        return entry

    def remove(self, kind: Kind, namespace: str, name: str, last: Object) -> Entry:
        """Delete; `last` is the object's final state, which the DELETED event carries with the deletion's own version."""
        self.version += 1
        before = self.tables[kind.table].take(f"{namespace}/{name}")
        self._unindex(kind.table, before)
        last["metadata"]["resourceVersion"] = str(self.version)
        entry = self._entry(kind.table, last, encode(last), self.version)
        self._db.execute("DELETE FROM objects WHERE place=? AND key=?", (kind.table, before.key))
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (self.version,))
        self._announce(Change("DELETED", kind.table, entry, before))
        return entry

    def close(self) -> None:
        self._db.close()

    def _announce(self, change: Change) -> None:
        self.tables[change.table].remember(change)
        for listener in self._listeners:
            listener(change)

    def _place(self, table_name: str, entry: Entry) -> Entry | None:
        before = self.tables[table_name].place(entry)
        if before is not None:
            self._unindex(table_name, before)
        self._by_uid[entry.uid] = (table_name, entry.key)
        for owner in entry.owners:
            self._dependents.setdefault(owner, {})[table_name, entry.key] = None
        return before

    def _unindex(self, table_name: str, entry: Entry) -> None:
        self._by_uid.pop(entry.uid, None)
        for owner in entry.owners:
            mine = self._dependents[owner]
            mine.pop((table_name, entry.key), None)
            if not mine:
                del self._dependents[owner]

    def _entry(self, table: str, obj: Object, raw: bytes, version: int) -> Entry:
        meta = obj["metadata"]
        owners = tuple(dict.fromkeys(ref["uid"] for ref in meta.get("ownerReferences", ())))
        return Entry(
            meta.get("namespace", ""),
            meta["name"],
            meta["uid"],
            version,
            raw,
            meta.get("labels") or {},
            selectable(self._kinds[table], obj),
            owners,
        )

    def _open(self) -> None:
        # Synchronous off: the state must survive the end of this process, not a power cut of the machine.
        for pragma in ("journal_mode=WAL", "synchronous=OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("CREATE TABLE IF NOT EXISTS objects (place TEXT, key TEXT, version INTEGER, raw BLOB, PRIMARY KEY (place, key))")
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER)")
        for table, _key, version, raw in self._db.execute("SELECT place, key, version, raw FROM objects"):
            self._place(table, self._entry(table, decode(raw), raw, version))
            self.version = max(self.version, version)
        row = self._db.execute("SELECT value FROM meta WHERE name='version'").fetchone()
        self.version = max(self.version, row[0] if row else 0)
        for table in self.tables.values():
            table.floor = self.version
