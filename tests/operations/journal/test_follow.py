"""An operation as whoever looks at it sees it: after everything that is written of it, and once its process is not heard any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modeldeck.domain.failures import NotFound
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.journal.follow import LISTEN, POLL, follow
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.journals import MemoryJournal
from tests.support.operations import ID, PLAN


class Listening(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.listened: list[float] = []
        self.now: Callable[[], float] = lambda: 0.0

    def heartbeat(self, operation_id: str) -> float | None:
        self.listened.append(self.now())
        return super().heartbeat(operation_id)


class World:
    """Things happen at a time, in seconds from the beginning."""

    def __init__(self, *happens: tuple[float, Callable[[], None]]) -> None:
        self.clock, self.journal = FakeClock(), Listening()
        self.began = self.clock.monotonic()
        self.journal.now = lambda: self.clock.monotonic() - self.began
        self._happens = list(happens)
        self.write("planned", plan=plan_to_journal(PLAN), host="box")
        self.write("started", pid=1, host="box")
        self.clock.on_sleep.append(self._happen)

    def write(self, kind: str, **body: object) -> None:
        self.journal.append(ID, kind, {"at": self.clock.now(), **body})

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        self._happens.append((seconds, action))

    def _happen(self) -> None:
        due = [one for one in self._happens if self.journal.now() >= one[0]]
        self._happens = [one for one in self._happens if one not in due]
        for _, action in due:
            action()


async def seen(world: World, *, alive: Callable[[Operation], bool] | None = None, past: int = 0) -> list[Operation]:
    return [operation async for operation in follow(ID, world.journal, world.clock, alive=alive, past=past)]


async def test_what_is_written_is_seen_and_the_end_ends_it() -> None:
    world = World()
    world.at(1.0, lambda: world.write("log", message="patched"))
    world.at(2.0, lambda: world.write("ended", outcome="done", message="promoted"))
    states = await seen(world)
    assert [(one.state, len(one.log)) for one in states] == [(State.RUNNING, 0), (State.RUNNING, 1), (State.ENDED, 1)]
    assert states[-1].outcome is Outcome.DONE
    assert 2.0 <= world.journal.now() <= 2.0 + 2 * POLL


async def test_a_sign_of_life_is_looked_for_every_other_second() -> None:
    world = World()
    world.at(7.0, lambda: world.write("ended", outcome="done", message=""))
    await seen(world)
    gaps = [later - earlier for earlier, later in zip(world.journal.listened, world.journal.listened[1:], strict=False)]
    assert len(gaps) == 3
    assert all(LISTEN <= gap <= LISTEN + 2 * POLL for gap in gaps)
    assert LISTEN == 2.0


async def test_once_it_is_not_heard_any_more_that_is_seen_and_once_it_is_again() -> None:
    world = World()
    world.at(40.0, lambda: world.journal.beat(ID, world.clock.now()))
    world.at(50.0, lambda: world.write("ended", outcome="done", message=""))
    states = await seen(world)
    assert len(states) == 4, "running, not heard, heard again, ended"
    assert states[2].heartbeat_at is not None


async def test_where_nobody_goes_on_with_it_there_is_nothing_to_wait_for() -> None:
    world = World()
    (only,) = await seen(world, alive=lambda operation: False)
    assert only.state is State.RUNNING


async def test_an_end_that_stood_there_before_is_not_the_one_that_is_waited_for() -> None:
    world = World()
    world.write("ended", outcome="needs attention", message="cut off")
    world.at(1.0, lambda: world.write("started", pid=2, host="box"))
    world.at(2.0, lambda: world.write("ended", outcome="undone", message="taken back"))
    states = await seen(world, past=len(world.journal.written))
    assert [one.outcome for one in states] == [Outcome.NEEDS_ATTENTION, None, Outcome.UNDONE]
    (ended,) = await seen(world)
    assert ended.outcome is Outcome.UNDONE


async def test_an_id_that_nobody_knows() -> None:
    world = World()
    with pytest.raises(NotFound, match="no operation other"):
        await anext(follow("other", world.journal, world.clock))
