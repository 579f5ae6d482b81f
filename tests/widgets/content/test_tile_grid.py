"""Keys choose a tile, pages follow, and what cannot be chosen is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from modeldeck.render.cell import Cell
from modeldeck.render.charts.tile import Tile
from modeldeck.widgets.content.state import Loading
from modeldeck.widgets.content.tile_grid import TileGrid
from tests.support.staging import settled, stage

TILE = Tile("a/0", " ", "", Cell("v1"), Cell("1/1"), Cell("1 ms"), Cell("1/s"), Cell("0 %"), ())
SIZE = (80, 24)
"""Two columns of eight tiles."""


class Shown(Screen[None]):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.tiles = TileGrid()
        self.count = count
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.tiles

    def on_mount(self) -> None:
        self.tiles.focus()
        self.show([f"a/{number}" for number in range(self.count)])

    def show(self, keys: list[str]) -> None:
        self.tiles.update_keys(keys)
        self.on_tile_grid_moved()

    def on_tile_grid_moved(self) -> None:
        self.tiles.update_tiles([replace(TILE, key=key) for key in self.tiles.in_sight])

    def on_tile_grid_opened(self, message: TileGrid.Opened) -> None:
        self.opened.append(message.key)


@pytest.mark.parametrize(
    ("keys", "selected", "first"),
    [
        ("", None, 0),
        ("down", "a/0", 0),
        ("down down", "a/2", 0),
        ("down right", "a/1", 0),
        ("down right left left", "a/0", 0),
        ("down j l k h", "a/0", 0),
        ("G", "a/99", 96),
        ("G down", "a/99", 96),
        ("G g", "a/0", 0),
        ("space", "a/16", 16),
        ("space pagedown pageup", "a/16", 16),
        ("pageup", "a/0", 0),
    ],
)
async def test_keys(keys: str, selected: str | None, first: int) -> None:
    shown = Shown(100)
    async with stage(lambda: shown, size=SIZE) as (_, pilot):
        await pilot.press(*keys.split())
        assert (shown.tiles.selected, shown.tiles.first) == (selected, first)


async def test_the_wheel_turns_pages() -> None:
    shown = Shown(100)
    async with stage(lambda: shown, size=SIZE) as (app, pilot):
        for wheel, first, name in ((events.MouseScrollDown, 16, "a/16"), (events.MouseScrollUp, 0, "a/0")):
            await pilot._post_mouse_events([wheel], TileGrid, button=0)
            await settled(pilot)
            assert shown.tiles.first == first
            assert name in app.text()


async def test_nothing_to_choose() -> None:
    for count, covered in ((0, False), (3, True)):
        shown = Shown(count)
        async with stage(lambda shown=shown: shown, size=SIZE) as (_, pilot):  # type: ignore[misc]
            shown.tiles.state = Loading() if covered else shown.tiles.state
            await pilot.press("down", "G", "space", "enter")
            assert (shown.tiles.selected, shown.opened) == (None, [])


async def test_one_that_has_gone_is_not_opened_and_the_first_page_is_back() -> None:
    shown = Shown(100)
    async with stage(lambda: shown, size=SIZE) as (_, pilot):
        await pilot.press("G", "enter")
        assert shown.opened == ["a/99"]
        shown.show(["a/0"])
        await pilot.press("enter")
        assert shown.opened == ["a/99"]
        assert shown.tiles.first == 0
