"""A few lines across the screen, as many as they need: what is going on, or how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.strip import Strip

from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import flow
from modeldeck.widgets.painting.line_widget import LineWidget
from modeldeck.widgets.painting.strips import to_strip

_BELOW = 12
"""Rows that it leaves to what stands below, the footer among them."""


class Banner(LineWidget):
    """Grows and shrinks with its lines; what is too long goes on in the next line."""

    DEFAULT_CSS = "Banner { height: 1; width: 1fr; }"

    def __init__(self, *, rows: int | None = None, id: str | None = None) -> None:
        """`rows`: always so many, whatever it has to say."""
        super().__init__(id=id)
        self._rows = rows
        self._lines: Sequence[Line] = ()
        self._height = 1

    @property
    def room(self) -> int:
        """Cells that a line may have."""
        return max(0, (self.size.width or self.app.size.width) - 2)

    def update_lines(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._stretch()
        self.repaint()

    def _stretch(self) -> None:
        most = max(4, self.app.size.height - _BELOW)
        height = self._rows or max(1, min(len(flow(self._lines, self.room)), most))
        if height != self._height:
            self._height = height
            self.styles.height = height

    def on_resize(self, _event: events.Resize) -> None:
        self._stretch()
        self.repaint()

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        styles = self.palette.on("base")
        return [to_strip((Cell(" "), *line), styles, width) for line in flow(self._lines, width - 2)[:height]]
