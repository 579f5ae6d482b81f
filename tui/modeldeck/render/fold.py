"""Lines that are too long for a screen, broken between words: what a pod said last must be read without scrolling to the side."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modeldeck.render.cell import Cell, Line, Role, line_text
from modeldeck.render.text import cells, clean, crop, wrap

_STEP = 4
_MOST = 200
"""Lines that one line may become."""


def fold(lines: Iterable[Line], width: int) -> list[Line]:
    """Each line as one or more of at most `width` cells. The last cell is the one that is broken; it goes on below its own beginning,
    or, where that stands too far to the right, a little to the right of the line's. With no width (not laid out yet) nothing is broken."""
    if width <= 0:
        return list(lines)
    return [part for line in lines for part in _folded(line, width)]


def _folded(line: Line, width: int) -> Iterable[Line]:
    if not line or cells(clean(line_text(line))) <= width:
        return (line,)
    *head, (text, role) = line
    message = text.lstrip(" ")
    before = " " * (len(text) - len(message))
    hang = cells(clean(line_text(tuple(head)))) + len(before)
    if hang <= width // 2:
        first, *rest = wrap(message, width - hang, _MOST) or [""]
        return ((*head, Cell(before + first, role)), *(_beside(hang, each, role) for each in rest))
    start = line_text(line)
    hang = min(len(start) - len(start.lstrip(" ")) + _STEP, width // 2)
    own = [tuple(head)] if head else []
    return (*own, *(_beside(hang, each, role) for each in wrap(message, width - hang, _MOST)))


def _beside(blanks: int, text: str, role: Role) -> Line:
    return (Cell(" " * blanks), Cell(text, role))


def flow(lines: Iterable[Line], width: int, *, hang: int = 2) -> list[Line]:
    """Each line as one or more of at most `width` cells, broken between words wherever they stand; what goes on is moved in by `hang`."""
    if width <= hang:
        return list(lines)
    return [part for line in lines for part in _flowed(line, width, hang)]


def _flowed(line: Line, width: int, hang: int) -> list[Line]:
    if cells(clean(line_text(line))) <= width:
        return [line]
    done: list[Line] = []
    current: list[Cell] = []
    taken = 0
    for word, role in ((word, role) for text, role in line for word in re.findall(r" *[^ ]+| +$", clean(text))):
        if current and taken + cells(word) > width:
            done.append(tuple(current))
            current, taken, word = [Cell(" " * hang)], hang, word.lstrip(" ")
        while taken + cells(word) > width and len(done) < _MOST:
            head = crop(word, width - taken, "") or word[:1]
            done.append((*current, Cell(head, role)))
            current, taken, word = [Cell(" " * hang)], hang, word[len(head) :]
        current.append(Cell(word, role))
        taken += cells(word)
    return [*done, tuple(current)]
