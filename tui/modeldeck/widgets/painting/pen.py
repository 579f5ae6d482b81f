"""The fewest bytes that write runs of cells, knowing where the cursor is and in which style the terminal writes.

A picture is written line by line or style by style, whichever is shorter: a table has a few styles, and each of its lines has most of them.
After a character that is not exactly one cell wide the cursor is placed again, and it is moved by so many cells only after plain ASCII, so
that a terminal with other width tables stays aligned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

from modeldeck.widgets.painting.sgr import PLAIN, Ground, ground, only_ground, transition

Cells = list[tuple[str, Style]]
"""One entry a cell: its character with any marks, and its style. The second cell of a wide character is empty."""

_LONG, _ERASED = re.compile(" {6,}"), 12
"""Blanks that cost fewer bytes to erase (ECH) than to write, and so many that it also pays to step over them."""
_SAME = re.compile(r"(.)\1{3,}")
_FEW = 24
"""Spans up to which either order may be the shorter one. Of more, many have the same style."""
_MOVED = 6
"""Characters that it takes to go to a span, about."""


class Span(NamedTuple):
    """Cells side by side that are written in one style. `blank`: any style with its ground will do."""

    x: int
    y: int
    cells: list[str]
    style: Style
    blank: bool

    @property
    def end(self) -> int:
        return self.x + len(self.cells)


def spans(x: int, y: int, run: Cells) -> list[Span]:
    """A run as few spans: blanks go with their neighbours as long as they have the same ground."""
    found: list[Span] = []
    cells: list[str] = []
    for index, (text, style) in enumerate(run):
        if found and (style is found[-1].style or not text):
            cells.append(text)
            if text == " " or not found[-1].blank:
                continue
        elif found and (found[-1].blank or text == " ") and ground(found[-1].style) == ground(style):
            cells.append(text)
            if text == " ":
                continue
        else:
            cells = [text]
            found.append(Span(x + index, y, cells, style, text == " "))
            continue
        found[-1] = found[-1]._replace(style=style, blank=False)
    return found


class Pen:
    """Collects what is to be written."""

    def __init__(self, colors: ColorSystem, style: Style | None, width: int, *, erases: bool, repeats: bool) -> None:
        """`style` None: not known. `erases`: an erased cell gets the ground that is written on. `repeats`: the terminal repeats a character
        when it is told to (REP)."""
        self._colors = colors
        self._before = style
        self._width = width
        self._erases = erases
        self._repeats = repeats
        self._spans: list[Span] = []
        self.size = 0
        """Characters that it will take, about."""

    def write(self, x: int, y: int, run: Cells) -> None:
        """Write cells from a position on. The run holds both cells of each of its wide characters."""
        found = spans(x, y, run)
        self._spans += found
        self.size += len(run) + _MOVED * len(found)

    def finish(self) -> tuple[str, Style | None]:
        """What writes it all, and the style that the terminal writes in then."""
        by_style = self._in_order(_by_style(self._spans, self._before))
        if len(self._spans) > _FEW:
            return by_style
        return min(by_style, self._in_order(self._spans), key=lambda way: len(way[0]))

    def _in_order(self, order: Sequence[Span]) -> tuple[str, Style | None]:
        pieces: list[str] = []
        style, link = self._before, None
        cursor = Cursor(self._width)
        for span, after in pairwise([*order, None]):
            assert span is not None
            pieces.append(cursor.move(span.x, span.y))
            if not (span.blank and style is not None and ground(style) == ground(span.style)):
                wanted = only_ground(style, span.style) if span.blank and style is not None else span.style
                pieces.append(transition(style, wanted, self._colors))
                pieces.append(_link(link, wanted))
                style, link = wanted, wanted.link
            follows = after is not None and (after.x, after.y) == (span.end, span.y)
            pieces += self._body(span, cursor, follows=follows)
        pieces.append(_link(link, PLAIN))
        return "".join(pieces), style

    def _body(self, span: Span, cursor: Cursor, *, follows: bool) -> Iterator[str]:
        """The characters of a span; long blanks are erased. `follows`: the next thing written stands right behind it."""
        text, at = "".join(span.cells), 0
        if len(text) != len(span.cells) or "" in span.cells:
            yield from _placed(span, cursor)
            return
        for blanks in _LONG.finditer(text) if self._erases and ground(span.style).bare else ():
            start, end = blanks.span()
            last = end == len(text)
            if end - start < _ERASED and (follows or not last):
                continue
            yield self._shortened(cursor.write(text[at:start]), cursor)
            yield f"\x1b[{end - start}X" + ("" if last else cursor.place(span.x + end))
            at = end
        yield self._shortened(cursor.write(text[at:]), cursor)

    def _shortened(self, text: str, cursor: Cursor) -> str:
        if not self._repeats:
            return text
        # Terminals do not agree on what repeats into the last column.
        last = text[-1:] if cursor.at_edge else ""
        return _SAME.sub(_repeated, text[: len(text) - len(last)]) + last


class Cursor:
    """Where the terminal's cursor is, as far as that is known, and the shortest way to another place."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._x = self._y = -1
        self._sure = False
        """Whether nothing was written since it was placed that terminals may find wider than we do."""

    def write(self, text: str) -> str:
        """The same text, of characters one cell wide each."""
        self._x += len(text)
        # In the last column it waits for the next character, and terminals do not agree on where that is.
        self._sure = self._sure and not self.at_edge and text.isascii()
        return text

    @property
    def at_edge(self) -> bool:
        """Whether it stands in the last column, which was written."""
        return self._x >= self._width

    def place(self, x: int) -> str:
        """Go to a column of the same line, wherever it is now."""
        self._x, self._sure = x, True
        return f"\x1b[{x + 1}G"

    def move(self, x: int, y: int) -> str:
        before_x, before_y, sure = self._x, self._y, self._sure
        if (before_x, before_y) == (x, y):
            return ""
        self._x, self._y, self._sure = x, y, True
        ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"]
        if before_y == y:
            ways.append(f"\x1b[{x + 1}G")
        if sure and 0 <= y - before_y < 10:
            ways.append(_steps(y - before_y, "B") + (_steps(x - before_x, "C") if x > before_x else _back(before_x - x)))
        return min(ways, key=len)


