"""Journals without a disk, and with one that is full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.journal.events import JournalEntry, heard, plan_in, replay
from modeldeck.operations.journal.journal import JournalFailure, taken_up


class MemoryJournal:
    """A journal without a disk under it. Bodies pass through JSON, as in the real one."""

    path = Path("memory")

    def __init__(self) -> None:
        self.written: list[JournalEntry] = []
        self.beats: dict[str, float] = {}

    def refuse_unwritable(self) -> None:
        """It can always be written."""

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        claims = [entry.body.get("runner") for entry in self.entries(operation_id) if entry.kind == "started"]
        if kind != "started" and "runner" in body and claims and claims[-1] != body["runner"]:
            raise taken_up(operation_id)
        self.written.append(JournalEntry(operation_id, kind, json.loads(json.dumps(body))))

    def claim(self, operation_id: str, kind: str, body: Mapping[str, object], *, seen: int) -> bool:
        if any(entry.kind != "asked" for entry in self.after(operation_id, seen)[0]):
            return False
        self.append(operation_id, kind, body)
        return True

    def beat(self, operation_id: str, at: float, runner: str = "") -> None:
        claims = [entry.body.get("runner") for entry in self.entries(operation_id) if entry.kind == "started"]
        if not runner or (claims and claims[-1] == runner):
            self.beats[operation_id] = at

    def heartbeat(self, operation_id: str) -> float | None:
        return self.beats.get(operation_id)

    def after(self, operation_id: str, seq: int) -> tuple[tuple[JournalEntry, ...], int]:
        found = [(number, entry) for number, entry in enumerate(self.written, 1) if entry.operation_id == operation_id and number > seq]
        return tuple(entry for _, entry in found), found[-1][0] if found else seq

    def entries(self, operation_id: str) -> tuple[JournalEntry, ...]:
        return tuple(entry for entry in self.written if entry.operation_id == operation_id)

    def plan(self, operation_id: str) -> Plan | None:
        return plan_in(self.entries(operation_id))

    def operation(self, operation_id: str) -> Operation | None:
        operation = replay(self.entries(operation_id))
        return None if operation is None else heard(operation, self.heartbeat(operation_id))

    def operations(self, *, limit: int = 200) -> tuple[Operation, ...]:
        ids = dict.fromkeys(entry.operation_id for entry in self.written)
        found = [self.operation(operation_id) for operation_id in reversed(ids)]
        return tuple(operation for operation in found if operation is not None)[:limit]


@dataclass
class FullDisk:
    """A journal that takes `room` entries and then no more."""

    inner: Any
    room: int
    written: list[str] = field(default_factory=list)

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        if len(self.written) >= self.room:
            raise JournalFailure("database or disk is full", backend="journal")
        self.written.append(kind)
        self.inner.append(operation_id, kind, body)

    def claim(self, operation_id: str, kind: str, body: Mapping[str, object], *, seen: int) -> bool:
        self.append(operation_id, kind, body)
        return True

    def operation(self, operation_id: str) -> Any:
        return self.inner.operation(operation_id)

    def operations(self, *, limit: int = 200) -> Any:
        return self.inner.operations(limit=limit)
