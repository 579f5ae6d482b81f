"""Lines of text that scroll: a plan, an operation, logs, a description. Follows the end while the end is in sight, when told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from modeldeck.render.cell import Cell, Line, line_text
from modeldeck.widgets.content.content import PaneContent
from modeldeck.widgets.painting.strips import to_strip


class TextView(PaneContent, can_focus=True):
    """Shows `Line`s. With `follow` it stays at the end as lines come, until the reader moves up; going to the end follows again."""

    DEFAULT_CSS = "TextView { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll(1)", "Down", id="text.down", show=False),
        Binding("k,up", "scroll(-1)", "Up", id="text.up", show=False),
        Binding("g,home", "first", "To the top", id="text.first", show=False),
        Binding("G,end", "last", "To the end", id="text.last", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="text.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="text.page_up", show=False),
        Binding("right", "aside(8)", "To the right", id="text.right", show=False),
        Binding("left", "aside(-8)", "To the left", id="text.left", show=False),
    ]

    def __init__(self, *, follow: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._all: Sequence[Line] = ()
        self._seen: Sequence[Line] = ()
        self._filter = ""
        self._top = 0
        self._left = 0
        self._follow = follow
        self._at_end = follow

    @property
    def lines(self) -> Sequence[Line]:
        """The lines that pass the filter."""
        return self._seen

    @property
    def counts(self) -> tuple[int, int]:
        """(lines that pass the filter, all lines)."""
        return len(self._seen), len(self._all)

    def update_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines; the place that is read stays in sight."""
        self._all = lines
        self._sift()

    def filter_rows(self, text: str) -> None:
        """Show only lines that contain `text`; with a leading `!`, only those that do not."""
        self._filter = text
        self._sift()

    def _sift(self) -> None:
        without = self._filter.startswith("!")
        needle = self._filter.removeprefix("!").lower()
        if needle:
            self._seen = [line for line in self._all if (needle in line_text(line).lower()) is not without]
        else:
            self._seen = self._all
        self._place(self._end if self._at_end else self._top)

    @property
    def _end(self) -> int:
        return max(0, len(self._seen) - self.size.height)

    def _place(self, top: int) -> None:
        self._top = max(0, min(top, self._end))
        self.repaint()

    def paint_content(self, width: int, height: int) -> list[Strip]:
        if self._at_end:
            self._top = max(0, len(self._seen) - height)
        styles = self.palette.on("stale" if self.stale else "base")
        return [to_strip(_aside(line, self._left), styles, width) for line in self._seen[self._top : self._top + height]]

    def action_scroll(self, lines: int) -> None:
        self._move(self._top + lines)

    def action_page(self, pages: int) -> None:
        self._move(self._top + pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._move(0)

    def action_last(self) -> None:
        self._move(self._end)

    def action_aside(self, columns: int) -> None:
        self._left = max(0, self._left + columns)
        self.repaint()

    def _move(self, top: int) -> None:
        self._at_end = self._follow and top >= self._end
        self._place(top)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll(-3)


def _aside(line: Line, columns: int) -> Line:
    """The line without its first `columns` characters: scrolled to the side."""
    if not columns:
        return line
    out: list[Cell] = []
    for text, role in line:
        out.append(Cell(text[columns:], role))
        columns = max(0, columns - len(text))
    return tuple(out)