def _repeated(same: re.Match[str]) -> str:
    text = same.group()
    return min(text, f"{text[0]}\x1b[{len(text) - 1}b", key=lambda way: len(way.encode(errors="replace")))


def _steps(count: int, letter: str) -> str:
    return f"\x1b[{count if count > 1 else ''}{letter}" if count else ""


def _back(count: int) -> str:
    return "\b" * count if count < 4 else _steps(count, "D")


def _by_style(given: Iterable[Span], first: Style | None) -> list[Span]:
    """All that is written in one style together, and styles on one ground one after the other."""
    groups: dict[Style, list[Span]] = {} if first is None else {first: []}
    blanks: list[Span] = []
    for span in given:
        (blanks if span.blank else groups.setdefault(span.style, [])).append(span)
    grounds: dict[Ground, list[Span]] = {}
    for style, group in groups.items():
        grounds.setdefault(ground(style), []).extend(group)
    for span in blanks:
        grounds.setdefault(ground(span.style), []).append(span)
    return [span for group in grounds.values() for span in group]


def _placed(span: Span, cursor: Cursor) -> Iterator[str]:
    """Character by character, and back in line after each that is not exactly one cell wide."""
    for index, text in enumerate(span.cells):
        wide = index + 1 < len(span.cells) and not span.cells[index + 1]
        if wide or len(text) > 1:
            yield text + cursor.place(span.x + index + (2 if wide else 1))
        else:
            yield cursor.write(text)


def _link(before: str | None, style: Style) -> str:
    """Close and open hyperlinks (OSC 8) for what follows."""
    if style.link == before:
        return ""
    closed = "\x1b]8;;\x1b\\" if before else ""
    return closed + (f"\x1b]8;id={style.link_id};{style.link}\x1b\\" if style.link else "")
