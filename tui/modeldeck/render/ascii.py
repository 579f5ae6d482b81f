"""The same text for terminals that know no UTF-8: each character becomes as many ASCII ones as it is cells wide."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import get_character_cell_size

_SIGNS = {
    "─╌┄━═╴╶": "-",
    "│┊┃║╵╷┆": "|",
    "╭╮╰╯┌┐└┘├┤┬┴┼": "+",
    "▸▶→›»": ">",
    "‹«←◂↶": "<",
    "↻": "@",
    "±": "=",
    "▾↓": "v",
    "▴↑": "^",
    "●★": "*",
    "◆": "+",
    "■": "#",
    "○": "x",
    "◌◦⊙": "o",
    "▲△": "^",
    "✚": "+",
    "✔✓": "y",
    "✗✘×": "x",
    "·–—‐−": "-",
    "…": "~",
    "“”„": '"',
    "‘’": "'",
    "▁▂": "_",
    "▃▄": "-",
    "▅▆": "=",
    "▇█": "#",
    "░": ":",
    "▒": "=",
    "▓": "%",
    "≤": "<",
    "↵": "$",
    "∞": "8",
    "␛": "^",
}
_TABLE = {ord(sign): ascii_sign for signs, ascii_sign in _SIGNS.items() for sign in signs}
_UPPER_DOTS, _LOWER_DOTS = 0x01 | 0x02 | 0x08 | 0x10, 0x04 | 0x20 | 0x40 | 0x80


@lru_cache(maxsize=2048)
def to_ascii(text: str) -> str:
    """`text` in printable ASCII, of the same width in cells."""
    if text.isascii():
        return text
    return "".join(map(_sign, text))


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x7F:
        return character
    if 0x2800 <= code <= 0x28FF:
        upper, lower = code & _UPPER_DOTS, code & _LOWER_DOTS
        return ":" if upper and lower else "'" if upper else "." if lower else " "
    return _TABLE.get(code) or "?" * get_character_cell_size(character)
