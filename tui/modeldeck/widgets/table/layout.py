"""How wide each column of a table is, and which ones are seen: a pure function of the room and the contents' widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modeldeck.widgets.table.source import Column

GAP = 2
"""Blank cells between two columns."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The columns that are seen, from left to right, with their widths in cells, and how many are left out."""

    columns: tuple[Column[Any], ...]
    widths: tuple[int, ...]
    left_out: int

    def column_at(self, x: int) -> Column[Any] | None:
        """The column under cell `x`, counted from the first column's left edge."""
        start = 0
        for column, width in zip(self.columns, self.widths, strict=True):
            if start <= x < start + width + GAP:
                return column
            start += width + GAP
        return None


def lay_out(columns: Sequence[Column[Any]], natural: Mapping[str, int], room: int, skip: int = 0) -> TableLayout:
    """Choose columns and widths for `room` cells.

    `natural` has the width of each column's widest content seen so far. `skip` leaves out that many columns after the first one: the
    reader moved to the right, and then columns leave from the right edge, not by priority.
    """
    wanted = {column.key: _clamp(natural.get(column.key, 0), column) for column in columns}
    seen = _leftmost([*columns[:1], *columns[1 + skip :]], wanted, room) if skip else _most_important(columns, wanted, room)
    widths = {column.key: wanted[column.key] for column in seen}
    _shrink(seen, widths, room)
    _stretch(seen, widths, room)
    if seen:
        widths[seen[0].key] = max(1, min(widths[seen[0].key], room))
    return TableLayout(tuple(seen), tuple(widths[column.key] for column in seen), len(columns) - len(seen))


def _leftmost(columns: Sequence[Column[Any]], wanted: Mapping[str, int], room: int) -> list[Column[Any]]:
    seen = list(columns[:1])
    for column in columns[1:]:
        if _least([*seen, column], wanted) > room:
            break
        seen.append(column)
    return seen


def _most_important(columns: Sequence[Column[Any]], wanted: Mapping[str, int], room: int) -> list[Column[Any]]:
    """The first one, then by priority each that still fits: one that is too wide does not keep narrower ones out."""
    chosen = list(columns[:1])
    for column in sorted(columns[1:], key=lambda each: each.priority):
        if _least([*chosen, column], wanted) <= room:
            chosen.append(column)
    keys = {column.key for column in chosen}
    return [column for column in columns if column.key in keys]


def _clamp(width: int, column: Column[Any]) -> int:
    return max(column.min_width, min(width, column.max_width))


def _total(seen: Sequence[Column[Any]], widths: Mapping[str, int]) -> int:
    return sum(widths[column.key] for column in seen) + GAP * (len(seen) - 1)


def _least(seen: Sequence[Column[Any]], wanted: Mapping[str, int]) -> int:
    """The room that these columns need when those with a weight are at their minimum."""
    return _total(seen, {c.key: min(c.min_width, wanted[c.key]) if c.weight else wanted[c.key] for c in seen})


def _shrink(seen: Sequence[Column[Any]], widths: dict[str, int], room: int) -> None:
    excess = _total(seen, widths) - room
    while excess > 0:
        # The widest first, cell by cell: widths stay even, and there are only ever a few cells to take.
        able = [column for column in seen if column.weight and widths[column.key] > column.min_width]
        if not able:
            return
        widest = max(able, key=lambda column: widths[column.key] / column.weight)
        widths[widest.key] -= 1
        excess -= 1


def _stretch(seen: Sequence[Column[Any]], widths: dict[str, int], room: int) -> None:
    spare = room - _total(seen, widths)
    able = [column for column in seen if column.weight and widths[column.key] < column.max_width]
    total = sum(column.weight for column in able)
    for column in able:
        share = min(spare * column.weight // total, column.max_width - widths[column.key])
        widths[column.key] += share
