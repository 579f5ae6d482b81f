"""The one table: runs, versions, deployments, pods, operations.

It scrolls by itself rather than as a ScrollView: there, each new row count lays out the whole screen anew and each step animates,
while here a key costs the lines in sight, whatever the number of rows. Selection and marks belong to identities, so that they
survive updates, sorting and filtering.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from modeldeck.widgets.content.content import PaneContent
from modeldeck.widgets.table.lines import TableLines
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.view import TableView

R = TypeVar("R")

AHEAD = 3
"""Rows that stay in sight before and after the one that a key moves to, where there is room for them."""


class Table(PaneContent, Generic[R], can_focus=True):
    """A virtual table over a `TableSource`. Give rows with `update_rows`, in the backend's order, as often as they change."""

    DEFAULT_CSS = "Table { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", id="table.down", show=False),
        Binding("k,up", "move(-1)", "Up", id="table.up", show=False),
        Binding("g,home", "first", "First row", id="table.first", show=False),
        Binding("G,end", "last", "Last row", id="table.last", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="table.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="table.page_up", show=False),
        Binding("left", "shift_columns(-1)", "Columns to the left", id="table.left", show=False),
        Binding("right", "shift_columns(1)", "Columns to the right", id="table.right", show=False),
        Binding("enter", "open", "Open", id="table.open", tooltip="Go into the selected row", show=False),
        Binding("space", "mark", "Mark", id="table.mark", tooltip="Mark the selected row, to compare it", show=False),
        Binding("s", "sort_next", "Sort", id="table.sort", tooltip="Sort by the next column", show=False),
        Binding("S", "sort_reverse", "Reverse", id="table.reverse", tooltip="Turn the order around", show=False),
    ]

    class Selected(Message):
        """The selection moved to another object, by a key or because the old one left. `row` is None in an empty table."""

        def __init__(self, table: Table[Any], row_id: str | None, row: Any) -> None:
            super().__init__()
            self.table, self.row_id, self.row = table, row_id, row

        @property
        def control(self) -> Table[Any]:
            return self.table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.Selected) and message.table is self.table

    class Opened(Message):
        """Enter, or a second click, on a row."""

        def __init__(self, table: Table[Any], row_id: str, row: Any) -> None:
            super().__init__()
            self.table, self.row_id, self.row = table, row_id, row

        @property
        def control(self) -> Table[Any]:
            return self.table

    class Marked(Message):
        """The set of marked rows changed."""

        def __init__(self, table: Table[Any], row_ids: frozenset[str]) -> None:
            super().__init__()
            self.table, self.row_ids = table, row_ids

        @property
        def control(self) -> Table[Any]:
            return self.table

    class Counted(Message):
        """The number of rows seen changed: `shown` of `total` pass the filter."""

        def __init__(self, table: Table[Any], shown: int, total: int) -> None:
            super().__init__()
            self.table, self.shown, self.total = table, shown, total

        @property
        def control(self) -> Table[Any]:
            return self.table

    def __init__(self, source: TableSource[R], *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view: TableView[R] = TableView(source)
        self._drawer: TableLines[R] = TableLines(source)
        self._selected_id: str | None = None
        self._wanted_id: str | None = None
        self._index = 0
        self._top = 0
        self._skip = 0
        self._marked: frozenset[str] = frozenset()
        self._counts = (0, 0)
        self.moved = False
        """Whether the operator has moved the selection since somebody took it (and set this back) or selected something: `Selected` may
        still be on its way."""

    # What the table holds

    @property
    def source(self) -> TableSource[R]:
        return self._view.source

    @property
    def rows(self) -> Sequence[R]:
        """The rows that pass the filter, in the order in which they are seen."""
        return self._view.rows

    @property
    def total(self) -> int:
        """Number of rows before filtering."""
        return self._view.total

    @property
    def selected_id(self) -> str | None:
        return self._selected_id

    @property
    def selected_row(self) -> R | None:
        """The newest value of the selected object; None in an empty table."""
        return self._view.rows[self._index] if self._selected_id is not None else None

    @property
    def marked_ids(self) -> frozenset[str]:
        return self._marked

    @property
    def sorted_by(self) -> tuple[str | None, bool]:
        """Key of the column that the rows are sorted by (None: the backend's order), and whether it is turned around."""
        return self._view.sort_key, self._view.reverse

    @property
    def filter_text(self) -> str:
        return self._view.filter_text

    # Changing what it holds

    def update_rows(self, rows: Sequence[R]) -> None:
        """Show new rows (kept, not copied). Selection, marks, order and filter stay; only cells that look different are painted."""
        self._view.load(rows)
        self._settle(keep_place=True)

    def set_source(self, source: TableSource[R], rows: Sequence[R] | None = None) -> None:
        """Other columns (or another way to show rows) for the same objects. For objects of another kind, give their `rows`, too: those that
        are there must not be shown in columns that were not made for them."""
        order, text = self.sorted_by, self.filter_text
        rows = self._view.unsorted if rows is None else rows
        self._view = TableView(source)
        self._view.filter_text = text
        self._view.sort_key, self._view.reverse = order
        self._view.load(rows)
        self._drawer = TableLines(source)
        self._skip = 0
        self._settle(keep_place=True)

    def refresh_cells(self) -> None:
        """Format the rows in sight again: for cells that depend on more than their row, such as an age."""
        self._drawer.forget_cells()
        self.repaint()

    def sort_by(self, key: str | None, *, reverse: bool = False) -> None:
        """Sort by the column named `key`; None restores the backend's order."""
        self._view.sort(key, reverse)
        self._settle(keep_place=False)

    def filter_rows(self, text: str) -> None:
        """Show only rows that contain `text`; with a leading `!`, only those that do not."""
        if text != self._view.filter_text:
            self._view.filter(text)
            self._settle(keep_place=False)

    def select(self, row_id: str | None) -> None:
        """Select an object without a message. One that is not there yet is selected when it arrives, unless the user moves first."""
        position = self._view.position(row_id)
        self._wanted_id = row_id if position is None else None
        self.moved = False
        if position is not None and row_id != self._selected_id:
            self._selected_id, self._index = row_id, position
            self._show_selection()
            self.repaint()

    def mark(self, row_ids: frozenset[str]) -> None:
        """Replace the set of marked rows, without a message."""
        self._marked = row_ids
        self.repaint()

    # Painting

    def paint_content(self, width: int, height: int) -> list[Strip]:
        self._top = max(0, min(self._top, len(self._view.rows) - self._page))
        self._drawer.prepare(self.palette, self.stale, width, self._skip, self.sorted_by)
        seen = self._view.rows[self._top : self._top + max(0, height - 1)]
        if not seen:
            return self._drawer.empty_lines(self._view, height)
        selected = self._index - self._top if self._selected_id is not None else None
        return self._drawer.lines(seen, selected, self.has_focus, self._marked, self._top, len(self._view.rows), height)

    @property
    def _page(self) -> int:
        """Rows in sight: the header takes the first line."""
        return max(1, self.size.height - 1)

    def on_resize(self) -> None:
        self._show_selection()
        self.repaint()

    def _show_selection(self, around: int = 0) -> None:
        """Bring the selected row into sight, with so many rows before and after it."""
        if not self.size.height:
            return  # not laid out yet: there is no sight to keep it in
        top = min(self._top, self._index - around)
        top = max(top, self._index + around - self._page + 1)
        self._top = max(0, min(top, len(self._view.rows) - self._page))

    def _settle(self, *, keep_place: bool) -> None:
        """After the rows changed: find the selected object again, keep it where it is on the screen, say what changed."""
        before, old_index = self._selected_id, self._index
        rows = self._view.rows
        wanted = self._view.position(self._wanted_id)
        if wanted is not None:
            self._selected_id, self._wanted_id = self._wanted_id, None
        position = self._view.position(self._selected_id)
        if position is None:
            # Gone, or filtered away: the row that took its place is the nearest thing to where the user was.
            position = min(old_index, len(rows) - 1) if rows else 0
            self._selected_id = self.source.row_id(rows[position]) if rows else None
        self._index = position
        same = keep_place and self._selected_id == before
        if same and self._top:
            self._top += position - old_index
        if not (same and self._top == 0):
            # Who looks at the top sees what arrives there, even if it pushes the selected row out of sight.
            self._show_selection()
        self.repaint()
        if self._selected_id != before:
            self._say_selected()
        counts = (len(rows), self._view.total)
        if counts != self._counts:
            self._counts = counts
            self.post_message(self.Counted(self, *counts))

    def _say_selected(self) -> None:
        self.post_message(self.Selected(self, self._selected_id, self.selected_row))

    # Keys and mouse

    def _go(self, index: int, around: int = 0) -> None:
        rows = self._view.rows
        self._wanted_id = None
        if not rows or self.covered:
            return
        index = max(0, min(index, len(rows) - 1))
        if index == self._index and self._selected_id is not None:
            return
        self._index, self._selected_id, self.moved = index, self.source.row_id(rows[index]), True
        self._show_selection(around)
        self.repaint()
        self._say_selected()

    def action_move(self, rows: int) -> None:
        """What comes next is in sight. A click moves nothing under the mouse."""
        self._go(self._index + rows, min(AHEAD, (self._page - 1) // 4))

    def action_page(self, pages: int) -> None:
        self._top = max(0, min(self._top + pages * self._page, len(self._view.rows) - self._page))
        self._go(self._index + pages * self._page)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._view.rows) - 1)

    def action_shift_columns(self, columns: int) -> None:
        skip = max(0, min(self._skip + columns, len(self.source.columns) - 2))
        if columns > 0 and not self._drawer.left_out:
            return
        self._skip = skip
        self.repaint()

    def action_open(self) -> None:
        if self._selected_id is not None and not self.covered:
            self.post_message(self.Opened(self, self._selected_id, self.selected_row))

    def action_mark(self) -> None:
        if self._selected_id is not None and not self.covered:
            self._marked ^= {self._selected_id}
            self.post_message(self.Marked(self, self._marked))
            self.repaint()

    def action_sort_next(self) -> None:
        able = [column for column in self.source.columns if column.sort is not None]
        keys = [column.key for column in able]
        current = self._view.sort_key
        following = keys.index(current) + 1 if current in keys else 0
        if following < len(able):
            self.sort_by(keys[following], reverse=able[following].descending)
        else:
            self.sort_by(None)

    def action_sort_reverse(self) -> None:
        if self._view.sort_key is not None:
            self.sort_by(self._view.sort_key, reverse=not self._view.reverse)

    def _sort_by_click(self, column: Column[R] | None) -> None:
        if column is None or column.sort is None:
            return
        again = self._view.sort_key == column.key
        self.sort_by(column.key, reverse=not self._view.reverse if again else column.descending)

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self._sort_by_click(self._drawer.column_at(event.x))
            return
        index = self._top + event.y - 1
        if index < len(self._view.rows):
            again = index == self._index
            self._go(index)
            if again and event.chain > 1:
                self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-3)
