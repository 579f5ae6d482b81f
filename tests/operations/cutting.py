"""A machine that loses power right after, or right before, an entry of the journal is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modeldeck.domain.kubernetes.leases import LOCK, note_of, note_text
from tests.support.fakes.clients import FakeClients
from tests.support.processes import gone_pid


class PowerCut(BaseException):
    """Not an Exception: nothing in the core may catch it."""


class Cutting:
    """A journal whose machine loses power right after an entry, or right before it."""

    def __init__(self, inner: Any, entries: int, *, before: bool) -> None:
        self.inner, self.left, self.before = inner, entries, before

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        self.left -= 1
        if self.left < 0 or (self.left == 0 and self.before):
            raise PowerCut
        self.inner.append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)
        if self.left == 0:
            raise PowerCut

    def claim(self, operation_id: str, kind: str, body: Mapping[str, object], *, seen: int) -> bool:
        self.append(operation_id, kind, body)
        return True

    def operation(self, operation_id: str) -> Any:
        return self.inner.operation(operation_id)

    def plan(self, operation_id: str) -> Any:
        return self.inner.plan(operation_id)

    def operations(self, *, limit: int = 200) -> Any:
        return self.inner.operations(limit=limit)


def bury(fake: FakeClients) -> None:
    """Whoever holds a lock is gone, as this machine can tell."""
    for key, lease in fake.cluster.leases.items():
        if lease.holder:
            gone = replace(note_of(lease), pid=gone_pid(), birth="long ago")
            fake.cluster.leases[key] = replace(lease, annotations={LOCK: note_text(gone)})
