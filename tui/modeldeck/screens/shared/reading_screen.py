"""A screen of text about one thing, read from a backend and kept fresh: a run, a version, a deployment, its history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.failures import Failure
from modeldeck.ports import Clock
from modeldeck.render.cell import Line
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.widgets.content.state import Live, Loading, Stale, Unavailable
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

Load = Callable[[], Awaitable[Sequence[Line]]]


class ReadingScreen(FramedScreen[None]):
    """Calls `load` at once and then every `every` seconds (0: only on ctrl+r). What cannot be read again stays, with its age. `renew` is
    called before a `load` that somebody asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="reading.leave"),
        Binding("ctrl+r", "read_again", "Refresh", id="reading.refresh"),
    ]

    def __init__(
        self, title: str, detail: str, load: Load, clock: Clock, *, every: float = 0.0, renew: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._title, self._detail = title, detail
        self._load = load
        self._clock = clock
        self._every, self._renew = every, renew
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        yield Pane(TextView(id="text"), PaneHead(title=self._title, detail=self._detail), Loading(), id="pane")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#text").focus()
        self._begin()
        if self._every:
            self.set_interval(self._every, self._begin)

    def on_unmount(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    def action_read_again(self) -> None:
        if self._renew is not None:
            self._renew()
        self._begin()

    def _begin(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        pane = self.query_one("#pane", Pane)
        try:
            lines = await self._load()
        except Failure as failure:
            message, hint = str(failure), failure.hint
            known = self._read_at
            pane.state = Unavailable(message, hint) if known is None else Stale(self._clock.now() - known, message, hint)
            return
        self._read_at = self._clock.now()
        self.query_one("#text", TextView).update_lines(lines)
        pane.state = Live()

    def action_leave(self) -> None:
        self.dismiss(None)
