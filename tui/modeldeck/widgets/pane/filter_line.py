"""One line of input at the foot of a pane, opened by `/`: Enter keeps what was typed, Esc clears it."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.strip import Strip

from modeldeck.render.cell import Cell
from modeldeck.render.text import cells, clean
from modeldeck.widgets.painting.line_widget import LineWidget
from modeldeck.widgets.painting.strips import to_strip
from modeldeck.widgets.pane.line_edit import LineEdit


class FilterLine(LineWidget, can_focus=True):
    """Posts `Changed` for each change, then `Closed` once. `hint` is shown while nothing is typed."""

    DEFAULT_CSS = "FilterLine { height: 1; width: 1fr; margin: 0 1; }"

    class Changed(Message):
        """Another text stands in the line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FilterLine.Changed)

    class Closed(Message):
        """Enter (`kept`) or Esc. The text of an abandoned line is empty."""

        def __init__(self, text: str, kept: bool) -> None:
            super().__init__()
            self.text, self.kept = text, kept

    def __init__(self, text: str = "", hint: str = "") -> None:
        super().__init__()
        self._edit = LineEdit(text, len(text))
        self._hint = hint

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character.isprintable()

    def edits(self, key: str) -> bool:
        """Whether the key means something to the line that is no text."""
        return self._edit.press(key) is not None

    def on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "escape"):
            self._take(event)
            kept = event.key == "enter"
            self.post_message(self.Closed(self._edit.text if kept else "", kept))
            return
        edited = self._edit.press(event.key)
        if edited is None and event.is_printable and event.character is not None:
            edited = self._edit.insert(event.character)
        if edited is not None:
            self._take(event)
            self._show(edited)

    def on_paste(self, event: events.Paste) -> None:
        self._take(event)
        self._show(self._edit.insert(event.text))

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        styles = self.palette.on("bar")
        text, cursor = self._edit.text, self._edit.cursor
        before, at, after = clean(text[:cursor]), clean(text[cursor : cursor + 1]), clean(text[cursor + 1 :])
        # The cursor stays in sight: what does not fit leaves at the left.
        while before and cells(before) + 4 > width:
            before = before[1:]
        hint = Cell("" if text else f"  {self._hint}", "muted")
        line = [Cell("/", "key"), Cell(before), Cell(at or " ", "chip"), Cell(after), hint]
        return [to_strip(line, styles, width, trusted=False)]

    def _take(self, event: events.Event) -> None:
        event.stop()
        event.prevent_default()

    def _show(self, edit: LineEdit) -> None:
        changed = edit.text != self._edit.text
        self._edit = edit
        self.repaint()
        if changed:
            self.post_message(self.Changed(edit.text))
