"""What a table needs to know about its rows: columns, an identity, and signs. Rows are plain frozen values of any type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

from modeldeck.render.cell import Align, Cell, as_cell

R = TypeVar("R")

SortValue = float | str | None

# No slots here: with them, Python 3.11 cannot call a frozen generic class with its parameter (`TableSource[Run](…)`).


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column. `cell` is called only for rows that are seen.

    Widths are in terminal cells. A column is as wide as its content, between `min_width` and `max_width`; one with `weight` shrinks to
    `min_width` when room is short and takes what is left over. When that is not enough, columns are left out: the first
    one always stays, and of the others, from the lowest `priority` number on, those that still fit.
    """

    key: str
    label: str
    cell: Callable[[R], Cell | str]
    sort: Callable[[R], SortValue] | None = None
    descending: bool = False
    """The direction of the first `s`: newest, largest or worst first."""
    align: Align = "left"
    min_width: int = 2
    max_width: int = 40
    weight: int = 0
    priority: int = 0


def _no_sign(_row: object) -> Cell | str:
    return ""


@dataclass(frozen=True)
class TableSource(Generic[R]):
    """Columns and what rows have in common.

    `row_id` gives a row's stable identity: selection and marks belong to it, not to a position. `sign` is one character before
    the row, such as `!` for a row that disagrees. `search` is the text that a filter looks in; without one, all cells'.
    """

    columns: tuple[Column[R], ...]
    row_id: Callable[[R], str] = attrgetter("id")
    sign: Callable[[R], Cell | str] = _no_sign
    search: Callable[[R], str] | None = None
    empty: str = "nothing here"
    """Said where there is no row at all."""

    def column(self, key: str | None) -> Column[R] | None:
        """The column named `key`; None where there is none."""
        return next((column for column in self.columns if column.key == key), None)

    def haystack(self, row: R) -> str:
        """The text in which a filter looks, in lower case."""
        if self.search is not None:
            return self.search(row).lower()
        return "\n".join(as_cell(column.cell(row)).text for column in self.columns).lower()
