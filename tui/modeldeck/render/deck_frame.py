"""Where the deck's panes stand: known from the terminal's size alone, so that their frames can be painted before Textual is imported."""

from __future__ import annotations

NARROW, LOW = 100, 30
"""Below this many columns or rows one pane is shown at a time."""
_ABOVE, _BELOW = 1, 2
"""Lines over and under the panes."""
_LEAST_COLUMNS, _LEAST_ROWS = 8, 6


def one_at_a_time(columns: int, rows: int) -> bool:
    return columns < NARROW or rows < LOW


def empty_panes(columns: int, rows: int) -> list[str]:
    """The deck without anything in it, line by line; no lines where there is no room for it."""
    if columns < _LEAST_COLUMNS or rows < _LEAST_ROWS:
        return []
    room, alone = rows - _ABOVE - _BELOW, one_at_a_time(columns, rows)
    heights = [room] if alone else [room // 2, room - room // 2]
    widths = [columns] if alone else [columns // 2, columns - columns // 2]
    blank = " " * columns
    lines = [blank] * _ABOVE
    for height in heights:
        lines += [_across(widths, *"╭─╮"), *[_across(widths, *"│ │")] * (height - 2), _across(widths, *"╰─╯")]
    return lines + [blank] * _BELOW


def _across(widths: list[int], left: str, middle: str, right: str) -> str:
    return "".join(left + middle * (width - 2) + right for width in widths)
