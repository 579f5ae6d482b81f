"""Choose one of a few names: an environment, a namespace, an experiment, a theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from modeldeck.render.cell import Cell
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.table import Table


@dataclass(frozen=True, slots=True)
class Choice:
    """`id` is what is dismissed with; `message` says more about it."""

    id: str
    name: str
    message: str = ""


_SOURCE: TableSource[Choice] = TableSource(
    (
        Column("name", "name", lambda choice: Cell(choice.name, "strong"), min_width=12, max_width=48, weight=1),
        Column("message", "", lambda choice: Cell(choice.message, "muted"), priority=1, max_width=48),
    ),
    row_id=attrgetter("id"),
    empty="nothing to choose from",
)


class Picker(ModalScreen[str | None]):
    """Dismisses with the chosen id, or None."""

    DEFAULT_CSS = """
    Picker { align: center middle; }
    Picker > Pane { width: 72; max-width: 90%; height: 22; max-height: 80%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", id="picker.leave")]

    def __init__(self, title: str, choices: Sequence[Choice], current: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._current = current

    def compose(self) -> ComposeResult:
        yield Pane(Table(_SOURCE, id="choices"), PaneHead(title=self._title, detail="enter to choose · / to filter"))

    def on_mount(self) -> None:
        table = self.query_one("#choices", Table)
        table.update_rows(self._choices)
        table.select(self._current)
        table.focus()

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()
        self.dismiss(message.row_id)

    def action_leave(self) -> None:
        self.dismiss(None)
