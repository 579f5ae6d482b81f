"""What changed? What happened to a deployment around a moment, the likeliest cause first, and the selected one in full below."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeQuestion, Changes
from modeldeck.ports import Clock
from modeldeck.render import changes as render
from modeldeck.render.cell import Cell
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.pane_reader import PaneReader
from modeldeck.widgets.banner import Banner
from modeldeck.widgets.content.state import Loading, PaneState
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.table import Table

_DETAIL_ROWS, _UNKNOWN_ROWS = 5, 2
_EMPTY = "nothing is known to have happened then"


def source(moment: float) -> TableSource[ChangeEvent]:
    columns: tuple[Column[ChangeEvent], ...] = (
        Column("when", "when", lambda row: Cell(render.when(row, moment), "muted"), sort=lambda row: row.at, min_width=12, max_width=20),
        Column("kind", "kind", render.kind_cell, sort=lambda row: row.kind.value, max_width=10),
        Column(
            "subject",
            "to what",
            lambda row: Cell(_subject(row)),
            sort=_subject,
            priority=2,
            min_width=12,
            max_width=36,
            weight=1,
        ),
        Column("what", "what", lambda row: Cell(row.what), priority=1, min_width=24, max_width=200, weight=3),
        Column("source", "known from", lambda row: Cell(row.source, "muted"), priority=3, max_width=28),
    )
    return TableSource(columns, row_id=_id, empty=_EMPTY)


def _subject(row: ChangeEvent) -> str:
    """Deployments by their keys alone: in a narrow column the word would be all that is seen."""
    return row.subject.removeprefix("deployment ")


def _id(row: ChangeEvent) -> str:
    return f"{row.kind}|{row.at}|{row.subject}|{row.what}|{row.source}"


class ChangesScreen(FramedScreen[None]):
    """`read` gives the answer to `asked`; it is called at once, and again when it is wished for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,x", "leave", "Back", id="changes.leave", key_display="esc"),
        Binding("ctrl+r", "read_again", "Refresh", id="changes.refresh"),
    ]

    def __init__(self, key: str, asked: ChangeQuestion, read: Callable[[], Awaitable[Changes]], clock: Clock) -> None:
        super().__init__()
        self.asked, self.read = asked, read
        self._table: Table[ChangeEvent] = Table(source(asked.moment), id="changes")
        self._pane = Pane(self._table, PaneHead(title="What changed", detail=f"{key} · {_question(asked)}"), Loading(), id="pane")
        self._reader = PaneReader(read, self._take, self._stands, clock)

    def compose(self) -> ComposeResult:
        yield self._pane
        yield Banner(rows=_DETAIL_ROWS, id="detail")
        yield Banner(rows=_UNKNOWN_ROWS, id="unknown")
        yield Footer()

    def on_mount(self) -> None:
        self._table.focus()
        self._reader.begin()

    def on_unmount(self) -> None:
        self._reader.cancel()

    def _take(self, found: Changes) -> None:
        self._table.update_rows(found.events)
        if self._table.selected_row is None and found.events:
            self._table.select(_id(found.events[0]))
        self.query_one("#unknown", Banner).update_lines(render.not_known_lines(found, _UNKNOWN_ROWS))
        self._tell()

    def _stands(self, state: PaneState) -> None:
        self._pane.state = state

    def on_table_selected(self, message: Table.Selected) -> None:
        message.stop()
        self._tell()

    def _tell(self) -> None:
        row = self._table.selected_row
        self.query_one("#detail", Banner).update_lines(render.detail_lines(row) if row is not None else ())

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()

    def action_read_again(self) -> None:
        self._reader.begin()

    def action_leave(self) -> None:
        self.dismiss(None)


def _question(asked: ChangeQuestion) -> str:
    at = f"{datetime.fromtimestamp(asked.moment):%b %d %H:%M:%S}"
    return f"{asked.jump} at {at}" if asked.jump else f"around {at}"
