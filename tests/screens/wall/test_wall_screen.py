"""The wall on rows and charts of our own and a clock that only moves when told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.kubernetes.rollout import RolloutStatus
from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.attention import REORDERED_EVERY
from modeldeck.domain.status.serving_row import LiveVersion, ServingRow
from modeldeck.live.fleet_charts import STEP, FleetCharts
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.help import HelpScreen
from modeldeck.screens.wall import wall_screen
from modeldeck.screens.wall.wall_screen import EVERY, PAINTED_EVERY, WallScreen, WallSubject
from modeldeck.widgets.content.state import Live, PaneState
from modeldeck.widgets.content.tile_grid import TileGrid
from tests.support import sample
from tests.support.clocks import FakeClock, settle
from tests.support.staging import Stage, settled, stage

GONE = Unreachable("connection refused", hint="look whether it runs", backend="Prometheus")


def rows(count: int) -> tuple[ServingRow, ...]:
    """model-000, model-001, …: each serves well."""
    first = sample.rows({"iris": "models:/iris/3"})[0]
    return tuple(
        replace(
            first,
            deployment=f"model-{number:03}",
            disagreements=(),
            live=(LiveVersion(str(number % 9 + 1), 2, 2),),
            desired=2,
            ready=2,
            rollout=RolloutStatus("done", "successfully rolled out"),
            stats=ServingStats(0.01, 0.02, 0.03 + number / 100_000, 0.0, 5.0),
        )
        for number in range(count)
    )


class Wall:
    """`now` is what the cluster tells; `asked` for which deployments charts were."""

    def __init__(self, now: Sequence[ServingRow] = (), *, past: float = 0.03) -> None:
        self.clock = FakeClock(sample.NOW)
        self.now = tuple(now)
        self.past = past
        self.asked: list[tuple[str, ...]] = []
        self.failure: Failure | None = None
        self.stats: Reading[Any] | None = sample.reading(())
        self.gaps: tuple[str, ...] = ()
        self.state: PaneState = Live()
        self.listener: Callable[[], None] | None = None
        self.shown: list[bool] = []
        self.opened: list[str] = []
        self.measured = True

    async def read(self, shown: Collection[str]) -> FleetCharts:
        self.asked.append(tuple(shown))
        if self.failure is not None:
            raise self.failure
        end = self.clock.now() // STEP * STEP
        points = tuple((end - STEP * back, 0.02 + 0.01 * (back % 4)) for back in range(30, -1, -1) if back != 12)
        return FleetCharts(end, frozenset(shown), dict.fromkeys(shown, points), dict.fromkeys((row.key for row in self.now), self.past))

    def listen(self, listener: Callable[[], None] | None) -> None:
        self.listener = listener

    def open(self, key: str) -> Screen[Any] | str:
        self.opened.append(key)
        return FramedScreen() if key.endswith("1") else "no Prometheus in this environment"

    def screen(self) -> WallScreen:
        subject = WallSubject(
            "prod",
            rows=lambda: self.now,
            state=lambda _now: self.state,
            stats=lambda: self.stats,
            gaps=lambda: self.gaps,
            listen=self.listen,
            on_show=self.shown.append,
            open_live=self.open,
            reader=self if self.measured else None,
        )
        return WallScreen(subject, self.clock)


class Watched:
    def __init__(self, wall: Wall, app: Stage, pilot: Pilot[None]) -> None:
        self.wall, self.app, self.pilot = wall, app, pilot

    @property
    def text(self) -> str:
        return self.app.text()

    def names(self) -> list[str]:
        """In the order in which they stand."""
        return [word.removeprefix("serving/") for word in self.text.split() if word.startswith("serving/")]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def tell(self, now: Sequence[ServingRow]) -> None:
        await self.wall.clock.advance(PAINTED_EVERY)
        self.wall.now = tuple(now)
        assert self.wall.listener is not None
        self.wall.listener()
        await self.settle()

    async def passes(self, seconds: float) -> None:
        await self.wall.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        await settle()
        await settled(self.pilot)


@asynccontextmanager
async def watched(wall: Wall, *, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Watched]:
    async with stage(wall.screen, size=size) as (app, pilot):
        found = Watched(wall, app, pilot)
        await found.settle()
        yield found


def changed(all_rows: Sequence[ServingRow], number: int, **values: Any) -> list[ServingRow]:
    return [replace(row, **values) if index == number else row for index, row in enumerate(all_rows)]


FAILED = {"ready": 0, "rollout": RolloutStatus("failed", 'deployment "model" exceeded its progress deadline')}


async def test_each_deployment_is_a_tile_with_its_figures_and_chart() -> None:
    async with watched(Wall(rows(3))) as screen:
        assert screen.names() == ["model-000", "model-001", "model-002"]
        for told in ("Wall ─ prod", "all well", "p99 30 ms   5/s     errors 0 %", "v1 2/2", "┤"):
            assert told in screen.text
        assert screen.wall.shown == [True]
    assert screen.wall.shown == [True, False]
    assert screen.wall.listener is None


async def test_the_worst_come_first_and_say_why() -> None:
    all_rows = rows(6)
    for number, values, why in (
        (4, FAILED, "its rollout has failed"),
        (3, {"stats": replace(all_rows[3].stats, error_ratio=0.2)}, "20 % of the requests fail"),
        (5, {"stats": replace(all_rows[5].stats, p99=0.3)}, "p99 10.0 × its last half hour (30 ms)"),
    ):
        async with watched(Wall(changed(all_rows, number, **values))) as screen:
            assert screen.names()[0] == f"model-00{number}"
            assert why[:28] in screen.text
            assert "1 wants attention" in screen.text


async def test_tiles_do_not_jump() -> None:
    all_rows = rows(6)
    async with watched(Wall(all_rows)) as screen:
        await screen.tell(changed(all_rows, 5, **FAILED))
        assert screen.names()[-1] == "model-005", "it keeps its place for the moment, and says what is wrong there"
        assert "✘ serving/model-005" in screen.text
        await screen.passes(REORDERED_EVERY)
        await screen.tell(screen.wall.now)
        assert screen.names()[0] == "model-005"


async def test_one_that_changes_is_marked() -> None:
    all_rows = rows(2)
    both = (LiveVersion("6", 1, 1), LiveVersion("7", 1, 1))
    async with watched(Wall(changed(all_rows, 1, live=both))) as screen:
        assert "↻ serving/model-001" in screen.text
        assert "v6+v7" in screen.text


async def test_charts_are_asked_for_what_is_in_sight() -> None:
    wall = Wall(rows(100))
    async with watched(wall, size=(80, 24)) as screen:
        assert "1–14 of 100" in screen.text
        assert [len(asked) for asked in wall.asked[-1:]] == [14]
        await screen.press("pagedown")
        assert "15–28 of 100" in screen.text
        assert wall.asked[-1] == tuple(f"serving/model-{number:03}" for number in range(14, 28))
        await screen.press("G")
        assert "99–100 of 100" in screen.text
        await screen.press("escape")
        assert "1–14 of 100" in screen.text, "the choice leaves, and the worst are back"


async def test_it_is_asked_at_its_own_pace_and_not_while_another_screen_is_shown() -> None:
    wall = Wall(rows(3))
    async with watched(wall) as screen:
        count = len(wall.asked)
        await screen.passes(EVERY - 1)
        assert len(wall.asked) == count
        await screen.passes(2)
        assert len(wall.asked) == count + 1
        await screen.app.push_screen(FramedScreen())
        await screen.passes(3 * EVERY)
        assert len(wall.asked) == count + 1
        await screen.app.pop_screen()
        await screen.settle()
        assert len(wall.asked) == count + 2


async def test_deployments_that_come_later_are_asked_for_at_once() -> None:
    wall = Wall()
    async with watched(wall) as screen:
        await screen.tell(rows(4))
        assert len(wall.asked[-1]) == 4
        assert "┤" in screen.text


async def test_a_key_opens_the_live_screen() -> None:
    wall = Wall(rows(3))
    async with watched(wall) as screen:
        await screen.press("enter")
        assert wall.opened == [], "none is chosen"
        await screen.press("down", "enter")
        assert wall.opened == ["serving/model-000"]
        assert "no Prometheus in this environment" in screen.text
        await screen.press("right", "enter")
        assert wall.opened[-1] == "serving/model-001"
        assert not isinstance(screen.app.screen, WallScreen)


async def test_a_choice_goes_with_its_tile() -> None:
    all_rows = rows(3)
    async with watched(Wall(all_rows)) as screen:
        await screen.press("end")
        await screen.tell(changed(all_rows, 2, **FAILED))
        await screen.passes(REORDERED_EVERY)
        await screen.tell(screen.wall.now)
        assert screen.names()[0] == "model-002"
        assert screen.app.screen.query_one(TileGrid).selected == "serving/model-002"


async def test_the_mouse_chooses_and_opens() -> None:
    wall = Wall(rows(100))
    async with watched(wall, size=(80, 24)) as screen:
        await screen.pilot.click(TileGrid, offset=(45, 4))
        await screen.settle()
        assert screen.app.screen.query_one(TileGrid).selected == "serving/model-003"
        await screen.pilot.click(TileGrid, offset=(2, 1), times=2)
        await screen.settle()
        assert wall.opened == ["serving/model-000"]


async def test_a_filter_as_tables_have_it() -> None:
    async with watched(Wall(rows(12))) as screen:
        await screen.press("slash", *"model-01", "enter")
        assert screen.names() == ["model-010", "model-011"]
        await screen.press("slash", "home", "!", "enter")
        assert len(screen.names()) == 10


async def test_without_prometheus_what_is_known_stays_and_it_is_said() -> None:
    wall = Wall(rows(3))
    async with watched(wall) as screen:
        wall.failure = GONE
        wall.stats = Reading("prod", (), sample.NOW, GONE, 0.01)
        await screen.passes(EVERY)
        await screen.passes(20)
        await screen.tell(wall.now)
        told = next(line for line in screen.text.splitlines() if "! Prometheus" in line)
        assert "! Prometheus: connection refused: figures are not known since 36 s (look whether it runs)" in told
        assert screen.names() == ["model-000", "model-001", "model-002"]
        assert "┤" in screen.text
        wall.stats = sample.reading(())
        wall.failure = None
        await screen.press("ctrl+r")
        assert "! Prometheus" not in screen.text


async def test_an_environment_without_prometheus() -> None:
    wall = Wall(rows(3))
    wall.measured, wall.stats = False, None
    async with watched(wall) as screen:
        assert screen.names() == ["model-000", "model-001", "model-002"]
        assert wall.asked == []


async def test_every_key_is_in_the_help() -> None:
    async with watched(Wall(rows(3))) as screen:
        await screen.press("question_mark")
        if not isinstance(screen.app.screen, HelpScreen):  # the stage has no keys of the app's own
            screen.app.push_screen(HelpScreen(screen.app.screen))
            await screen.settle()
        for told in ("Open", "Next page", "To the worst", "Filter", "Back"):
            assert told in screen.text


async def test_a_cluster_that_changes_all_the_time_is_painted_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_screen, "PAINTED_EVERY", 3600.0)
    all_rows = rows(3)
    async with watched(Wall(all_rows)) as screen:
        assert screen.wall.listener is not None
        for _ in range(20):
            screen.wall.now = tuple(changed(all_rows, 1, ready=0))
            screen.wall.listener()
            await settle()
        assert "0/2" not in screen.text


async def test_nothing_is_painted_where_nothing_changed() -> None:
    all_rows = rows(3)
    async with watched(Wall(all_rows)) as screen:
        grid = screen.app.screen.query_one(TileGrid)
        painted: list[int] = []
        original = grid.paint_content
        grid.paint_content = lambda width, height: painted.append(1) or original(width, height)  # type: ignore[method-assign,func-returns-value]
        await screen.tell(all_rows)
        assert painted == []
        await screen.tell(changed(all_rows, 1, ready=1))
        assert painted
