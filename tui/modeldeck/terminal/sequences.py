"""What a terminal sends, cut into keys, whole escape sequences and pastes, however it comes in pieces.

A terminal also answers: to us, and late to whoever ran before us. What begins as an answer never ends as keys: its rest is waited for, and
what comes too late is still known by its form.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from textual.constants import ESCAPE_DELAY

ESC = "\x1b"
PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"
PASTE_LIMIT = 1 << 16
"""Characters of a paste that are kept."""
LONGEST = 256
"""Characters of an unfinished control sequence that are kept. Longer ones end like others, and mean nothing."""

BARE_SECONDS, PASTE_SECONDS, STRING_SECONDS = 0.5, 1.0, 3.0
"""Silence after which ESC and an introducer were two keys, a paste has lost its end, and a string has."""
LATE_SECONDS, LOST_SECONDS = 5.0, 10.0
"""Silence after which nothing goes on any more with what was given as keys, or with a string that was given up."""

_STRINGS = "]P_^X"
"""What introduces a string after ESC: OSC, DCS, APC, PM, SOS."""
_GOES_ON = {"[": "0123456789<=>?IO", "]": "0123456789lLI", "P": "0123456789>!$+=|", "_": "G", "^": "", "X": ""}
"""By introducer, with what an answer begins: what follows an introducer that came alone and was given as a key."""
_SEQUENCE = re.compile(r"\x1b(?:\[(?:\[[^\x1b]|M[^\x1b]{3}|[ -?]*[@-~])|O[^\x1b])")
"""CSI, with the forms that its grammar does not know (F1 of Linux' console, the old mouse report), and SS3 with its key."""
_BEGUN = re.compile(r"\x1b(?:\[(?:\[|M[^\x1b]{0,2}|[ -?]*)|O|[]P_^X])?\Z")
_PARAMETERS = re.compile(r"\x1b\[[ -?]*")
_SHIFTED = re.compile(r"\x1b\[\d+\$")
"""A key of rxvt with shift: the one key that looks like the beginning of something longer."""
_END = re.compile(r"\x1b\\|[\x18\x1a]|(?=\x03)|(?=\x1b[^\\])")
_OSC_END = re.compile(rf"\x07|{_END.pattern}")
"""A string's end; what may not stand in one cuts it off: another sequence, and ctrl+c, which is always heard."""
_LATE_END = re.compile(r"\x07|\x1b\\")
_C1 = dict.fromkeys(range(0x80, 0xA0)) | {ord(sign) + 0x40: ESC + sign for sign in "OPX[\\]^_"}
"""Introducers of one character, which say the same."""


class Pasted(NamedTuple):
    """Text between the marks of a paste, as it came."""

    text: str


Token = str | Pasted
"""One character; ESC and a character; a whole CSI or SS3; or a paste."""


class Scanner:
    """`feed` takes what was read, `quiet` is told for how long nothing has come since. Strings are answers: they are left out."""

    def __init__(self) -> None:
        self._held = ""
        """The end of what came, where it begins a sequence."""
        self._string = ""
        """The introducer of the string that is under way."""
        self._paste: str | None = None
        """The paste that is under way."""
        self._late = ""
        """What was given as keys because nothing followed it: an answer may still go on from it."""
        self._lost: str | None = None
        """The end of a string that was given up: the rest of it may still come."""

    @property
    def waits(self) -> bool:
        """Whether keys are held back, which `quiet` will give soon."""
        return 0 < len(self._held) <= 2 and self._paste is None and not self._string

    def feed(self, text: str) -> list[Token]:
        tokens: list[Token] = []
        text, at = self._held + self._gone_on(text.translate(_C1)), 0
        self._held = ""
        while at < len(text):
            if self._paste is not None:
                at = self._pasting(text, at, tokens)
            elif self._string:
                at = self._skip(text, at)
            elif text[at] == ESC:
                at = self._escape(text, at, tokens)
            else:
                tokens.append(text[at])
                at += 1
        return tokens

    def quiet(self, seconds: float) -> list[Token]:
        """Nothing has come for so many seconds: what is held back was keys, or has lost its end."""
        held = self._held
        if self._paste is not None:
            return self._paste_without_end() if seconds >= PASTE_SECONDS else []
        if self._string:
            if seconds >= STRING_SECONDS:
                self._string, self._held, self._lost = "", "", held
            return []
        if held:
            return self._keys_after_all(held, seconds)
        if seconds >= LATE_SECONDS:
            self._late = ""
        if seconds >= LOST_SECONDS:
            self._lost = None
        return []

    def _keys_after_all(self, held: str, seconds: float) -> list[Token]:
        """A control sequence that has got further than its introducer is waited for: that costs at most the key that ends it."""
        bare = held[1:] in _GOES_ON
        if seconds < (BARE_SECONDS if bare else ESCAPE_DELAY) or not (len(held) <= 2 or _SHIFTED.fullmatch(held)):
            return []
        self._held, self._late = "", held if bare or held == ESC else ""
        return [held]

    def _gone_on(self, text: str) -> str:
        """What came, without the rest of a string that was given up, or with what was given as keys too early."""
        if not text:
            return ""
        late, self._late = self._late, ""
        if self._lost is not None:
            lost, self._lost = self._lost, None
            if end := _LATE_END.search(lost + text):
                return text[end.end() - len(lost) :]
            if text.isprintable() and len(set(text)) > 1:  # nobody types several keys at once, but for one that is held down
                self._lost = ""
                return ""
        introducer = text[:1] if text[:1] in _GOES_ON else ""
        if late == ESC and introducer and len(text) == 1:
            self._late = ESC + introducer
        elif (late == ESC and introducer) or (len(late) == 2 and text[0] in _GOES_ON[late[1]]):
            return late + text
        return text

    def _escape(self, text: str, at: int, tokens: list[Token]) -> int:
        """Take what begins with the ESC at `at`; where to go on."""
        if _BEGUN.match(text, at):
            self._held = text[at : at + LONGEST]
            return len(text)
        if found := _SEQUENCE.match(text, at):
            if found.group() == PASTE_START:
                self._paste = ""
            else:
                tokens.append(found.group())
            return found.end()
        second = text[at + 1]
        if second in _STRINGS:
            self._string = second
        elif found := _PARAMETERS.match(text, at):
            return found.end()  # cut off by what belongs into none
        elif second == ESC:
            tokens.append(ESC)
            return at + 1
        elif second != "\\":
            tokens.append(text[at : at + 2])
        return at + 2

    def _skip(self, text: str, at: int) -> int:
        found = (_OSC_END if self._string == "]" else _END).search(text, at)
        if found is None:
            self._held = ESC if text.endswith(ESC) else ""
            return len(text)
        self._string = ""
        return found.end()

    def _pasting(self, text: str, at: int, tokens: list[Token]) -> int:
        assert self._paste is not None
        end = text.find(PASTE_END, at)
        if end < 0:
            self._held = _beginning(text[at:], PASTE_END)
            self._paste += text[at : len(text) - len(self._held)][: PASTE_LIMIT - len(self._paste)]
            return len(text)
        self._paste += text[at:end][: PASTE_LIMIT - len(self._paste)]
        tokens.append(Pasted(self._paste))
        self._paste = None
        return end + len(PASTE_END)

    def _paste_without_end(self) -> list[Token]:
        """One whose end has been lost is one that has ended; else every key would be a part of it for ever."""
        text = (self._paste or "") + self._held
        self._paste, self._held = None, ""
        return [Pasted(text[:PASTE_LIMIT])]


def _beginning(text: str, mark: str) -> str:
    """The longest end of a text that begins a mark."""
    return next((mark[:length] for length in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:length])), "")
