"""A piece of text and what it means: the unit that every renderer returns and every widget paints."""

from __future__ import annotations

from typing import Literal, NamedTuple

Role = Literal[
    "",
    "ok",
    "warn",
    "bad",
    "muted",
    "accent",
    "strong",
    "alias",
    "version",
    "marker",
    "key",
    "chip",
    "series-1",
    "series-2",
    "series-3",
    "series-4",
    "series-5",
    "series-6",
]
"""What a text means. A theme gives each role a colour, and an attribute (bold, dim, reverse) for terminals without colour."""

ROLES: tuple[Role, ...] = Role.__args__  # type: ignore[attr-defined]

Align = Literal["left", "right", "center"]


class Cell(NamedTuple):
    """Text with one role. The text may be raw: whoever paints it cleans it first (`modeldeck.render.text.clean`)."""

    text: str
    role: Role = ""


Line = tuple[Cell, ...]
"""Cells that stand side by side on one line of the screen."""


def as_cell(value: Cell | str) -> Cell:
    """Accept a plain text where a cell is expected."""
    return value if isinstance(value, Cell) else Cell(value)


def line_text(line: Line) -> str:
    """The text of a line without its roles: what tests and a terminal without styles see."""
    return "".join(cell.text for cell in line)
