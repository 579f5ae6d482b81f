"""From what the deck asks for to the screens of plans and operations, on a journal of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from modeldeck.live.hub import Topic
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.operations.runner.handle import RunnerHandle
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.operation.operation_screen import OperationScreen
from modeldeck.screens.operations.controller import OperationsController, operations_controller
from modeldeck.screens.operations.list_screen import OperationsScreen
from modeldeck.screens.plan.plan_screen import PlanScreen
from modeldeck.screens.rollback.rollback_screen import TargetsScreen
from modeldeck.themes import choose_theme
from tests.support import operations as ops
from tests.support import sample
from tests.support.fakes.clients import fake_clients
from tests.support.staging import settled


class Console(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.deck = Deck(sample.ENVIRONMENT, sample.FrozenClock(), "you@box")

    def on_load(self) -> None:
        theme, _ = choose_theme("dark")
        self.register_theme(theme)
        self.theme = theme.name

    def on_mount(self) -> None:
        self.push_screen(self.deck)

    def text(self) -> str:
        return "\n".join("".join(segment.text for segment in strip) for strip in self.screen._compositor.render_strips())


class Ticking(sample.FrozenClock):
    """Its pauses are short, and yet pauses."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(0.02)


def nobody() -> RunnerHandle:
    raise RunnerFailure("there is nobody")


@asynccontextmanager
async def controller(path: Path) -> AsyncIterator[tuple[Console, Pilot[None], OperationsController]]:
    app = Console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.deck.receive(Topic.FLEET, sample.reading(sample.FLEET))
        app.deck.receive(Topic.REGISTRY, sample.reading(sample.REGISTRY))
        await settled(pilot)
        clients = replace(fake_clients().clients, environment=sample.ENVIRONMENT)
        found = operations_controller(app, clients, nobody, lambda: SqliteJournal(path), Ticking())
        try:
            yield app, pilot, found
        finally:
            await found.shut()


def begun(path: Path, environment: str = "prod") -> None:
    """An operation that somebody has begun, and whose process is on another machine."""
    journal, plan = SqliteJournal(path), replace(ops.PLAN, environment=environment)
    journal.append(ops.ID, "planned", {"at": ops.NOW - 96.0, "plan": plan_to_journal(plan), "host": "elsewhere"})
    journal.append(ops.ID, "started", {"at": ops.NOW - 95.0, "pid": 1, "host": "elsewhere", "birth": ""})
    journal.append(ops.ID, "trying", {"at": ops.NOW - 95.0, "step": 0})
    journal.close()


async def test_promote_leads_to_a_plan_and_roll_back_to_a_choice(tmp_path: Path) -> None:
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, found):
        row = app.deck.model.truth[0]
        found.promote(row, "iris", "9")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        app.pop_screen()
        found.roll_back(row)
        await settled(pilot)
        assert isinstance(app.screen, TargetsScreen)


async def test_a_plan_may_go_on_to_what_the_deck_shows(tmp_path: Path) -> None:
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, found):
        found.promote(next(row for row in app.deck.model.truth if row.deployment == "iris"), "iris", "9")
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        assert "serves wine: copied there first" in app.text()
        assert "legacy-scorer" not in app.text()


async def test_an_operation_is_looked_at_by_its_id(tmp_path: Path) -> None:
    begun(tmp_path / "journal.sqlite")
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, found):
        found.open(ops.ID)
        await settled(pilot)
        assert isinstance(app.screen, OperationScreen)
        assert "RUNNING  lock" in app.text()
        assert "serving/iris  r3  3/3 ready" in app.text()


async def test_one_that_is_looked_at_here_comes_before_a_new_plan(tmp_path: Path) -> None:
    begun(tmp_path / "journal.sqlite")
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, found):
        found.open(ops.ID)
        await settled(pilot)
        app.pop_screen()
        found.promote(app.deck.model.truth[0], "iris", "9")
        await settled(pilot)
        assert isinstance(app.screen, OperationScreen)


async def test_one_of_another_environment_is_none_of_this_row(tmp_path: Path) -> None:
    begun(tmp_path / "journal.sqlite", environment="staging")
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, found):
        found.open(ops.ID)
        await settled(pilot)
        assert "its pods are those of environment staging" in app.text()
        app.pop_screen()
        found.promote(app.deck.model.truth[0], "iris", "9")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)


async def test_the_list_leads_on_to_one(tmp_path: Path) -> None:
    begun(tmp_path / "journal.sqlite")
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, found):
        found.show_all()
        await settled(pilot)
        assert isinstance(app.screen, OperationsScreen)
        assert app.screen._reader.reading is not None
        await app.screen._reader.reading
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, OperationScreen)


async def test_the_deck_is_told_what_the_journal_knows(tmp_path: Path) -> None:
    begun(tmp_path / "journal.sqlite")
    async with controller(tmp_path / "journal.sqlite") as (app, pilot, _):
        for _attempt in range(500):
            if app.deck.model.operation is not None:
                break
            await pilot.pause(0.01)
        assert app.deck.model.operation is not None
        assert app.deck.model.operation.operation.id == ops.ID
