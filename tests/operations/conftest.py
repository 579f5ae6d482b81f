from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.operations.execution.execute import execute
from modeldeck.operations.execution.recover import Recovery, resume, take_back
from modeldeck.operations.journal.signals import SignalInbox
from modeldeck.operations.planning.plan import plan
from modeldeck.operations.planning.plan_inputs import PlanInputs, find_subject
from tests.support.fakes.clients import FakeClients, fake_clients
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.journals import MemoryJournal


@dataclass
class Bench:
    """A fake world with a journal, and the two verbs on it."""

    fake: FakeClients
    journal: Any
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox = SignalInbox(self.cancel)

    @property
    def clock(self) -> FakeClock:
        """The clock of its world, which a test may set."""
        assert isinstance(self.fake.clock, FakeClock)
        return self.fake.clock

    async def plan(self, to: str | None = "2", *, kind: Kind = Kind.PROMOTE, **fields: Any) -> Plan | Refusal:
        given: dict[str, Any] = {"model": "iris" if kind is Kind.PROMOTE else None, "actor": "ann@box", "reason": "better", **fields}
        return await plan(Intent(kind, "serving", "iris", to_version=to, **given), self.fake.clients, self.journal, self.fake.clock)

    async def subject(self, **parts: Any) -> PlanInputs:
        """What a promotion to version 2 is about, but for these parts."""
        intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")
        found = await find_subject(intent, self.fake.clients, self.journal, self.fake.clock)
        assert isinstance(found, PlanInputs), found
        return replace(found, **parts)

    async def good_plan(self, to: str | None = "2", **fields: Any) -> Plan:
        made = await self.plan(to, **fields)
        assert isinstance(made, Plan), made
        assert not made.refused, made.refused
        return made

    async def run(self, made: Plan) -> Operation:
        return await execute(made, self.fake.clients, self.journal, self.fake.clock, self.seen.append, self.cancel, inbox=self.inbox)

    async def run_on(self, made: Plan, journal: Any) -> Operation:
        return await execute(made, self.fake.clients, journal, self.fake.clock, self.seen.append, self.cancel, inbox=self.inbox)

    async def promote(self, to: str = "2", **fields: Any) -> Operation:
        return await self.run(await self.good_plan(to, **fields))

    def recovery(self) -> Recovery:
        return Recovery(self.fake.clients, self.journal, self.fake.clock, self.seen.append, self.inbox)

    async def take_back(self, operation_id: str) -> Operation:
        return await take_back(operation_id, self.recovery())

    async def resume(self, operation_id: str) -> Operation:
        return await resume(operation_id, self.recovery())

    async def roll_back(self, to: str | None = None, **fields: Any) -> Operation:
        return await self.run(await self.good_plan(to, kind=Kind.ROLLBACK, **fields))


@pytest.fixture
def bench() -> Bench:
    return Bench(fake_clients(), MemoryJournal())


@pytest.fixture
def bench_of() -> Callable[[str], Bench]:
    """A bench whose deployment names the given reference."""
    return lambda uri: Bench(fake_clients(uri), MemoryJournal())
