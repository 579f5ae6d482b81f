"""What stands inside a pane: a table, a chart, a text. It can be covered by words, and it can be stale."""

from __future__ import annotations

from textual.reactive import Reactive, reactive
from textual.strip import Strip

from modeldeck.render.cell import Cell
from modeldeck.widgets.content.placeholders import apology, skeleton
from modeldeck.widgets.content.state import Live, Loading, PaneState, Stale, Unavailable
from modeldeck.widgets.painting.line_widget import LineWidget
from modeldeck.widgets.painting.strips import to_strip


class PaneContent(LineWidget):
    """Content of a pane, which hands its own state down. Subclasses give `paint_content`.

    Content is covered rather than hidden, so that it keeps its size and the focus while there is nothing to show.
    """

    state: Reactive[PaneState] = reactive(Live(), repaint=False)
    """Loading and unavailable cover the content; stale dims it."""

    def paint_content(self, width: int, height: int) -> list[Strip]:
        """The content's lines."""
        raise NotImplementedError

    @property
    def covered(self) -> bool:
        """Whether words stand where the content would."""
        return isinstance(self.state, Loading | Unavailable)

    @property
    def stale(self) -> bool:
        """Whether the content is to be dimmed."""
        return isinstance(self.state, Stale)

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        match self.state:
            case Loading(kept=kept) if kept:
                styles = self.palette.on("stale")
                return [to_strip((Cell(text, "muted"),), styles, width) for text in kept[:height]]
            case Loading(quiet=True):
                lines = []
            case Loading():
                lines = skeleton(width, height)
            case Unavailable() as state:
                lines = apology(state, width, height)
            case _:
                return self.paint_content(width, height)
        return [to_strip(line, self.palette.on("base"), width) for line in lines[:height]]

    def watch_state(self) -> None:
        self.repaint()
