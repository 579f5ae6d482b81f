"""Carrying out one order of the journal's, with everything that goes on beside the steps: the lock is renewed, signs of life are written,
and what people ask of the operation is heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.liveness import process_lives
from modeldeck.operations.execution.execute import begin
from modeldeck.operations.execution.lock import RENEW, Locks
from modeldeck.operations.execution.recover import Recovery, reopened, resume, take_back
from modeldeck.operations.journal.journal import JournalFailure, SqliteJournal
from modeldeck.operations.journal.signals import SignalInbox, signals_in
from modeldeck.operations.runner.silencing import silencing
from modeldeck.ports import Clock

HEARTBEAT = 2.0
"""Seconds between two signs of life in the journal."""
AWAY = 1800.0
"""Seconds without a word from the cluster after which the operation is left as it is, to be gone on with later."""
LISTEN = 0.1
"""Seconds between two looks for what people ask."""


class Verb(StrEnum):
    EXECUTE = "execute"
    RESUME = "resume"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Order:
    """What a runner is told; everything else stands in the journal."""

    verb: Verb
    operation: str

    def line(self) -> bytes:
        return json.dumps({"verb": self.verb.value, "operation": self.operation}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Order:
        """Raises ValueError or KeyError where the line is no order."""
        body = json.loads(line)
        return cls(Verb(body["verb"]), str(body["operation"]))


async def carry_out(order: Order, clients: Clients, journal: SqliteJournal, clock: Clock, cancel: asyncio.Event) -> Operation:
    """Answers how the operation ended. `cancel` is set by signals; what people ask comes through the journal.

    Raises NotFound, Conflict or Locked where the order is not for this process to carry out; the operation is then as it was.
    """
    inbox = SignalInbox(cancel)
    locks = Locks(clients.need_cluster(), clock)
    async with silencing(journal.plan(order.operation), clients, journal, clock) as quiet:
        with_ = Recovery(clients, journal, clock, quiet.progress, inbox, locks)
        return await _carry(order, with_, journal, locks)


async def _carry(order: Order, with_: Recovery, journal: SqliteJournal, locks: Locks) -> Operation:
    work = {Verb.RESUME: resume, Verb.UNDO: take_back, Verb.EXECUTE: _first}[order.verb](order.operation, with_)
    async with _beside(with_, order.operation, journal, locks) as gone:
        carrying = asyncio.ensure_future(work)
        await asyncio.wait((carrying, gone), return_when=asyncio.FIRST_COMPLETED)
        if carrying.done():
            return carrying.result()
        carrying.cancel()
        await asyncio.wait((carrying,))
        raise Gone(gone.result())


class Gone(Failure):
    """The world that the operation is about is not there any more: it is left as it is, to be gone on with when it is back."""

    code: ClassVar[str] = "gone"
    default_hint: ClassVar[str] = "modeldeck operations resume, or undo, when it is back"


async def _first(operation_id: str, with_: Recovery) -> Operation:
    run = reopened(operation_id, with_)
    return await begin(run) if run.now.state is State.PLANNED else await resume(operation_id, with_)


@contextlib.asynccontextmanager
async def _beside(with_: Recovery, operation_id: str, journal: SqliteJournal, locks: Locks) -> AsyncIterator[asyncio.Task[str]]:
    """Gives the task that ends, with why, where there is no world left to go on in."""
    gone = asyncio.create_task(_watch(with_.clients, locks, with_.clock))
    tasks: list[asyncio.Task[None] | asyncio.Task[str]] = [
        asyncio.create_task(_beat(operation_id, journal, with_.clock, with_.runner)),
        asyncio.create_task(_listen(operation_id, journal, with_.clock, with_.inbox)),
        gone,
    ]
    try:
        yield gone
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _beat(operation_id: str, journal: SqliteJournal, clock: Clock, runner: str) -> None:
    while True:
        # A full disk stops the operation where it matters: with its next entry.
        with contextlib.suppress(JournalFailure):
            journal.beat(operation_id, clock.now(), runner)
        await clock.sleep(HEARTBEAT)


async def _listen(operation_id: str, journal: SqliteJournal, clock: Clock, inbox: SignalInbox) -> None:
    """Approvals of an earlier process count still; its cancels are the resume's to look at, and decisions belong to their moment."""
    seq = 0
    while True:
        with contextlib.suppress(JournalFailure):
            entries, seq = journal.after(operation_id, seq)
            for entry in entries:
                asked = signals_in(entry)
                if asked is not None:
                    inbox.deliver(asked)
        await clock.sleep(LISTEN)


async def _watch(clients: Clients, locks: Locks, clock: Clock) -> str:
    """Renews the lock. A cluster that is away is asked again, for a while; a lost lock stops the operation at its next step or request."""
    seen = renewed = clock.monotonic()
    lives_with = clients.environment.lives_with
    while True:
        await clock.sleep(HEARTBEAT)
        if lives_with is not None and not process_lives(lives_with):
            return "the sandbox has ended"
        if clock.monotonic() - renewed >= RENEW and locks.held and locks.lost is None:
            renewed = clock.monotonic()
            with contextlib.suppress(Failure):
                await locks.renew()
                seen = clock.monotonic()
        if locks.held and clock.monotonic() - seen > AWAY:
            return f"the cluster has been away for {AWAY / 60:.0f} minutes"
        if not locks.held:
            seen = clock.monotonic()
