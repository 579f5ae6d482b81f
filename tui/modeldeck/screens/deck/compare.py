"""Runs side by side: `x` leaves only what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.mlflow.runs import Run
from modeldeck.render.describe import compare_lines
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane


class CompareScreen(FramedScreen[None]):
    """Shows the runs that were marked, as they were then."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="compare.leave"),
        Binding("x", "only_different", "Only what differs", id="compare.different"),
    ]

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        self._runs = runs
        self._only = False

    def compose(self) -> ComposeResult:
        yield Pane(TextView(id="text"), PaneHead(title="Compare", detail=f"{len(self._runs)} runs"), id="pane")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#text").focus()
        self._show()

    def _show(self) -> None:
        self.query_one("#text", TextView).update_lines(compare_lines(self._runs, only_different=self._only))

    def action_only_different(self) -> None:
        self._only = not self._only
        self._show()

    def action_leave(self) -> None:
        self.dismiss(None)
