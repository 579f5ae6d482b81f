"""One operation being carried out: what every step needs, and the one place that writes the journal."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan, Target
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.retry import OUTAGE_TIMEOUT, REQUEST_TIMEOUT, TRANSIENT, TRANSIENT_WHERE_ALLOWED, Refusals, retry
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.execution.lock import Locks
from modeldeck.operations.execution.outages import Outages
from modeldeck.operations.journal.events import JournalEntry, advance
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.journal.signals import SignalInbox
from modeldeck.ports import Clock, Journal, Progress

T = TypeVar("T")


class Stopped(Exception):
    """Somebody asked to cancel."""


@dataclass(frozen=True, slots=True)
class OpenEnd:
    message: str
    command: str = ""
    """What a person types instead."""


@dataclass
class Execution:
    """Not frozen: it holds the operation's newest state. Everything else of it never changes."""

    plan: Plan
    clients: Clients
    journal: Journal
    clock: Clock
    progress: Progress
    cancel: asyncio.Event
    operation: Operation | None = None
    seen: int | None = None
    """The journal's newest entry of the operation when it was read; None: it is this process' own from the beginning."""
    inbox: SignalInbox = field(default_factory=lambda: SignalInbox(asyncio.Event()))
    """What people ask of it; its `cancel` and ours are the same where somebody listens."""
    locks: Locks | None = None
    """None: there is no lock, and nothing that could be lost."""
    runner: str = field(default_factory=lambda: secrets.token_hex(8))
    """Names this process in the journal: what it writes after another one has taken the operation up is refused there."""
    claimed: bool = False
    outages: Outages = field(default_factory=Outages)
    index: int = 0
    """Place of the step at work."""
    undoing: bool = False
    unwritten: JournalFailure | None = None
    """Why the journal has a gap: an undo goes on without it, as it looks at the world before each request anyway."""
    announced: set[tuple[str, str]] = field(default_factory=set)
    """(model, alias) that this process has announced as moving."""
    taken_up: bool = False
    """Another process has carried it out before: what that one announced may stand."""
    withdrawn: bool = False
    """Whether it was tried to take its announcements off."""
    open_ends: list[OpenEnd] = field(default_factory=list)
    """What could not be undone or finished."""

    @property
    def target(self) -> Target:
        """Of the deployment that the step at work is about."""
        return self.plan.targets[self.plan.steps[self.index].target] if self.plan.steps else self.plan.last

    @property
    def now(self) -> Operation:
        if self.operation is None:
            raise RuntimeError("nothing is recorded yet")
        return self.operation

    @property
    def step(self) -> Step:
        return self.now.steps[self.index]

    def record(self, kind: str, **body: object) -> None:
        """Write one entry, then tell the new state. Raises JournalFailure, and then nothing has changed; while undoing it never does.
        TakenUp, as everything that writes, where another process carries the operation out by now."""
        self._write(kind, body, strict=not self.undoing)

    def remember(self, kind: str, **body: object) -> None:
        """Like `record`, for what has happened already: the state changes even where the journal cannot be written."""
        self._write(kind, body, strict=False)

    def end(self, outcome: Outcome, message: str) -> Operation:
        self.remember("ended", outcome=outcome.value, message=message)
        return self.now

    def end_open(self, message: str, rest: str = "") -> Operation:
        """It needs attention: the message, then each open end, then `rest`; and what to type for them."""
        commands = list(dict.fromkeys(one.command for one in self.open_ends if one.command))
        said = f"{message}{'; '.join(one.message for one in self.open_ends)}{rest}"
        self.remember("ended", outcome=Outcome.NEEDS_ATTENTION.value, message=said, commands=commands)
        return self.now

    def claim(self, **body: object) -> None:
        """This process carries it out from here on. Raises Conflict where another one has written about it since it was read: then it is
        that one's; JournalFailure."""
        self._write("started", {**body, "runner": self.runner}, strict=True, seen=self.seen)
        self.seen, self.claimed = None, True

    def _write(self, kind: str, body: dict[str, object], *, strict: bool, seen: int | None = None) -> None:
        mine = {"runner": self.runner} if self.claimed else {}
        entry = JournalEntry(self.plan.id, kind, {"at": self.clock.now(), **mine, **body})
        try:
            if seen is None:
                self.journal.append(entry.operation_id, entry.kind, entry.body)
            elif not self.journal.claim(entry.operation_id, entry.kind, entry.body, seen=seen):
                hint = f"modeldeck operations attach {self.plan.id}"
                raise Conflict(f"operation {self.plan.id} has just been taken up by another process", hint=hint)
        except JournalFailure as failure:
            self.unwritten = failure
            if strict:
                raise
        self.operation = advance(self.operation, entry)
        if self.operation is not None:
            self.progress(self.operation)

    async def request(self, message: str) -> None:
        """Before a request that changes something leaves: it is written down, and the lock is surely ours.

        Raises LockLost where somebody has taken over, another Failure where the lock cannot be looked at."""
        await self.hold()
        self.record("request", step=self.index, message=sanitize(message))
        await self.hold()  # a slow disk, or a machine that slept, may have let the lease end while it was written down

    async def hold(self) -> None:
        """The lock is surely ours. Raises LockLost, or another Failure where it cannot be looked at."""
        if self.locks is not None:
            await self.retry(self.locks.hold)

    @property
    def changing(self) -> Step | None:
        """The step with which the pods of the deployment at work began to change, as the journal has it."""
        target, names = self.step.target, (StepName.PATCH_TEMPLATE, StepName.RESTART)
        return next((one for one in self.now.steps if one.target == target and one.name in names and one.started_at is not None), None)

    @property
    def committed(self) -> bool:
        """Whether the step at work is past the commit: nothing is taken back any more."""
        return self.index > self.plan.commit_index

    @property
    def touched(self) -> bool:
        """Whether anything that others see, but the lock, may have been changed."""
        return any(step.requests for step in self.now.steps if step.name is not StepName.LOCK)

    async def retry(self, ask: Callable[[], Awaitable[T]], *, allowed: bool = True) -> T:
        """The answer of what may be asked again, as often as it takes while an outage is within OUTAGE_TIMEOUT; the log tells of it.

        `allowed`: the same was allowed before, when the plan was made, so that a refusal is only believed when it lasts.
        Raises the last Failure; Stopped where somebody cancels meanwhile."""
        passing = TRANSIENT_WHERE_ALLOWED if allowed else TRANSIENT
        refusals = Refusals()
        met: set[str] = set()
        said: set[str] = set()
        began = self.clock.monotonic()

        def waiting(failure: Failure) -> None:
            if not self.committed:
                self.stop_if_asked()
            now = self.clock.monotonic()
            if refusals.believed(failure, now):
                raise failure
            waited, away = now - began, self.outages.failed(failure.backend, now)
            if waited > REQUEST_TIMEOUT and max(waited, away) > OUTAGE_TIMEOUT:
                raise failure
            met.add(failure.backend)
            if str(failure) not in said:
                said.add(str(failure))
                self.hold_up(f"{failure} — still trying")

        answer = await retry(ask, self.clock, patience=math.inf, passing=passing, waiting=waiting)
        for backend in met:
            self.outages.over(backend)
        return answer

    def say(self, message: str) -> None:
        """What was seen, for the operation's log."""
        self.remember("log", message=sanitize(message))

    def hold_up(self, message: str) -> None:
        """A backend is away, and is waited for: told until something goes on."""
        self.remember("held-up", message=sanitize(message))

    def stop_if_asked(self) -> None:
        """Raises Stopped where somebody cancelled, which an undo never is; LockLost where somebody has taken over, which stops both."""
        if self.locks is not None and self.locks.lost is not None:
            raise self.locks.lost
        if self.cancel.is_set() and not self.undoing:
            raise Stopped

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name of the Deployment."""
        return self.target.namespace, self.target.deployment
