"""What a terminal sends, as Textual's events, whatever it sends: pastes without orders, floods thinned, answers and nonsense dropped.

Textual's own reader types what it does not know (`?` of a device's attributes opens the help), takes each escape inside a paste for a key,
posts every key of a flood, and dies of bytes that are not UTF-8 or of a code point that does not exist.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from textual import events
from textual.keys import Keys
from textual.message import Message
from textual.messages import InBandWindowResize

from modeldeck.terminal.capabilities import IT_REPEATS
from modeldeck.terminal.sequences import ESC, Pasted, Scanner, Token
from modeldeck.terminal.textual_private import ParseError, XTermParser, keys_of, named_key

FLOOD, KEPT = 256, 16
"""More keys at once than a person types ahead are a paste of a terminal that does not mark them: only the last ones count."""
WIDEST, HIGHEST = 2000, 1000
"""Cells of a screen. A terminal may be told to claim more, and each cell costs memory."""

_REPORTS = re.compile(r"\x1b\[(?:[IO]|<\d{1,4};-?\d{1,6};-?\d{1,6}[Mm]|\?20(?:26|48);\d\$y)")
"""What Textual has asked for: the focus, the mouse, and whether there are whole frames and sizes in band."""
_SIZE = re.compile(r"\x1b\[48(?:;\d{1,5}){4}t")
_PLACE = re.compile(r"\x1b\[\d+;\d+R")
"""Where the cursor is. F3 with shift looks the same."""
_ANSWER = re.compile(r"\x1b\[\?[0-9;]*c")
"""To what `modeldeck.terminal.pacing` asks."""

_NONSENSE = (ArithmeticError, LookupError, ValueError, TypeError, StopIteration, ParseError)
# What the parser raises for code points, sizes and sequences that do not exist.


def _c1(error: UnicodeError) -> tuple[str, int]:
    """A byte that begins no character is an introducer of a terminal without UTF-8, or nothing."""
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start]
    return (chr(byte), error.start + 1) if 0x80 <= byte < 0xA0 else ("\ufffd", error.end)


codecs.register_error("modeldeck.c1", _c1)


class AltKey(events.Key):
    """ESC and a character that came together: alt and that key, or the two keys one after the other. `apart` are the two."""

    def __init__(self, key: str, apart: tuple[events.Key, ...]) -> None:
        super().__init__(key, None)
        self.apart = apart


class Keyboard:
    """`feed` takes bytes as they are read, `quiet` is told for how many seconds none have come."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("modeldeck.c1").decode
        self._scanner = Scanner()
        self._parser = XTermParser()
        self._answers = 0
        self.repeats = False
        """Whether the terminal has answered that it repeats characters (`modeldeck.terminal.instant` asks)."""
        self._in_band = False
        """Whether the terminal was heard to report its size in band: then Textual asks it to."""

    @property
    def waits(self) -> bool:
        """Whether keys are held back: then `quiet` is due soon."""
        return self._scanner.waits

    def answers(self) -> int:
        """How often the terminal has answered since this was asked."""
        found, self._answers = self._answers, 0
        return found

    def feed(self, data: bytes) -> list[Message]:
        return self._events(_thinned(self._scanner.feed(self._decode(data))))

    def quiet(self, seconds: float) -> list[Message]:
        return self._events(self._scanner.quiet(seconds))

    def _events(self, tokens: Iterable[Token]) -> list[Message]:
        found: list[Message] = []
        for token in tokens:
            try:
                found += [events.Paste(_harmless(token.text))] if isinstance(token, Pasted) else self._meant(token)
            except _NONSENSE:
                self._parser, self._in_band = XTermParser(), False
        return found

    def _meant(self, token: str) -> Iterable[Message]:
        if len(token) == 1:
            return self._keys(token)
        if len(token) == 2:
            return self._with_alt(token)
        if token[1] == "O":
            return self._keys(token) or [key for character in token for key in self._keys(character)]
        if _ANSWER.fullmatch(token):
            self._answers += 1
            return ()
        if _REPORTS.fullmatch(token) or (self._in_band and _SIZE.fullmatch(token)):
            reports = list(self._parser.feed(token))
            self._in_band |= any(isinstance(report, InBandWindowResize) and report.supported for report in reports)
            return [report for report in reports if not isinstance(report, events.Resize) or _is_possible(report)]
        self.repeats |= token == IT_REPEATS
        return [] if _PLACE.fullmatch(token) else self._keys(token)

    def _with_alt(self, token: str) -> list[Message]:
        apart = (*self._keys(ESC), *self._keys(token[1]))
        key = named_key(token) or f"alt+{apart[-1].key}"  # some are a word back, or a word on
        return [AltKey(key, apart)]

    def _keys(self, sequence: str) -> list[events.Key]:
        return [key for key in keys_of(self._parser, sequence) if key.key != Keys.Ignore]


def _harmless(text: str) -> str:
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def _is_possible(event: events.Resize) -> bool:
    return 0 < event.size.width <= WIDEST and 0 < event.size.height <= HIGHEST


def _thinned(tokens: list[Token]) -> list[Token]:
    """Before they are understood: that takes seconds for a flood."""
    if len(tokens) <= FLOOD:
        return tokens
    typed = tokens[:-KEPT]
    return [token for token in typed if isinstance(token, Pasted) or token.startswith("\x1b[?")] + tokens[-KEPT:]
