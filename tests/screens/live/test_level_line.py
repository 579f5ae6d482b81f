"""The service level above the charts: what is said, how often it is asked for, and when not."""

from __future__ import annotations

from textual.screen import Screen

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.failures import Unreachable
from modeldeck.live.service_level import ServiceLevel
from modeldeck.screens.live.level_line import EVERY, LevelLine
from tests.screens.live.staging import NOW, Live, watched
from tests.support.clocks import FakeClock, settle

FIRING = Alert("HighErrors", AlertState.FIRING, {"severity": "page"}, NOW - 720, "too many fail")


async def test_an_alert_stands_above_the_charts_and_goes_with_its_end() -> None:
    live = Live()
    live.level = ServiceLevel((FIRING,))
    async with watched(live) as screen:
        assert "▲ HighErrors (page) fires since 12 min: too many fail" in screen.text
        live.level = ServiceLevel(())
        await screen.passes(EVERY + 1)
        assert "HighErrors" not in screen.text


async def test_where_there_is_nothing_to_say_there_is_no_line() -> None:
    async with watched() as screen:
        lines = screen.text.splitlines()
        assert "Jan 15 07:30:00" in lines[1]
        assert screen.live.levels == 1


async def test_it_is_asked_once_a_minute_and_not_behind_another_screen() -> None:
    async with watched() as screen:
        await screen.passes(EVERY / 2)
        await screen.press("ctrl+r")
        assert screen.live.levels == 1
        await screen.passes(EVERY)
        assert screen.live.levels == 2
        await screen.app.push_screen(Screen())
        await screen.passes(3 * EVERY)
        assert screen.live.levels == 2
        await screen.app.pop_screen()
        await screen.settle()
        assert screen.live.levels == 3


async def test_only_charts_that_there_is_room_for_below_it_are_asked_for() -> None:
    live = Live()
    live.level = ServiceLevel((FIRING,))
    async with watched(size=(80, 20)) as screen:
        assert len(screen.asked[-1].kinds) == 2
    async with watched(live, size=(80, 20)) as screen:
        await screen.passes(15)
        assert len(screen.asked[-1].kinds) == 1
        assert "chart 1 of 3" in screen.text


async def test_what_cannot_be_read_is_not_known() -> None:
    clock, answers, told = FakeClock(NOW), [ServiceLevel((FIRING,))], []

    async def read() -> ServiceLevel:
        if not answers:
            raise Unreachable("gone", backend="Prometheus")
        return answers.pop()

    line = LevelLine(read, "prod", lambda: told.append(1), clock)
    assert line.lines(NOW) == ()
    line.start()
    await settle()
    assert "HighErrors" in line.lines(NOW)[0][0].text
    await clock.advance(EVERY + 1)
    await settle()
    assert [cell.text for cell in line.lines(NOW)[0]] == ["! not known: Prometheus: gone"]
    assert len(told) >= 2
    await line.stop()


async def test_without_anybody_to_ask_nothing_is_said() -> None:
    line = LevelLine(None, "prod", lambda: None, FakeClock(NOW))
    line.start()
    line.show(True)
    await line.stop()
    assert line.lines(NOW) == ()
