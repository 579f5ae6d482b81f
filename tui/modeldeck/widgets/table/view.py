"""The rows of a table in the order in which they are seen: filtered and sorted, pure, in time that grows with the rows only here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from modeldeck.widgets.table.source import SortValue, TableSource

R = TypeVar("R")


class TableView(Generic[R]):
    """Rows of one source under one filter and one sort order, with the position of each identity."""

    def __init__(self, source: TableSource[R]) -> None:
        self.source = source
        self.total = 0
        self.rows: Sequence[R] = ()
        self.sort_key: str | None = None
        self.reverse = False
        self.filter_text = ""
        self._all: Sequence[R] = ()
        self._positions: dict[str, int] | None = {}
        self._texts: dict[str, tuple[R, str]] = {}

    def load(self, rows: Sequence[R]) -> None:
        """Take new rows, in the order in which the backend gave them."""
        self._all = rows
        self.total = len(rows)
        if not self.filter_text:
            self._texts.clear()
        self._arrange()

    @property
    def unsorted(self) -> Sequence[R]:
        """All rows as they were loaded."""
        return self._all

    def sort(self, key: str | None, reverse: bool) -> None:
        """Order by a column; None restores the backend's order."""
        self.sort_key, self.reverse = key, reverse
        self._arrange()

    def filter(self, text: str) -> None:
        """Keep rows that contain `text` in any case; a leading `!` keeps those that do not."""
        self.filter_text = text
        self._arrange()

    def position(self, row_id: str | None) -> int | None:
        """Where the row with this identity is seen; None where it is not."""
        if row_id is None:
            return None
        if self._positions is None:
            identify = self.source.row_id
            self._positions = {identify(row): index for index, row in enumerate(self.rows)}
        return self._positions.get(row_id)

    def _arrange(self) -> None:
        rows = self._all
        if self.filter_text.strip("! "):
            rows = self._matching(rows)
        column = self.source.column(self.sort_key)
        if column is not None and column.sort is not None:
            rows = in_order(rows, column.sort, self.reverse)
        self.rows = rows
        self._positions = None

    def _matching(self, rows: Sequence[R]) -> list[R]:
        inverse = self.filter_text.startswith("!")
        needle = self.filter_text.removeprefix("!").strip().lower()
        return [row for row in rows if (needle in self._text(row)) is not inverse]

    def _text(self, row: R) -> str:
        # Kept while a filter stands: each further letter then costs a search, not a formatting of every row.
        row_id = self.source.row_id(row)
        known = self._texts.get(row_id)
        if known is not None and known[0] is row:
            return known[1]
        text = self.source.haystack(row)
        self._texts[row_id] = (row, text)
        return text


def in_order(rows: Sequence[R], key: Callable[[R], SortValue], reverse: bool) -> list[R]:
    """Sort stably: numbers, then texts (both turned around by `reverse`), and rows without a value (None, NaN) last in either
    direction. Equal rows keep the backend's order."""
    values = [_comparable(key(row)) for row in rows]
    numbers = [index for index, value in enumerate(values) if isinstance(value, float | int)]
    texts = [index for index, value in enumerate(values) if isinstance(value, str)]
    missing = [index for index, value in enumerate(values) if value is None]
    order = sorted(numbers, key=values.__getitem__, reverse=reverse)  # type: ignore[arg-type]
    order += sorted(texts, key=values.__getitem__, reverse=reverse)  # type: ignore[arg-type]
    return [rows[index] for index in order + missing]


def _comparable(value: SortValue) -> SortValue:
    if isinstance(value, str):
        return value.casefold()
    return None if value is None or value != value else value
