"""What a pane shows is read by one at a time, and what cannot be read again stays with its age."""

from __future__ import annotations

import asyncio

from modeldeck.domain.failures import Unreachable
from modeldeck.screens.shared.pane_reader import PaneReader, unread
from modeldeck.widgets.content.state import Live, PaneState, Stale, Unavailable
from tests.support.clocks import FakeClock

AWAY = Unreachable("refused", hint="start it", backend="MLflow")


async def test_it_is_read_by_one_at_a_time() -> None:
    shown, told, going, begun = list[int](), list[PaneState](), asyncio.Event(), list[int]()

    async def read() -> int:
        begun.append(1)
        await going.wait()
        return len(begun)

    reader = PaneReader(read, shown.append, told.append, FakeClock())
    reader.begin()
    await asyncio.sleep(0)
    reader.begin()
    await asyncio.sleep(0)
    going.set()
    assert reader.reading is not None
    await reader.reading
    assert (shown, told, len(begun)) == ([1], [Live()], 1)
    reader.begin()
    await reader.reading
    assert shown == [1, 2]


async def test_what_cannot_be_read_again_stays_with_its_age() -> None:
    clock, answers, shown, told = FakeClock(), iter((AWAY, "lines", AWAY)), list[str](), list[PaneState]()

    async def read() -> str:
        answer = next(answers)
        if isinstance(answer, str):
            return answer
        raise answer

    reader = PaneReader(read, shown.append, told.append, clock)
    for seconds in (0.0, 10.0, 7.0):
        await clock.advance(seconds)
        reader.begin()
        assert reader.reading is not None
        await reader.reading
    message = "MLflow: refused"
    assert told == [Unavailable(message, "start it"), Live(), Stale(7.0, message, "start it")]
    assert shown == ["lines"]


async def test_after_its_screen_is_gone_nothing_is_shown() -> None:
    shown, told = list[str](), list[PaneState]()

    async def read() -> str:
        await asyncio.Event().wait()
        return "late"

    reader = PaneReader(read, shown.append, told.append, FakeClock())
    reader.cancel()
    reader.begin()
    await asyncio.sleep(0)
    reader.cancel()
    assert reader.reading is not None
    await asyncio.wait((reader.reading,))
    assert (reader.reading.cancelled(), shown, told) == (True, [], [])


def test_how_old_it_is_counts_from_the_last_time() -> None:
    assert unread(AWAY, None, 100.0) == Unavailable(str(AWAY), "start it")
    assert unread(AWAY, 40.0, 100.0) == Stale(60.0, str(AWAY), "start it")
