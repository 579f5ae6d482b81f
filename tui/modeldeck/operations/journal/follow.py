"""An operation as it goes on, read from its journal: the same for the console that started it and for a colleague's."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from typing import ClassVar, Protocol

from modeldeck.domain.failures import Failure, NotFound
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.common.liveness import unheard
from modeldeck.operations.journal.events import JournalEntry, advance, heard
from modeldeck.ports import Clock


class RunnerFailure(Failure):
    """Whoever should carry an operation out did not begin, or is gone."""

    code: ClassVar[str] = "runner"
    default_hint: ClassVar[str] = "modeldeck operations list shows whether anything was begun"


POLL = 0.1
"""Seconds between two looks at the journal: one small query on one index."""


LISTEN = 2.0
"""Seconds between two looks for a sign of life."""


class JournalTail(Protocol):
    """A journal that gives what is new."""

    def after(self, operation_id: str, seq: int) -> tuple[tuple[JournalEntry, ...], int]: ...
    def heartbeat(self, operation_id: str) -> float | None: ...


async def follow(
    operation_id: str, journal: JournalTail, clock: Clock, *, alive: Callable[[Operation], bool] | None = None, past: int = 0
) -> AsyncIterator[Operation]:
    """The operation as it stands now, then after everything that is written of it, and when its process is not heard any more, until it
    ends, or `alive` says that nobody goes on with it. `past`: the journal's newest entry of it when somebody was told to go on with it; an
    end that stood there by then is not the one that is waited for.

    Raises NotFound for an id that the journal does not know, JournalFailure where it cannot be read.
    """
    operation: Operation | None = None
    seq = 0
    quiet, looked = False, -math.inf
    while True:
        entries, seq = journal.after(operation_id, seq)
        for entry in entries:
            operation = advance(operation, entry)
        if operation is None:
            raise NotFound(f"no operation {operation_id}", hint="modeldeck operations list", backend="journal")
        if clock.monotonic() - looked >= LISTEN:
            looked = clock.monotonic()
            operation = heard(operation, journal.heartbeat(operation_id))
        silent = unheard(operation, clock.now()) is not None
        if entries or silent is not quiet:
            quiet = silent
            yield operation
        if (operation.state is State.ENDED and seq > past) or (not entries and alive is not None and not alive(operation)):
            return
        await clock.sleep(POLL)
