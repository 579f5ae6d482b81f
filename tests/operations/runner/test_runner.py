"""What goes on beside the steps of an operation: signs of life, what people ask, the lock's renewals, and the end of the world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from modeldeck.domain.failures import Conflict, Unreachable
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.lock import Locks
from modeldeck.operations.journal.events import JournalEntry
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.journal.signals import Signal, SignalRequest, ask
from modeldeck.operations.planning.plan import plan
from modeldeck.operations.runner.runner import AWAY, Gone, Order, Verb, _watch, carry_out
from tests.operations.conftest import Bench
from tests.support.fakes.clients import FakeClients, fake_clients
from tests.support.fakes.journals import MemoryJournal
from tests.support.plans import acquire
from tests.support.processes import gone_pid
from tests.support.virtual import VirtualClock, VirtualLoop

T = TypeVar("T")


class Computer:
    """A world and a journal on a clock that takes no time."""

    def __init__(self, loop: asyncio.Runner) -> None:
        virtual = loop.get_loop()
        assert isinstance(virtual, VirtualLoop)
        self.loop, self.journal = loop, MemoryJournal()
        self.fake: FakeClients = fake_clients(clock=VirtualClock(virtual))
        self.cancel = asyncio.Event()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(asyncio.wait_for(work, 7200.0))

    async def planned(self) -> Plan:
        intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")
        made = await plan(intent, self.fake.clients, self.journal, self.fake.clock)
        assert isinstance(made, Plan), made
        self.journal.append(made.id, "planned", {"at": self.fake.clock.now(), "plan": plan_to_journal(made), "host": "box"})
        return made

    async def carry_out(self, operation_id: str, verb: Verb = Verb.EXECUTE) -> Operation:
        return await carry_out(Order(verb, operation_id), self.fake.clients, self.journal, self.fake.clock, self.cancel)  # type: ignore[arg-type]


@pytest.fixture
def computer() -> Iterator[Computer]:
    with asyncio.Runner(loop_factory=VirtualLoop) as loop:
        yield Computer(loop)


def test_an_order_survives_its_line() -> None:
    for verb in Verb:
        order = Order(verb, "op-ä")
        assert order.line().endswith(b"\n")
        assert order.line().count(b"\n") == 1
        assert Order.read(order.line()) == order
    for line, failure in ((b"", ValueError), (b'{"verb":"dance","operation":"x"}', ValueError), (b"{}", KeyError)):
        with pytest.raises(failure):
            Order.read(line)


def test_it_says_that_it_lives_every_two_seconds(computer: Computer) -> None:
    beats: list[tuple[float, str]] = []

    def beat(operation_id: str, at: float, runner: str = "") -> None:
        beats.append((at, runner))
        if len(beats) == 2:
            raise JournalFailure("the disk is full")

    async def story() -> None:
        made = await computer.planned()
        computer.fake.cluster.stuck.add("models:/iris/2")
        computer.fake.clock.on_sleep.append(lambda: computer.cancel.set() if len(beats) > 5 else None)
        computer.journal.beat = beat  # type: ignore[method-assign]
        assert (await computer.carry_out(made.id)).outcome is Outcome.UNDONE
        (started,) = (entry for entry in computer.journal.written if entry.kind == "started")
        assert {runner for _, runner in beats} == {started.body["runner"]}

    computer.run(story())
    assert len(beats) > 5, "a journal that is full for a moment ends nothing"
    assert {round(later - earlier, 3) for (earlier, _), (later, _) in pairwise(beats)} == {2.0}


def test_what_people_ask_is_heard_at_once(computer: Computer) -> None:
    async def story() -> tuple[Operation, float]:
        made = await computer.planned()
        computer.fake.cluster.stuck.add("models:/iris/2")
        began = computer.fake.clock.monotonic()
        asked: list[float] = []

        def cancel() -> None:
            if not asked and computer.fake.clock.monotonic() - began > 5.0:
                asked.append(computer.fake.clock.monotonic())
                operation = computer.journal.operation(made.id)
                assert operation is not None
                ask(operation, SignalRequest(Signal.CANCEL, "bob@box", "no"), computer.journal, computer.fake.clock.now())

        computer.fake.clock.on_sleep.append(cancel)
        ended = await computer.carry_out(made.id)
        undoing = next(entry for entry in computer.journal.written if entry.kind == "undoing")
        return ended, undoing.at - computer.fake.clock.now() + computer.fake.clock.monotonic() - asked[0]

    ended, took = computer.run(story())
    assert ended.outcome is Outcome.UNDONE
    assert ended.message.startswith("cancelled")
    assert took <= 0.6, "a look at the journal, and one at the rollout"


def test_the_journal_is_looked_at_ten_times_a_second(computer: Computer) -> None:
    looks: list[float] = []

    async def story() -> None:
        made = await computer.planned()
        computer.fake.cluster.stuck.add("models:/iris/2")
        after = computer.journal.after

        def noted(operation_id: str, seq: int) -> tuple[tuple[JournalEntry, ...], int]:
            looks.append(computer.fake.clock.monotonic())
            if len(looks) > 30:
                computer.cancel.set()
            return after(operation_id, seq)

        computer.journal.after = noted  # type: ignore[method-assign]
        await computer.carry_out(made.id)

    computer.run(story())
    first, *rest = looks
    assert len(rest) >= 30
    assert {round(later - earlier, 3) for earlier, later in pairwise([time for time in rest if time > first])} == {0.1}


def test_what_is_begun_already_is_gone_on_with(computer: Computer) -> None:
    async def story() -> Operation:
        made = await computer.planned()
        computer.journal.append(made.id, "started", {"at": 0.0, "pid": gone_pid(), "host": host(), "birth": ""})
        computer.journal.append(made.id, "trying", {"at": 0.0, "step": 0})
        return await computer.carry_out(made.id)

    ended = computer.run(story())
    assert ended.outcome is Outcome.DONE, ended.message
    assert any(said.message.startswith("taken up again: ") for said in ended.log)


def test_what_is_not_for_it_is_refused(computer: Computer) -> None:
    async def story() -> None:
        made = await computer.planned()
        assert (await computer.carry_out(made.id)).outcome is Outcome.DONE
        for verb in Verb:
            with pytest.raises(Conflict, match="has ended: done"):
                await computer.carry_out(made.id, verb)

    computer.run(story())
    assert len([task for task in asyncio.all_tasks(computer.loop.get_loop()) if not task.done()]) == 0, "nothing goes on beside it"


def test_a_sandbox_that_has_ended_ends_what_is_about_it(computer: Computer) -> None:
    computer.fake.environment = replace(computer.fake.environment, lives_with=gone_pid())

    async def story() -> None:
        made = await computer.planned()
        computer.fake.cluster.stuck.add("models:/iris/2")
        with pytest.raises(Gone, match="the sandbox has ended"):
            await computer.carry_out(made.id)
        operation = computer.journal.operation(made.id)
        assert operation is not None
        assert operation.outcome is None, "it is left as it is"

    computer.run(story())


def watched(computer: Computer, then: Callable[[Locks, float], None]) -> str:
    """The answer of the watch over a held lock; `then` at every sleep, with the seconds since its beginning."""

    async def story() -> str:
        locks = Locks(computer.fake.cluster, computer.fake.clock, "me")
        await acquire(locks, await computer.planned(), lambda message: None)
        began = computer.fake.clock.monotonic()
        computer.fake.clock.on_sleep.append(lambda: then(locks, computer.fake.clock.monotonic() - began))
        return await _watch(computer.fake.clients, locks, computer.fake.clock)

    return computer.run(story())


def test_a_lock_is_renewed_in_time(computer: Computer) -> None:
    renewals: list[float] = []
    computer.fake.environment = replace(computer.fake.environment, lives_with=None)

    async def story() -> None:
        locks = Locks(computer.fake.cluster, computer.fake.clock, "me")
        await acquire(locks, await computer.planned(), lambda message: None)
        renew, began = locks.renew, computer.fake.clock.monotonic()

        async def noted() -> None:
            renewals.append(computer.fake.clock.monotonic() - began)
            await renew()

        locks.renew = noted  # type: ignore[method-assign]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_watch(computer.fake.clients, locks, computer.fake.clock), 31.0)
        assert locks.lost is None

    computer.run(story())
    assert [round(at) for at in renewals] == [6, 12, 18, 24, 30]


def test_one_that_is_away_for_less_than_half_an_hour_is_waited_for(computer: Computer) -> None:
    """And the half hour counts from when it was seen last."""
    ended: list[float] = []

    def then(locks: Locks, since: float) -> None:
        away = 100.0 < since < 1800.0 or since > 2000.0
        computer.fake.traps.away = lambda: Unreachable("refused") if away else None
        ended.append(since)

    assert watched(computer, then) == "the cluster has been away for 30 minutes"
    assert 2000.0 + AWAY - 10.0 <= ended[-1] <= 2000.0 + AWAY + 30.0


def test_without_a_lock_there_is_nothing_that_could_be_away(computer: Computer) -> None:
    async def story() -> None:
        locks = Locks(computer.fake.cluster, computer.fake.clock, "me")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_watch(computer.fake.clients, locks, computer.fake.clock), AWAY * 3)
        assert "write_lease" not in computer.fake.traps.calls

    computer.run(story())


async def test_a_cluster_that_is_away_for_half_an_hour_is_given_up(bench: Bench) -> None:
    locks = Locks(bench.fake.cluster, bench.fake.clock, "me")
    await acquire(locks, await bench.good_plan("2"), lambda message: None)
    bench.fake.traps.fail("write_lease", Unreachable("refused"), times=10**6)
    began = bench.fake.clock.monotonic()
    assert await _watch(bench.fake.clients, locks, bench.fake.clock) == "the cluster has been away for 30 minutes"
    assert 1800.0 < bench.fake.clock.monotonic() - began < 1830.0


async def test_without_the_sandbox_it_lives_with_it_goes_at_once(bench: Bench) -> None:
    clients = replace(bench.fake.clients, environment=replace(bench.fake.environment, lives_with=gone_pid()))
    began = bench.fake.clock.monotonic()
    locks = Locks(bench.fake.cluster, bench.fake.clock, "me")
    assert await _watch(clients, locks, bench.fake.clock) == "the sandbox has ended"
    assert bench.fake.clock.monotonic() - began < 10.0
