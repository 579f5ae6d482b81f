"""One question: yes or no, or a line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from modeldeck.render.cell import Line
from modeldeck.widgets.content.text_view import TextView

_CSS = """
{name} {{ align: center middle; }}
{name} > Vertical {{ width: 76; max-width: 92%; height: auto; border: round $accent; padding: 0 1; background: $surface; }}
{name} TextView {{ height: {lines}; }}
"""


class Confirm(ModalScreen[bool]):
    """`y` or `n`. Enter is neither: a key pressed by habit must not restart production."""

    DEFAULT_CSS = _CSS.format(name="Confirm", lines=5)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no"),
    ]

    def __init__(self, title: str, lines: tuple[Line, ...]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = "y yes · n no"
            yield TextView(id="question")

    def on_mount(self) -> None:
        self.query_one("#question", TextView).update_lines(self._lines)
        self.query_one("#question").focus()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class Prompt(ModalScreen[str | None]):
    """Dismisses with the text, or None when it is left, or empty and not `optional`. `longest`: characters; 0 for any."""

    DEFAULT_CSS = _CSS.format(name="Prompt", lines=2)

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", id="prompt.leave")]

    def __init__(self, title: str, lines: tuple[Line, ...], text: str = "", *, optional: bool = False, longest: int = 0) -> None:
        super().__init__()
        self._title, self._lines, self._text, self._optional, self._longest = title, lines, text, optional, longest

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = "enter · esc"
            yield TextView(id="question")
            yield Input(self._text, max_length=self._longest)

    def on_mount(self) -> None:
        self.query_one("#question", TextView).update_lines(self._lines)
        self.query_one(Input).focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        self.dismiss(text if text or self._optional else None)

    def action_leave(self) -> None:
        self.dismiss(None)
