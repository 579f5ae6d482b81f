"""The one chart, as content of a pane: one or several charts with lines of text around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.strip import Strip

from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart import chart_lines
from modeldeck.render.charts.chart_data import ChartData
from modeldeck.widgets.content.content import PaneContent
from modeldeck.widgets.painting.strips import to_strip

_SIDE_BY_SIDE = 100
# From this width on, charts stand beside each other.
_LEAST_HEIGHT = 5


class Chart(PaneContent, can_focus=True):
    """Shows `charts`, drawn only when they changed and can be seen. ← and → move a cursor in time through all of them."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "cursor(-1)", "Earlier", id="chart.earlier", tooltip="Read values at an earlier time", show=False),
        Binding("right,l", "cursor(1)", "Later", id="chart.later", tooltip="Read values at a later time", show=False),
        Binding("escape", "no_cursor", "Leave the cursor", id="chart.no_cursor", show=False),
    ]

    charts: Reactive[tuple[ChartData, ...]] = reactive((), repaint=False)
    """What is drawn. Charts that do not fit in the height are left out from the end."""

    above: Reactive[tuple[Line, ...]] = reactive((), repaint=False)
    """Lines of text above the charts: headline figures."""

    below: Reactive[tuple[Line, ...]] = reactive((), repaint=False)
    """Lines of text below the charts."""

    empty: Reactive[str] = reactive("nothing to draw", repaint=False)
    """Said where there is no chart at all."""

    cursor: Reactive[float | None] = reactive(None, repaint=False)
    """The time, in seconds since the epoch, at which values are read; None: the newest."""

    class CursorMoved(Message):
        """The user reads the charts at another time; None: at the newest."""

        def __init__(self, chart: Chart, at: float | None) -> None:
            super().__init__()
            self.chart, self.at = chart, at

        @property
        def control(self) -> Chart:
            return self.chart

    class Scrolled(Message):
        """The wheel was turned: 1 for a longer window, -1 for a shorter one."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def set_series(self, charts: Sequence[ChartData], *, above: Sequence[Line] = (), below: Sequence[Line] = ()) -> None:
        """Show other data, painting once."""
        new = (tuple(charts), tuple(above), tuple(below))
        if new == (self.charts, self.above, self.below):
            return
        self.set_reactive(Chart.charts, new[0])
        self.set_reactive(Chart.above, new[1])
        self.set_reactive(Chart.below, new[2])
        self.repaint()

    def paint_content(self, width: int, height: int) -> list[Strip]:
        styles = self.palette.on("stale" if self.stale else "base")
        above, below = self.above[:height], self.below
        if not self.charts and not above:
            above = ((Cell(""),), (Cell(f"   {self.empty}", "muted"),))[:height]
        if len(above) + len(below) + _LEAST_HEIGHT > height:
            below = ()
        plots = self._plots(width, height - len(above) - len(below))
        lines = [to_strip(line, styles, width) for line in above]
        lines += [to_strip(line, styles, width, trusted=True) for line in plots]
        return lines + [to_strip(line, styles, width) for line in below]

    def watch_charts(self) -> None:
        self.repaint()

    def watch_empty(self) -> None:
        self.repaint()

    def watch_above(self) -> None:
        self.repaint()

    def watch_below(self) -> None:
        self.repaint()

    def watch_cursor(self) -> None:
        self.repaint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.cursor is not None if action == "no_cursor" else True

    def action_cursor(self, cells: int) -> None:
        if not self.charts or self.covered:
            return
        start, end = self.charts[0].window
        step = (end - start) / max(1, self.size.width - 10)
        at = end if self.cursor is None else self.cursor + cells * step
        self._read_at(max(start, min(at, end)))

    def action_no_cursor(self) -> None:
        self._read_at(None)

    def on_click(self, _event: events.Click) -> None:
        self.focus()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1))

    def _read_at(self, at: float | None) -> None:
        self.cursor = at
        self.post_message(self.CursorMoved(self, at))

    def _plots(self, width: int, height: int) -> list[Line]:
        charts = [replace(chart, cursor=self.cursor) if self.cursor is not None else chart for chart in self.charts]
        if not charts or height <= 0:
            return []
        across = min(len(charts), max(1, width // (_SIDE_BY_SIDE // 2))) if width >= _SIDE_BY_SIDE else 1
        rows = [charts[start : start + across] for start in range(0, len(charts), across)][: max(1, height // _LEAST_HEIGHT)]
        lines: list[Line] = []
        for index, row in enumerate(rows):
            row_height = height * (index + 1) // len(rows) - height * index // len(rows)
            lines += _beside(row, width, row_height, across)
        return lines


def _beside(charts: Sequence[ChartData], width: int, height: int, across: int) -> list[Line]:
    """Charts side by side, with two blank cells between them."""
    one = (width - 2 * (across - 1)) // across
    blocks = [chart_lines(chart, one, height) for chart in charts]
    gap = Cell("  ")
    lines: list[Line] = []
    for parts in zip(*blocks, strict=True):
        line: list[Cell] = []
        for part in parts:
            line += [*part, gap]
        lines.append(tuple(line[:-1]))
    return lines
