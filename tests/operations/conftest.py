from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from modeldeck.domain.operations.promotions import Intent, Kind, Operation, Plan, Refusal
from modeldeck.operations.execution.execute import execute
from modeldeck.operations.execution.recover import Recovery, resume, take_back
from modeldeck.operations.journal.signals import Mailbox
from modeldeck.operations.planning.plan import plan
from modeldeck.operations.planning.plan_inputs import Subject, find_subject

from tests.support.fakes.journals import MemoryJournal
from tests.support.fakes.world import FakeWorld, fake_world


@dataclass
class Bench:
    """A fake world with a journal, and the two verbs on it."""

    fake: FakeWorld
    journal: Any
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(self.cancel)

    async def plan(self, to: str | None = "2", *, kind: Kind = Kind.PROMOTE, **fields: Any) -> Plan | Refusal:
        given: dict[str, Any] = {"model": "iris" if kind is Kind.PROMOTE else None, "actor": "ann@box", "reason": "better", **fields}
        return await plan(Intent(kind, "serving", "iris", to_version=to, **given), self.fake.world, self.journal, self.fake.clock)

    async def subject(self, **parts: Any) -> Subject:
        """What a promotion to version 2 is about, but for these parts."""
        intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")
        found = await find_subject(intent, self.fake.world, self.journal, self.fake.clock)
        assert isinstance(found, Subject), found
        return replace(found, **parts)

    async def good_plan(self, to: str | None = "2", **fields: Any) -> Plan:
        made = await self.plan(to, **fields)
        assert isinstance(made, Plan), made
        assert not made.refused, made.refused
        return made

    async def run(self, made: Plan) -> Operation:
        return await execute(made, self.fake.world, self.journal, self.fake.clock, self.seen.append, self.cancel, mailbox=self.mailbox)

    async def run_on(self, made: Plan, journal: Any) -> Operation:
        return await execute(made, self.fake.world, journal, self.fake.clock, self.seen.append, self.cancel, mailbox=self.mailbox)

    async def promote(self, to: str = "2", **fields: Any) -> Operation:
        return await self.run(await self.good_plan(to, **fields))

    def recovery(self) -> Recovery:
        return Recovery(self.fake.world, self.journal, self.fake.clock, self.seen.append, self.mailbox)

    async def take_back(self, operation_id: str) -> Operation:
        return await take_back(operation_id, self.recovery())

    async def resume(self, operation_id: str) -> Operation:
        return await resume(operation_id, self.recovery())

    async def roll_back(self, to: str | None = None, **fields: Any) -> Operation:
        return await self.run(await self.good_plan(to, kind=Kind.ROLLBACK, **fields))


@pytest.fixture
def bench() -> Bench:
    return Bench(fake_world(), MemoryJournal())


@pytest.fixture
def bench_of() -> Callable[[str], Bench]:
    """A bench whose deployment names the given reference."""
    return lambda uri: Bench(fake_world(uri), MemoryJournal())
