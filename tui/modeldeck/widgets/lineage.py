"""The line that says the selection in words: run → version → alias → deployment revision → live latency."""

from __future__ import annotations

from textual.reactive import Reactive, reactive

from modeldeck.render.cell import Cell, Line
from modeldeck.render.text import cells, clean
from modeldeck.widgets.bar import Bar


def lineage_line(left: Line, right: Line, width: int) -> Line:
    """The selection at the left, what serves now at the right; the right goes first where both do not fit."""
    taken = 1 + sum(cells(clean(text)) for text, _ in left)
    beside = 1 + sum(cells(clean(text)) for text, _ in right)
    if right and taken + 2 + beside <= width:
        return (Cell(" "), *left, Cell(" " * (width - taken - beside)), *right, Cell(" "))
    return (Cell(" "), *left)


class LineageBar(Bar):
    """Shows `left` and `right`, two lines of cells."""

    DEFAULT_CSS = "LineageBar { height: 1; }"

    left: Reactive[Line] = reactive((), repaint=False)
    right: Reactive[Line] = reactive((), repaint=False)

    def line(self, width: int) -> Line:
        return lineage_line(self.left, self.right, width)

    def watch_left(self) -> None:
        self.repaint()

    def watch_right(self) -> None:
        self.repaint()
