"""Cells to strips: the one place where a role becomes a style, and where every text is cleaned on its way to the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from modeldeck.render.cell import Cell, Role
from modeldeck.render.text import cells, clean, crop


def to_strip(line: Iterable[Cell], styles: Mapping[Role, Style], width: int, *, trusted: bool = False) -> Strip:
    """A strip of exactly `width` cells; what is too long ends with an ellipsis.

    `trusted` texts were made by our own renderers from numbers and signs (or cleaned there) and skip the cleaning.
    """
    segments: list[Segment] = []
    pending, pending_style = "", styles[""]
    room = width
    for text, role in line:
        if room <= 0:
            break
        if not trusted:
            text = clean(text, limit=4 * width + 8)
        taken = cells(text)
        if taken > room:
            text = crop(text, room)
            taken = cells(text)
        room -= taken
        style = styles[role]
        if style is pending_style:
            pending += text
        else:
            if pending:
                segments.append(Segment(pending, pending_style))
            pending, pending_style = text, style
    ground = styles[""]
    if room > 0:
        if pending_style is ground:
            pending += " " * room
        else:
            segments.append(Segment(pending, pending_style))
            pending, pending_style = " " * room, ground
    if pending:
        segments.append(Segment(pending, pending_style))
    return Strip(segments, width)
