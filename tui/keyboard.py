"""What a terminal sends, as Textual's events, whatever it sends: pastes whole and without orders, floods thinned, nonsense dropped.

Textual's own reader takes each escape inside a paste for a key, posts every key of a flood, and dies of bytes that are not UTF-8 or of a
code point that does not exist.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator

from textual import events
from textual._parser import ParseError
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.message import Message

PASTE_LIMIT = 1 << 16
"""Characters of a paste that are kept."""
FLOOD, KEPT = 256, 16
"""More keys at once than a person types ahead are a paste of a terminal that does not mark them: only the last ones count."""
WIDEST, HIGHEST = 2000, 1000
"""Cells of a screen. A terminal may be told to claim more, and each cell costs memory."""

_ANSWER = re.compile(rb"\x1b\[\?[0-9;]*c")

_NONSENSE = (ArithmeticError, LookupError, ValueError, TypeError, StopIteration, ParseError)
# What the parser raises for code points, sizes and sequences that do not exist.


class Keyboard:
    """`feed` takes bytes as they are read, `idle` is called when none have come for a moment, `pause` when none have come for long."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._parser = XTermParser()
        self._answers = 0
        self._held = ""
        """The end of what came, where a mark may continue it."""
        self._paste: list[str] | None = None
        """The pieces of the paste that is under way."""

    @property
    def waits(self) -> bool:
        """Whether something is held back: then `idle` is due soon."""
        return bool(self._held) and self._paste is None

    @property
    def pasting(self) -> bool:
        return self._paste is not None

    def answers(self) -> int:
        """How often the terminal has answered since this was asked."""
        found, self._answers = self._answers, 0
        return found

    def feed(self, data: bytes) -> list[Message]:
        data, found = _ANSWER.subn(b"", data)
        self._answers += found
        return _thinned(list(self._events(self._held + self._decode(data))))

    def idle(self) -> list[Message]:
        """Nothing continues what is held back: it was a key."""
        held, self._held = ("", self._held) if self._paste is not None else (self._held, "")
        return list(self._parsed(held)) if held else self._ticked()

    def pause(self) -> list[Message]:
        """A paste whose end has been lost is one that has ended; else every key would be a part of it for ever."""
        if self._paste is None:
            return []
        self._paste.append(self._held)
        self._held = ""
        return [self._pasted()]

    def _events(self, text: str) -> Iterator[Message]:
        self._held = ""
        while text:
            mark = BRACKETED_PASTE_START if self._paste is None else BRACKETED_PASTE_END
            before, found, after = text.partition(mark)
            if not found:
                self._held = _beginning(before, mark)
                before = before[: len(before) - len(self._held)]
            if self._paste is None:
                yield from self._parsed(before)
                self._paste = [] if found else None
            else:
                self._paste.append(before)
                if found:
                    yield self._pasted()
            text = after

    def _pasted(self) -> events.Paste:
        text, self._paste = "".join(self._paste or ())[:PASTE_LIMIT], None
        return events.Paste("".join(character for character in text if character.isprintable() or character in "\n\t"))

    def _parsed(self, text: str) -> Iterator[Message]:
        try:
            for event in self._parser.feed(_end_of(text)) if text else ():
                if not isinstance(event, events.Resize) or _is_possible(event):
                    yield event
        except _NONSENSE:
            self._parser = XTermParser()

    def _ticked(self) -> list[Message]:
        try:
            return list(self._parser.tick())
        except _NONSENSE:
            self._parser = XTermParser()
            return []


def _end_of(text: str) -> str:
    """All of it, where somebody may have typed that; of a flood the end, from where a sequence begins: parsing it all takes seconds."""
    if len(text) <= FLOOD * 8:
        return text
    tail = text[-KEPT * 4 :]
    return tail[tail.find("\x1b") :] if "\x1b" in tail else tail[-KEPT:]


def _beginning(text: str, mark: str) -> str:
    """The longest end of a text that begins a mark."""
    return next((mark[:length] for length in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:length])), "")


def _is_possible(event: events.Resize) -> bool:
    return 0 < event.size.width <= WIDEST and 0 < event.size.height <= HIGHEST


def _thinned(found: list[Message]) -> list[Message]:
    pressed = [event for event in found if isinstance(event, events.InputEvent)]
    if len(pressed) <= FLOOD:
        return found
    kept = {id(event) for event in pressed[-KEPT:]}
    return [event for event in found if not isinstance(event, events.InputEvent) or id(event) in kept]
