"""Charts on top of each other, as content of a pane, with lines of text around them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from modeldeck.render.cell import Line
from modeldeck.render.charts.stack import StackedChart, stack_lines
from modeldeck.widgets.content.content import PaneContent
from modeldeck.widgets.painting.strips import to_strip


class ChartStack(PaneContent, can_focus=True):
    """Give it what to show with `update`; only lines that differ are painted."""

    DEFAULT_CSS = "ChartStack { height: 1fr; width: 1fr; }"

    class Scrolled(Message):
        """The wheel was turned: 1 for a longer window, -1 for a shorter one."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._above: tuple[Line, ...] = ()
        self._charts: tuple[StackedChart, ...] = ()
        self._below: tuple[Line, ...] = ()

    def update_charts(self, charts: Sequence[StackedChart], *, above: Sequence[Line] = (), below: Sequence[Line] = ()) -> None:
        """Show other data, painting once."""
        new = (tuple(charts), tuple(above), tuple(below))
        if new != (self._charts, self._above, self._below):
            self._charts, self._above, self._below = new
            self.repaint()

    def paint_content(self, width: int, height: int) -> list[Strip]:
        styles = self.palette.on("stale" if self.stale else "base")
        plots = stack_lines(self._charts, width, height - len(self._above) - len(self._below))
        lines = [to_strip(line, styles, width) for line in self._above]
        lines += [to_strip(line, styles, width, trusted=True) for line in plots]
        return lines + [to_strip(line, styles, width) for line in self._below]

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1))
