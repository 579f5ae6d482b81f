"""A screen of text about one thing, read from a backend and kept fresh: a run, a version, a deployment, its history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.ports import Clock
from modeldeck.render.cell import Line
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.pane_reader import PaneReader
from modeldeck.widgets.content.state import Loading, PaneState
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
        self._reader = PaneReader(load, self._show, self._tell, clock)
        self._every, self._renew = every, renew

    def compose(self) -> ComposeResult:
        yield Pane(TextView(id="text"), PaneHead(title=self._title, detail=self._detail), Loading(), id="pane")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#text").focus()
        self._reader.begin()
        if self._every:
            self.set_interval(self._every, self._reader.begin)

    def on_unmount(self) -> None:
        self._reader.cancel()

    def action_read_again(self) -> None:
        if self._renew is not None:
            self._renew()
        self._reader.begin()

    def _show(self, lines: Sequence[Line]) -> None:
        self.query_one("#text", TextView).update_lines(lines)

    def _tell(self, state: PaneState) -> None:
        self.query_one("#pane", Pane).state = state

    def action_leave(self) -> None:
        self.dismiss(None)
