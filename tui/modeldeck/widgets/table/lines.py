"""The lines of a table as strips: formatted once for as long as a row's value is the same object, painted once for as long as it looks the
same, and kept for as long as it is in sight.

A strip that was on the screen weighs some 5 KB with what Textual derives from it, and a pane that streams makes new ones all the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from modeldeck.render.cell import Cell, Role, as_cell
from modeldeck.render.text import cells, clean, fit
from modeldeck.widgets.painting.palette import Palette
from modeldeck.widgets.painting.strips import to_strip
from modeldeck.widgets.table.layout import GAP, TableLayout, lay_out
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.view import TableView

R = TypeVar("R")

_GUTTER = 3
# Selection, the source's sign, a mark: one cell each before the first column.
_SCROLLBAR = 1
_TEXT_LIMIT = 512
# Characters of a cell that are looked at when its width is measured: no column is wider than a screen.

_Row = tuple[Cell, ...]
_Formatted = tuple[R, Cell, _Row]
# The row that it was made of, its sign, its cells.


class TableLines(Generic[R]):
    """Formats and caches. `prepare` says how the table looks now; `lines` then gives strips for the rows in sight."""

    def __init__(self, source: TableSource[R]) -> None:
        self._source = source
        self._cells: dict[str, _Formatted[R]] = {}
        self._strips: dict[tuple[Any, ...], Strip] = {}
        self._natural: dict[str, int] = {}
        self._look: tuple[Any, ...] = ()
        self._layout = TableLayout((), (), 0)
        self._order: tuple[str | None, bool] = (None, False)
        self._skip = 0
        self._stale = False
        self._width = 0
        self._palette: Palette

    @property
    def left_out(self) -> int:
        """Number of columns for which there is no room."""
        return self._layout.left_out

    def column_at(self, x: int) -> Column[R] | None:
        """The column under cell `x` of the table."""
        return self._layout.column_at(x - _GUTTER)

    def forget_cells(self) -> None:
        """Format every row again when it is next seen."""
        self._cells.clear()

    def prepare(self, palette: Palette, stale: bool, width: int, skip: int, order: tuple[str | None, bool]) -> None:
        """Set how the table looks. Anything that differs from the time before drops the painted strips."""
        look = (palette, stale, width, skip, order)
        if look == self._look:
            return
        self._look = look
        self._palette, self._stale, self._width, self._skip, self._order = palette, stale, width, skip, order
        self._arrange()

    def empty_lines(self, view: TableView[R], height: int) -> list[Strip]:
        """What is said where there is no row to show."""
        styles = self._palette.on("base")
        if view.total:
            hidden = "the only row" if view.total == 1 else f"all {view.total} rows"
            message = f"  {hidden} filtered out by “{view.filter_text}”"
        else:
            message = f"  {self._source.empty}"
        return [self._header(), to_strip([Cell(" " * (_GUTTER - 2) + message, "muted")], styles, self._width)][:height]

    def lines(
        self,
        rows: Sequence[R],
        selected: int | None,
        focused: bool,
        marked: frozenset[str],
        top: int,
        total: int,
        height: int,
    ) -> list[Strip]:
        """The header and one strip a row. `selected` is the index within `rows`; `top` and `total` place the scroll bar."""
        formatted = [self._formatted(row) for row in rows]
        self._cells = dict(formatted)
        self._measure([row_cells for _, (_, _, row_cells) in formatted])
        thumb = _thumb(top, len(rows), total, height - 1)
        lines = [self._header()]
        painted: dict[tuple[Any, ...], Strip] = {}
        for line, (row_id, (_, sign, row_cells)) in enumerate(formatted):
            ground = ("selected" if focused else "blurred") if line == selected else "base"
            bar = None if thumb is None else line in thumb
            key = (row_cells, sign, ground, row_id in marked, bar)
            strip = self._strips.get(key)
            if strip is None:
                strip = self._row(row_cells, sign, ground, row_id in marked, bar)
            painted[key] = strip
            lines.append(strip)
        self._strips = painted
        return lines

    def _formatted(self, row: R) -> tuple[str, _Formatted[R]]:
        row_id = self._source.row_id(row)
        known = self._cells.get(row_id)
        if known is not None and known[0] is row:
            return row_id, known
        sign = as_cell(self._source.sign(row))
        return row_id, (row, sign, tuple(as_cell(column.cell(row)) for column in self._source.columns))

    def _measure(self, rows: Sequence[_Row]) -> None:
        """Widths only grow with what was seen, so that columns do not jump while scrolling."""
        grown = False
        for index, column in enumerate(self._source.columns):
            known = self._natural.get(column.key, 0)
            if known >= column.max_width:
                continue
            widest = max((cells(clean(row[index].text, limit=_TEXT_LIMIT)) for row in rows), default=0)
            if widest > known:
                self._natural[column.key] = widest
                grown = True
        if grown:
            self._arrange()

    def _arrange(self) -> None:
        self._strips.clear()
        natural = {column.key: max(self._natural.get(column.key, 0), cells(self._label(column))) for column in self._source.columns}
        room = max(1, self._width - _GUTTER - _SCROLLBAR)
        self._layout = lay_out(self._source.columns, natural, room, self._skip)

    def _label(self, column: Column[R]) -> str:
        key, reverse = self._order
        return f"{column.label} {'▾' if reverse else '▴'}" if column.key == key else column.label

    def _header(self) -> Strip:
        pieces = [" " * _GUTTER]
        for column, width in zip(self._layout.columns, self._layout.widths, strict=True):
            pieces += [fit(self._label(column), width, column.align), " " * GAP]
        text = "".join(pieces[:-1])
        more = "›" if self._layout.left_out else " "
        return Strip([Segment(fit(text, self._width - 1, ellipsis="") + more, self._palette.head)], self._width)

    def _row(self, row_cells: _Row, sign: Cell, ground: str, marked: bool, bar: bool | None) -> Strip:
        name = {"base": "stale", "selected": "stale-selected", "blurred": "stale-blurred"}[ground] if self._stale else ground
        styles = self._palette.on(name)
        line = [Cell("▸" if ground != "base" else " ", "accent"), Cell(fit(sign.text, 1, ellipsis=""), sign.role)]
        line.append(Cell("◆" if marked else " ", "accent"))
        by_key = {column.key: index for index, column in enumerate(self._source.columns)}
        for column, width in zip(self._layout.columns, self._layout.widths, strict=True):
            text, role = row_cells[by_key[column.key]]
            line += [Cell(fit(text, width, column.align), role), Cell(" " * GAP)]
        body = to_strip(line[:-1], styles, self._width - _SCROLLBAR, trusted=True)
        return Strip([*body, self._bar(bar, styles)], self._width)

    def _bar(self, bar: bool | None, styles: Mapping[Role, Style]) -> Segment:
        if bar is None:
            return Segment(" ", styles[""])
        return Segment("┃" if bar else "│", self._palette.on("base")["muted"] if bar else self._palette.frame)


def _thumb(top: int, seen: int, total: int, height: int) -> range | None:
    """The lines that the scroll bar's thumb covers; None where everything is in sight."""
    if total <= seen or height <= 0:
        return None
    length = max(1, height * seen // total)
    start = round(top / (total - seen) * (height - length))
    return range(start, start + length)
