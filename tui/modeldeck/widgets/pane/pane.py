"""The one pane frame: a border that says what stands in it, how much and how fresh, a filter line, and any content."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.strip import Strip

from modeldeck.render.cell import Role
from modeldeck.widgets.content.content import PaneContent
from modeldeck.widgets.content.state import Live, PaneState
from modeldeck.widgets.painting.line_widget import LineWidget
from modeldeck.widgets.painting.strips import to_strip
from modeldeck.widgets.pane.filter_line import FilterLine
from modeldeck.widgets.pane.frame import FrameData, PaneHead, bottom_line, top_line
from modeldeck.widgets.table.table import Table


class Pane(LineWidget):
    """A frame around `content`. Set `head` and `state`; the filter is the user's, and comes up as `Filtered`."""

    DEFAULT_CSS = """
    Pane { layout: vertical; width: 1fr; height: 1fr; }
    Pane > PaneContent { margin: 1; }
    Pane.-filtering > PaneContent { margin: 1 1 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="pane.filter", tooltip="Show only rows that contain a text; ! turns it around"),
        Binding("escape", "clear_filter", "Clear filter", id="pane.clear_filter", show=False),
    ]

    head: Reactive[PaneHead] = reactive(PaneHead(), repaint=False)
    """Number, title, detail and figure in the upper border."""

    state: Reactive[PaneState] = reactive(Live(), repaint=False)
    """How fresh the content is; handed down to it."""

    filter_text: Reactive[str] = reactive("", repaint=False)
    """The filter that stands. Empty: none."""

    class Filtered(Message):
        """The filter changed. `final` is false while it is being typed."""

        def __init__(self, pane: Pane, text: str, final: bool) -> None:
            super().__init__()
            self.pane, self.text, self.final = pane, text, final

        @property
        def control(self) -> Pane:
            return self.pane

    def __init__(
        self,
        content: PaneContent,
        head: PaneHead,
        state: PaneState | None = None,
        *,
        filterable: bool = True,
        filters_rows: bool = True,
        filter_hint: str = "text · !text for rows without it",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """With `filters_rows`, the pane filters a table in it by itself; without, the text is for the backend, in its own syntax."""
        super().__init__(id=id, classes=classes)
        self.content = content
        self._filterable = filterable
        self._filters_rows = filters_rows
        self._filter_hint = filter_hint
        self._counts: tuple[int, int] | None = (0, 0) if isinstance(content, Table) else None
        self.set_reactive(Pane.head, head)
        self.set_reactive(Pane.state, Live() if state is None else state)
        content.set_reactive(PaneContent.state, self.state)

    def compose(self) -> ComposeResult:
        yield self.content

    def focus_content(self) -> None:
        """Give the keys to what stands in the pane."""
        self.content.focus()

    # Painting

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        if width < 4 or height < 2:
            return []
        data = FrameData(self.head, self.state, self.has_focus_within, self.filter_text, self._counts)
        palette = self.palette
        frame = palette.frame_focus if data.focused else palette.frame
        styles: dict[Role, Style] = {**palette.on("base"), "": frame}
        # The same with and without the focus: over a slow link it is told in two lines instead of in each of them.
        side = Strip([Segment("│", palette.frame), Segment(" " * (width - 2), palette.base), Segment("│", palette.frame)], width)
        top = to_strip(top_line(data, width), styles, width, trusted=True)
        bottom = to_strip(bottom_line(data, width), styles, width, trusted=True)
        return [top, *([side] * (height - 2)), bottom]

    def watch_head(self) -> None:
        self.repaint()

    def watch_state(self, state: PaneState) -> None:
        self.content.state = state
        self.repaint()

    def watch_filter_text(self, text: str) -> None:
        if self._filters_rows and isinstance(self.content, Table):
            self.content.filter_rows(text)
        self.repaint()

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        self.repaint()

    def on_descendant_blur(self, _event: events.DescendantBlur) -> None:
        self.repaint()

    def on_table_counted(self, message: Table.Counted) -> None:
        self._counts = (message.shown, message.total)
        self.repaint()

    # The filter

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "filter":
            return self._filterable
        if action == "clear_filter":
            return bool(self.filter_text)
        return True

    def action_filter(self) -> None:
        if not self.has_class("-filtering"):
            self.add_class("-filtering")
            line = FilterLine(self.filter_text, self._filter_hint)
            self.mount(line)
            line.focus()

    def action_clear_filter(self) -> None:
        self._set_filter("", final=True)

    def on_filter_line_changed(self, message: FilterLine.Changed) -> None:
        message.stop()
        self._set_filter(message.text, final=False)

    def on_filter_line_closed(self, message: FilterLine.Closed) -> None:
        message.stop()
        self.remove_class("-filtering")
        self.query(FilterLine).remove()
        self.focus_content()
        self._set_filter(message.text, final=True)

    def _set_filter(self, text: str, *, final: bool) -> None:
        self.filter_text = text
        self.post_message(self.Filtered(self, text, final))
