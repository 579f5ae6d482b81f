"""Every operation that the journal knows: what is under way, what was, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.operations.operation import Operation, State
from modeldeck.ports import Clock
from modeldeck.screens.operations.rows import Row, rows_of, source, story
from modeldeck.screens.operations.terms import matches, terms
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.pane_reader import PaneReader
from modeldeck.widgets.banner import Banner
from modeldeck.widgets.content.state import Loading, PaneState
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.table import Table

EVERY = 1.0
"""Seconds between two looks at the journal, while the list is on the screen."""
NONE_YET = "no operation yet: p on the deck promotes, b rolls back"
NO_MATCH = "no operation matches this filter"
HINT = "text · actor:ann model:iris outcome:undone state:running · !term turns one around"


class OperationsScreen(FramedScreen[None]):
    """`read` gives all operations, newest first; it is called in another thread, by one at a time. `open` is called with an id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,O", "leave", "Back", id="operations.leave", key_display="esc"),
        Binding("ctrl+r", "read_again", "Refresh", id="operations.refresh", show=False),
    ]

    def __init__(self, read: Callable[[], tuple[Operation, ...]], open: Callable[[str], None], clock: Clock) -> None:
        super().__init__()
        self._open = open
        self._clock = clock
        self._rows: list[Row] = []
        self._known: dict[str, Row] = {}
        self._filter = ""
        self._reader = PaneReader(lambda: asyncio.to_thread(read), self._take, self._stands, clock)

    def compose(self) -> ComposeResult:
        table: Table[Row] = Table(source(self._clock.now, NONE_YET), id="operations")
        yield Pane(table, PaneHead(title="Operations"), Loading(), filters_rows=False, filter_hint=HINT, id="pane")
        yield Banner(rows=3, id="story")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#operations").focus()
        self.action_read_again()
        self.set_interval(EVERY, self._tick)

    def on_unmount(self) -> None:
        self._reader.cancel()

    def on_screen_resume(self) -> None:
        self.action_read_again()

    def _tick(self) -> None:
        if self.is_current:
            self.action_read_again()

    def action_read_again(self) -> None:
        self._reader.begin()

    def _take(self, found: tuple[Operation, ...]) -> None:
        self._rows = rows_of(found, self._known, self._clock.now())
        self._known = {row.id: row for row in self._rows}
        self._show()

    def _stands(self, state: PaneState) -> None:
        self.query_one("#pane", Pane).state = state

    def _show(self) -> None:
        table = self._table
        wanted = terms(self._filter)
        shown = [row for row in self._rows if matches(wanted, row.operation, row.gone)]
        table.refresh_cells()  # ages grow although nothing is new
        table.update_rows(shown)
        live = sum(row.operation.state is not State.ENDED for row in self._rows)
        figure = f"{len(shown)} of {len(self._rows)}" if len(shown) != len(self._rows) else str(len(self._rows))
        self._tell()
        self.query_one("#pane", Pane).head = PaneHead(title="Operations", detail=f"{live} under way" if live else "", figure=figure)

    @property
    def _table(self) -> Table[Row]:
        return self.query_one("#operations", Table)

    def on_pane_filtered(self, message: Pane.Filtered) -> None:
        message.stop()
        if bool(message.text) is not bool(self._filter):
            self._table.set_source(source(self._clock.now, NO_MATCH if message.text else NONE_YET))
        self._filter = message.text
        self._show()

    def on_table_selected(self, message: Table.Selected) -> None:
        message.stop()
        self._tell()

    def _tell(self) -> None:
        """The selected operation in full, below the table: its words are longer than a column."""
        row = self._table.selected_row
        self.query_one(Banner).update_lines([] if row is None else [story(row)])

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()
        self._open(message.row_id)

    def action_leave(self) -> None:
        self.dismiss(None)
