"""Text from backends made harmless, and cut or padded to exact terminal cells.

Run names, tags, log lines and error texts come from systems that anybody may write to. `clean` lets nothing of them reach
the terminal as an instruction, and leaves only characters whose width terminals agree on, so that columns stay aligned.
What is taken out leaves a visible stand-in, so that two different names do not look the same; only what chooses between
two pictures of the same character (variation selectors, skin tones) goes without one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from rich.cells import cell_len as _rich_cell_len
from rich.cells import get_character_cell_size as _size

from modeldeck.render.cell import Align

STAND_IN = "·"
"""Stands for a character that is invisible or that only gives orders: zero widths, bidi controls, C1 controls."""

_MAX_MARKS = 2
# Combining marks on one base character; more only occur in floods that climb over the neighbouring lines.

_NARROW = ((0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x2FF), (0x370, 0x482), (0x2500, 0x25FC), (0x2800, 0x28FF))
# Most of what is ever shown: Latin, Greek, Cyrillic, box drawing, Braille.

_CACHED_LENGTH = 256
_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")
_NAMED = {
    "\t": "→",
    "\n": "↵",
    "\r": "↵",
    "\u2028": "↵",
    "\u2029": "↵",
    "\x7f": "␡",
    # Blank but of a letter's category, and drawn one or two cells wide depending on the terminal.
    "\u115f": STAND_IN,
    "\u1160": STAND_IN,
    "\u3164": STAND_IN,
    "\uffa0": STAND_IN,
    "\u2800": STAND_IN,
    "\u034f": STAND_IN,
}
_JOINER = "\u200d"
_UNDRAWN = ("Cc", "Cf", "Co", "Cn", "Me")


def clean(text: str, *, limit: int | None = None) -> str:
    """Return `text` without anything that a terminal would act on; at most `limit` characters of the source are read.

    Control characters become their pictures (ESC is shown as ␛, so that the body of a sequence stays readable and dead),
    line ends ↵, tabs →, invisible and bidi characters ·, lone surrogates �. Emoji sequences are taken apart, and combining
    marks bounded: terminals disagree on the width of either. Idempotent.
    """
    if limit is not None and len(text) > limit:
        text = text[: max(0, limit - 1)] + "…"
    if text.isascii() and text.isprintable():
        return text
    if len(text) <= _CACHED_LENGTH:
        return _clean_cached(text)
    return _clean(text)


only_narrow: Callable[[str], bool] = frozenset(chr(code) for first, last in _NARROW for code in range(first, last + 1)).issuperset
"""Whether each character of a text is known to take one cell, at a glance: Rich looks up the others in a table."""


def cells(text: str) -> int:
    """Number of terminal cells that a cleaned text takes."""
    # Rich keeps thousands of the texts that it has measured, and each move of a chart makes new ones.
    return len(text) if text.isascii() or only_narrow(text) else _rich_cell_len(text)


def fit(text: str, width: int, align: Align = "left", ellipsis: str = "…") -> str:
    """Clean `text`, then pad or crop it to exactly `width` terminal cells.

    A crop ends with `ellipsis`; a wide character that would stand across the edge is replaced by a blank.
    """
    if width <= 0:
        return ""
    text = clean(text, limit=width * (_MAX_MARKS + 1) + 8)
    taken = cells(text)
    if taken > width:
        text = crop(text, width, ellipsis)
        taken = cells(text)
    if taken == width:
        return text
    if align == "right":
        return " " * (width - taken) + text
    if align == "center":
        left = (width - taken) // 2
        return " " * left + text + " " * (width - taken - left)
    return text + " " * (width - taken)


def crop(text: str, width: int, ellipsis: str = "…") -> str:
    """The longest beginning of a cleaned `text` that takes at most `width` cells, with `ellipsis` where something is left out."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room < 0:
        return crop(ellipsis, width, "")
    if text.isascii():
        return text[:room] + ellipsis
    taken = 0
    for index, character in enumerate(text):
        taken += _size(character)
        if taken > room:
            return text[:index] + ellipsis
    return text


@lru_cache(maxsize=4096)
def _clean_cached(text: str) -> str:
    return _clean(text)


def _clean(text: str) -> str:
    pieces: list[str] = []
    marks = 0
    wide = False
    for character in text.replace("\r\n", "\n"):
        if " " <= character <= "~":
            pieces.append(character)
            marks, wide = 0, False
            continue
        if _is_mark(character):
            # A mark needs something to stand on, and only so many stand on one cell.
            if not pieces:
                pieces.append(STAND_IN)
            elif marks < _MAX_MARKS:
                pieces.append(character)
                marks += 1
            continue
        stand_in = _stand_in(character, wide)
        if stand_in:
            pieces.append(stand_in)
            marks, wide = 0, _size(stand_in) == 2
    return "".join(pieces)


def _is_mark(character: str) -> bool:
    """Drawn on top of the character before it: accents, and the vowels and finals of decomposed Hangul."""
    if "\u1161" <= character <= "\u11ff":
        return True
    return character not in _NAMED and unicodedata.category(character) == "Mn" and not _selects(character)


def _selects(character: str) -> bool:
    """Variation selectors: they change a character's picture, and in some terminals its width."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _stand_in(character: str, after_wide: bool) -> str:
    """What is shown for a character outside printable ASCII; empty where nothing is."""
    if character in _NAMED:
        return _NAMED[character]
    if character < " ":
        return chr(0x2400 + ord(character))
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category == "Zs":
        return " "
    if _selects(character):
        return ""
    if after_wide and (character == _JOINER or "\U0001f3fb" <= character <= "\U0001f3ff"):
        return ""
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return chr(ord("A") + ord(character) - 0x1F1E6)
    if category in _UNDRAWN or _size(character) == 0:
        return STAND_IN
    return character


def wrap(text: str, width: int, limit: int = 20) -> list[str]:
    """Clean `text` and break it between words into lines of at most `width` cells; at most `limit` lines."""
    if width <= 0:
        return []
    lines: list[str] = []
    current = ""
    for word in clean(text).replace("↵", " ").split():
        while cells(word) > width and len(lines) < limit:
            room = width - cells(current) - bool(current)
            # A word longer than a line starts beside the words before it only where a good piece of it fits.
            head = crop(word, room, "") if room > 4 or not current else ""
            head = head or ("" if current else word[0])
            lines.append(f"{current} {head}".strip())
            current, word = "", word[len(head) :]
        if current and cells(current) + 1 + cells(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current][:limit] if current else lines[:limit]
