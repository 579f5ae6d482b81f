"""What consoles ask for: an operation is begun, followed to its end, asked things, and missed where whoever carried it out is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from modeldeck.domain.failures import Conflict, Forbidden, NotFound
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.guard import ReadOnly
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.execute import execute
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.journal.signals import Signal, SignalRequest
from modeldeck.operations.runner.handle import RunnerHandle
from modeldeck.operations.runner.runner import Order, Verb
from modeldeck.operations.service import OperationService
from tests.operations.cutting import Cutting, PowerCut
from tests.support.fakes.clients import FakeClients, fake_clients
from tests.support.fakes.journals import MemoryJournal
from tests.support.in_process_runner import InProcessRunner
from tests.support.virtual import VirtualClock, VirtualLoop

T = TypeVar("T")
INTENT = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")


class Gone:
    """A runner that takes an order and is never heard of again; `said` are its last words."""

    def __init__(self, said: str = "") -> None:
        self.said, self.discarded = said, False

    def go(self, order: Order) -> None: ...

    def ended(self) -> bool:
        return True

    def last_words(self) -> str:
        return self.said

    def discard(self) -> None:
        self.discarded = True


@dataclass
class Console:
    """One console's services on a clock that takes no time. `next` is hired first, then hands that do the work."""

    loop: asyncio.Runner
    fake: FakeClients
    journal: MemoryJournal
    next: list[RunnerHandle | RunnerFailure]
    hired: int = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Its hours take no time: what has not ended after two never will."""
        return self.loop.run(asyncio.wait_for(work, 7200.0))

    def services(self) -> OperationService:
        return OperationService(self.fake.clients, self.journal, self.fake.clock, self._hire)  # type: ignore[arg-type]

    def _hire(self) -> RunnerHandle:
        self.hired += 1
        found = self.next.pop(0) if self.next else InProcessRunner(self.fake.clients, self.journal, self.fake.clock)  # type: ignore[arg-type]
        if isinstance(found, RunnerFailure):
            raise found
        return found


@pytest.fixture
def desk() -> Iterator[Console]:
    with asyncio.Runner(loop_factory=VirtualLoop) as loop:
        virtual = loop.get_loop()
        assert isinstance(virtual, VirtualLoop)
        yield Console(loop, fake_clients(clock=VirtualClock(virtual)), MemoryJournal(), [])


async def begun(with_: OperationService) -> str:
    made = await with_.plan(INTENT)
    assert isinstance(made, Plan)
    return with_.begin(made)


async def followed(with_: OperationService, operation_id: str) -> list[Operation]:
    return [operation async for operation in with_.follow(operation_id)]


def test_it_is_followed_to_its_end(desk: Console) -> None:
    async def story() -> list[Operation]:
        with_ = desk.services()
        return await followed(with_, await begun(with_))

    seen = desk.run(story())
    assert (seen[0].state, seen[-1].state, seen[-1].outcome) == (State.PLANNED, State.ENDED, Outcome.DONE)
    assert desk.fake.champion == "2"


def test_who_could_not_get_ready_is_asked_again_when_it_matters(desk: Console) -> None:
    desk.next = [RunnerFailure("no memory"), RunnerFailure("no memory still")]

    async def story() -> None:
        with_ = desk.services()
        with_.get_ready()
        with pytest.raises(RunnerFailure, match="no memory still"):
            await begun(with_)

    desk.run(story())
    assert desk.journal.operations() == ()


def test_who_is_ready_is_hired_once_and_may_go_again(desk: Console) -> None:
    async def story() -> None:
        with_ = desk.services()
        with_.get_ready()
        with_.get_ready()
        assert desk.hired == 1
        await followed(with_, await begun(with_))
        assert desk.hired == 1
        ended = Gone()
        desk.next = [ended]
        with_.get_ready()
        with_.close()
        with_.close()
        assert (desk.hired, ended.discarded) == (2, True)
        desk.next = [Gone()]
        with_.get_ready()
        with_.get_ready()
        assert desk.hired == 4, "who ended while waiting is replaced"

    desk.run(story())


@pytest.mark.parametrize(("said", "message"), [("", "whoever carried .* is gone"), ("disk full", "does not say how: disk full")])
def test_whoever_is_gone_is_missed(desk: Console, said: str, message: str) -> None:
    desk.next = [Gone(said)]

    async def story() -> None:
        with_ = desk.services()
        operation_id = await begun(with_)
        with pytest.raises(RunnerFailure, match=message) as failed:
            await followed(with_, operation_id)
        assert failed.value.hint == f"modeldeck operations resume {operation_id}, or undo {operation_id}"
        await with_.recover(operation_id, Verb.RESUME)
        assert (await followed(with_, operation_id))[-1].outcome is Outcome.DONE

    desk.run(story())


def past_its_commit(desk: Console) -> Coroutine[Any, Any, str]:
    """One whose release failed: it can be finished, not taken back."""

    async def story() -> str:
        desk.fake.traps.fail("patch_deployment", Forbidden("role was taken away"), skip=1, times=9)
        with_ = desk.services()
        operation_id = await begun(with_)
        assert (await followed(with_, operation_id))[-1].outcome is Outcome.NEEDS_ATTENTION
        desk.fake.traps.clear()
        return operation_id

    return story()


def test_one_past_its_commit_is_finished_and_not_taken_back(desk: Console) -> None:
    async def story() -> None:
        operation_id = await past_its_commit(desk)
        with_, hired = desk.services(), desk.hired
        with pytest.raises(Conflict, match="is a roll-back"):
            await with_.recover(operation_id, Verb.UNDO)
        assert desk.hired == hired, "nobody is hired for what is refused"
        await with_.recover(operation_id, Verb.RESUME)
        assert (await followed(with_, operation_id))[-1].outcome is Outcome.DONE
        with pytest.raises(Conflict, match="has ended: done"):
            await with_.recover(operation_id, Verb.RESUME)

    desk.run(story())


def test_who_follows_what_is_taken_up_again_is_not_told_its_old_end_as_the_new_one(desk: Console) -> None:
    async def story() -> list[Operation]:
        operation_id = await past_its_commit(desk)
        with_ = desk.services()
        await with_.recover(operation_id, Verb.RESUME)
        seen = await followed(with_, operation_id)
        assert [one.state for one in await followed(with_, operation_id)] == [State.ENDED], "by now it has ended"
        return seen

    seen = desk.run(story())
    assert (seen[0].state, seen[0].outcome) == (State.ENDED, Outcome.NEEDS_ATTENTION)
    assert (seen[1].state, seen[1].outcome) == (State.RUNNING, None)
    assert (seen[-1].state, seen[-1].outcome) == (State.ENDED, Outcome.DONE)


def test_whoever_is_to_take_it_up_again_and_is_gone_at_once_is_missed(desk: Console) -> None:
    """Its old end is not what came of the order."""

    async def story() -> None:
        operation_id = await past_its_commit(desk)
        desk.next = [Gone("the lock is held by bob")]
        with_ = desk.services()
        await with_.recover(operation_id, Verb.RESUME)
        with pytest.raises(RunnerFailure, match="the lock is held by bob"):
            await followed(with_, operation_id)
        assert [one.outcome for one in await followed(with_, operation_id)] == [Outcome.NEEDS_ATTENTION]

    desk.run(story())


def test_one_that_only_its_mark_tells_of_is_taken_back_and_not_finished(desk: Console) -> None:
    """Another machine began it: its journal is not here."""

    async def story() -> str:
        made = await desk.services().plan(INTENT)
        assert isinstance(made, Plan)
        clients, clock = desk.fake.clients, desk.fake.clock
        with pytest.raises(PowerCut):
            await execute(made, clients, Cutting(MemoryJournal(), 12, before=False), clock, lambda operation: None, asyncio.Event())
        desk.fake.cluster.leases.clear()
        with_ = desk.services()
        with pytest.raises(Conflict, match="not gone on with"):
            await with_.recover(made.id, Verb.RESUME)
        assert (desk.hired, desk.journal.written) == (0, [])
        await with_.recover(made.id, Verb.UNDO)
        assert (await followed(with_, made.id))[-1].outcome is Outcome.UNDONE
        return made.id

    operation_id = desk.run(story())
    assert desk.fake.env() == "models:/iris/1"
    found = desk.journal.operation(operation_id)
    assert found is not None
    assert found.adopted


def test_one_that_only_its_mark_tells_of_is_not_gone_on_with_once_it_is_here(desk: Console) -> None:
    """It was read from its mark, and whoever was to take it back is gone: its journal knows it by now."""

    async def story() -> None:
        made = await desk.services().plan(INTENT)
        assert isinstance(made, Plan)
        clients, clock = desk.fake.clients, desk.fake.clock
        with pytest.raises(PowerCut):
            await execute(made, clients, Cutting(MemoryJournal(), 12, before=False), clock, lambda operation: None, asyncio.Event())
        desk.fake.cluster.leases.clear()
        desk.next = [Gone()]
        with_ = desk.services()
        await with_.recover(made.id, Verb.UNDO)
        with pytest.raises(RunnerFailure):
            await followed(with_, made.id)
        with pytest.raises(Conflict, match="not gone on with"):
            await with_.recover(made.id, Verb.RESUME)
        await with_.recover(made.id, Verb.UNDO)
        assert (await followed(with_, made.id))[-1].outcome is Outcome.UNDONE

    desk.run(story())


def test_a_read_only_environment_is_neither_changed_nor_asked(desk: Console) -> None:
    async def story() -> None:
        with_ = desk.services()
        made = await with_.plan(INTENT)
        assert isinstance(made, Plan)
        desk.fake.environment = replace(desk.fake.environment, read_only=True)
        with_ = desk.services()
        for refused in (lambda: with_.begin(made), lambda: with_.ask(made.id, SignalRequest(Signal.CANCEL, "ann@box"))):
            with pytest.raises(ReadOnly):
                refused()
        with pytest.raises(ReadOnly):
            await with_.recover(made.id, Verb.UNDO)

    desk.run(story())
    assert (desk.hired, desk.journal.written) == (0, [])


def test_what_is_begun_stands_in_the_journal_before_anybody_works_on_it(desk: Console) -> None:
    desk.next = [Gone()]

    async def story() -> None:
        with_ = desk.services()
        operation_id = await begun(with_)
        (entry,) = desk.journal.written
        assert (entry.operation_id, entry.kind, entry.body["at"], entry.body["host"]) == (
            operation_id,
            "planned",
            desk.fake.clock.now(),
            host(),
        )
        kept = with_.plan_of(operation_id)
        assert kept is not None
        assert (kept.id, kept.intent) == (operation_id, INTENT)
        assert [operation.id for operation in with_.operations()] == [operation_id]
        assert with_.heartbeat(operation_id) is None
        desk.journal.beat(operation_id, 7.0)
        assert with_.heartbeat(operation_id) == 7.0

    desk.run(story())


def test_targets_are_of_the_model_that_the_deployment_names(desk: Console) -> None:
    async def story() -> None:
        with_ = desk.services()
        await followed(with_, await begun(with_))
        assert [target.version for target in await with_.targets("serving", "iris")] == ["1"]
        desk.fake.cluster.add("serving", "plain", [{"name": "server", "image": "nginx:1", "env": []}])
        assert await with_.targets("serving", "plain") == ()

    desk.run(story())


@pytest.mark.parametrize("lives", [True, False])
def test_a_colleague_follows_as_long_as_its_process_lives(desk: Console, lives: bool) -> None:
    desk.next = [Gone()]

    async def story() -> None:
        operation_id = await begun(desk.services())
        pid = os.getpid() if lives else 2**22 + 1
        desk.journal.append(operation_id, "started", {"at": desk.fake.clock.now(), "pid": pid, "host": os.uname().nodename, "birth": ""})
        colleague = followed(desk.services(), operation_id)
        if lives:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(colleague, 60.0)
        else:
            with pytest.raises(RunnerFailure, match="is gone"):
                await colleague

    desk.run(story())


def test_what_is_asked_through_the_journal_is_heard(desk: Console) -> None:
    desk.fake.environment = replace(desk.fake.environment, approval=True)

    async def story() -> Operation:
        with_ = desk.services()
        operation_id = await begun(with_)
        async for operation in with_.follow(operation_id):
            if operation.awaits_approval:
                with_.ask(operation_id, SignalRequest(Signal.APPROVE, "bob@box", "fine"))
        return operation

    ended = desk.run(story())
    assert (ended.outcome, ended.steps[0].message) == (Outcome.DONE, "approved by bob@box: fine")


def test_nothing_is_asked_of_an_operation_that_is_not_there(desk: Console) -> None:
    with pytest.raises(NotFound, match="no operation nothing"):
        desk.services().ask("nothing", SignalRequest(Signal.CANCEL, "ann@box"))
