"""One screen on a stage of its own, with our theme: for pilot and snapshot tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from modeldeck.themes import choose_theme
from modeldeck.widgets.key_order import KeysInOrder
from modeldeck.widgets.painting.diff_app import DiffApp


class Stage(KeysInOrder[None], DiffApp[None]):
    """`make` is called on the running loop: screens may begin work of their own."""

    def __init__(
        self, make: Callable[[], Screen[Any]], *, no_color: bool = False, after: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """`after` is awaited when the stage is taken down."""
        super().__init__()
        self._make = make
        self._no_color = no_color
        self._after = after
        if no_color:
            self.drop_colours()
        self.chosen: object = "nothing yet"

    def on_load(self) -> None:
        theme, _ = choose_theme("dark", no_color=self._no_color)
        self.register_theme(theme)
        self.theme = theme.name

    def on_mount(self) -> None:
        self.push_screen(self._make(), self._take)

    async def on_unmount(self) -> None:
        if self._after is not None:
            await self._after()

    def _take(self, chosen: object) -> None:
        self.chosen = chosen

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join("".join(segment.text for segment in strip) for strip in self.screen._compositor.render_strips())


@asynccontextmanager
async def stage(
    make: Callable[[], Screen[Any]], *, size: tuple[int, int] = (120, 40), no_color: bool = False
) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    app = Stage(make, no_color=no_color)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot


async def settled(pilot: Pilot[None]) -> None:
    """Everything that was posted has been worked on."""
    for _ in range(3):
        await pilot.pause()
