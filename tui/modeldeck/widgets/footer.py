"""The last line: the keys of this place. One that cannot be used now is greyed, and says why where there is room."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.strip import Strip

from modeldeck.render.cell import Cell, Line
from modeldeck.render.text import cells, clean
from modeldeck.widgets.bar import Bar


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key and what it does. `reason` says why it cannot be used now; empty: it can. `action` is what a click on it runs."""

    key: str
    label: str
    reason: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class FooterData:
    """Hints, the most important first, and a note at the right: what the last command did, and the address that it leads to, if any."""

    hints: tuple[KeyHint, ...] = ()
    note: Line = ()
    link: str = ""


def footer_line(data: FooterData, width: int) -> Line:
    """As many hints as there is room for. Reasons go first where it is short, then hints from the end; the last one (help, which leads to
    all others) and the note stay."""
    note_width = sum(cells(clean(text)) for text, _ in data.note)
    pieces = _pieces(data, width)
    taken = sum(_width(piece) for _, piece in pieces)
    return (*(cell for _, piece in pieces for cell in piece), Cell(" " * max(0, width - taken - note_width - 1)), *data.note)


def hint_at(data: FooterData, width: int, x: int) -> KeyHint | None:
    """The hint under cell `x` of the line; None where there is none."""
    end = 0
    for hint, piece in _pieces(data, width):
        end += _width(piece)
        if x < end:
            return hint
    return None


def _pieces(data: FooterData, width: int) -> list[tuple[KeyHint, list[Cell]]]:
    """The hints that fit beside the note, each with its cells."""
    room = width - (sum(cells(clean(text)) for text, _ in data.note) + 2 if data.note else 0)
    pieces: list[tuple[KeyHint, list[Cell]]] = []
    for say_why in (True, False):
        pieces = [(hint, _hint(hint, say_why)) for hint in data.hints]
        if sum(_width(piece) for _, piece in pieces) <= room:
            return pieces
    while pieces and sum(_width(piece) for _, piece in pieces) > room:
        pieces.pop(-2 if len(pieces) > 1 else -1)
    return pieces


def _hint(hint: KeyHint, say_why: bool) -> list[Cell]:
    if not hint.reason:
        return [Cell(f" {hint.key}", "key"), Cell(f" {hint.label} ")]
    # Brackets tell a key that cannot be used from one that can where there is no colour. They stand where else are blanks, so that all that
    # follows stays where it is from row to row.
    message = f" {hint.key} {hint.label} ({clean(hint.reason, limit=60)}) " if say_why else f"({hint.key} {hint.label})"
    return [Cell(message, "muted")]


def _width(line: list[Cell]) -> int:
    return sum(cells(cell.text) for cell in line)


class Footer(Bar):
    """Shows `data`; a click on a hint posts `Pressed`."""

    DEFAULT_CSS = "Footer { height: 1; dock: bottom; }"
    GROUND = "bar"

    data: Reactive[FooterData] = reactive(FooterData(), repaint=False)

    class Pressed(Message):
        """A hint was clicked."""

        def __init__(self, hint: KeyHint) -> None:
            super().__init__()
            self.hint = hint

    def line(self, width: int) -> Line:
        return footer_line(self.data, width)

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        (strip,) = super().paint_lines(width, height)
        if not self.data.link:
            return [strip]
        start = max(0, width - 1 - sum(cells(clean(text)) for text, _ in self.data.note))
        before, note, after = strip.crop(0, start), strip.crop(start, width - 1), strip.crop(width - 1)
        return [Strip.join([before, note.apply_style(Style(link=self.data.link)), after])]

    def watch_data(self) -> None:
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        hint = hint_at(self.data, self.size.width, event.x)
        if hint is not None:
            self.post_message(self.Pressed(hint))
