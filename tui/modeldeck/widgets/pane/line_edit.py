"""Editing one line of text, as a value: what each key does to a text and its cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class LineEdit:
    """A text and the position of its cursor, counted in characters."""

    text: str = ""
    cursor: int = 0

    def insert(self, text: str) -> LineEdit:
        """Type or paste; line ends become blanks."""
        text = " ".join(text.splitlines())
        return LineEdit(self.text[: self.cursor] + text + self.text[self.cursor :], self.cursor + len(text))

    def press(self, key: str) -> LineEdit | None:
        """The edit after an editing key; None where the key does not edit."""
        action = _KEYS.get(key)
        return None if action is None else action(self)

    def _moved(self, cursor: int) -> LineEdit:
        return replace(self, cursor=max(0, min(cursor, len(self.text))))

    def _without(self, start: int, end: int) -> LineEdit:
        start = max(0, start)
        return LineEdit(self.text[:start] + self.text[end:], start)

    def _word_end(self) -> int:
        after = self.text[self.cursor :]
        blanks = len(after) - len(after.lstrip())
        return self.cursor + blanks + len(after.lstrip().partition(" ")[0])

    def _word_start(self) -> int:
        return len(self.text[: self.cursor].rstrip().rpartition(" ")[0]) + (" " in self.text[: self.cursor].rstrip())


_KEYS: dict[str, Callable[[LineEdit], LineEdit]] = {
    "left": lambda e: e._moved(e.cursor - 1),
    "ctrl+b": lambda e: e._moved(e.cursor - 1),
    "right": lambda e: e._moved(e.cursor + 1),
    "ctrl+f": lambda e: e._moved(e.cursor + 1),
    "ctrl+left": lambda e: e._moved(e._word_start()),
    "ctrl+right": lambda e: e._moved(e._word_end()),
    "home": lambda e: e._moved(0),
    "ctrl+a": lambda e: e._moved(0),
    "end": lambda e: e._moved(len(e.text)),
    "ctrl+e": lambda e: e._moved(len(e.text)),
    "backspace": lambda e: e._without(e.cursor - 1, e.cursor),
    "ctrl+h": lambda e: e._without(e.cursor - 1, e.cursor),
    "delete": lambda e: e._without(e.cursor, e.cursor + 1),
    "ctrl+d": lambda e: e._without(e.cursor, e.cursor + 1),
    "ctrl+w": lambda e: e._without(e._word_start(), e.cursor),
    "ctrl+u": lambda e: e._without(0, e.cursor),
    "ctrl+k": lambda e: e._without(e.cursor, len(e.text)),
}
