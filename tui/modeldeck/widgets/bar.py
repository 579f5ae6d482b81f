"""One line of cells across the screen: the base of header, lineage and footer."""

from __future__ import annotations

from textual.strip import Strip

from modeldeck.render.cell import Line
from modeldeck.widgets.painting.line_widget import LineWidget
from modeldeck.widgets.painting.strips import to_strip


class Bar(LineWidget):
    """Subclasses say what the line is at a width, and on which ground it stands."""

    GROUND = "base"

    def line(self, width: int) -> Line:
        """The cells of the line; what is too long for `width` is cut with an ellipsis."""
        raise NotImplementedError

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        return [to_strip(self.line(width), self.palette.on(self.GROUND), width)]
