"""Environments without backends, one after the other, in the whole console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from modeldeck.console import Console, Launch
from modeldeck.domain.environments import Environment
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.deck.messages import PickRequested
from modeldeck.screens.shared.picker import Picker
from modeldeck.screens.wall.wall_screen import WallScreen
from tests.support.eventually import eventually
from tests.support.staging import settled


@asynccontextmanager
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, wall: bool = False) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    for kind in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    found = {name: Environment(name, None, None, None, journal=str(tmp_path / f"{name}.db")) for name in ("prod", "test")}
    console = Console(Launch(found["prod"], tuple(found), found.__getitem__, wall=wall))
    async with console.run_test(size=(120, 40)) as pilot:
        await eventually(lambda: console.operations is not None)
        yield console, pilot


async def test_the_old_environment_is_left_before_the_new_one_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch) as (console, pilot):
        before, deck = console.connection, console.deck
        assert before is not None
        left: list[str] = []
        close = before.close

        async def closing() -> None:
            await close()
            left.append(console.environment.name)

        monkeypatch.setattr(before, "close", closing)
        console.post_message(PickRequested("environment"))
        await settled(pilot)  # type: ignore[arg-type]
        assert isinstance(console.screen, Picker)
        await pilot.press("down", "enter")
        await eventually(lambda: console.connection not in (None, before))
        assert left == ["prod"]
        assert console.environment.name == "test"
        assert console.deck is not deck
        assert console.deck.model.environment.name == "test"
        assert console.clients.environment.name == "test"


async def test_nothing_is_connected_any_more_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch) as (console, _):
        assert console.connection is not None
    assert console.connection is None
    assert console.operations is None


async def test_a_theme_is_put_on_as_it_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch) as (console, pilot):
        first, second, *_ = sorted(console.own_themes)
        console.theme = first
        console.post_message(PickRequested("theme"))
        await settled(pilot)  # type: ignore[arg-type]
        await pilot.press("down", "enter")
        await eventually(lambda: console.theme == second)


async def test_the_wall_before_the_deck_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch, wall=True) as (console, pilot):
        await settled(pilot)  # type: ignore[arg-type]
        assert isinstance(console.screen, WallScreen)
        await pilot.press("escape")
        await settled(pilot)  # type: ignore[arg-type]
        assert isinstance(console.screen, Deck)
        await pilot.press("W")
        await settled(pilot)  # type: ignore[arg-type]
        assert isinstance(console.screen, WallScreen)
        await pilot.press("q")
    assert console.return_code == 0
