"""Styles as SGR takes them: the shortest codes from one to the next.

A style is compared by how it looks. In true colour, what is one of the 256 colours is written as that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style
from textual.strip import Strip

PLAIN = Style.null()

_ATTRIBUTES = (
    "bold",
    "dim",
    "italic",
    "underline",
    "blink",
    "blink2",
    "reverse",
    "conceal",
    "strike",
    "underline2",
    "frame",
    "encircle",
    "overline",
)
# In the order of the bits in Rich's styles.

_UNSEEN_ON_BLANKS = 0b111
# Bits of bold, dim and italic in Rich's attributes.

_INTENSITY = 0b11
_ON = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
_OFF = ((_INTENSITY, "22"), (0b100, "23"), (0b1000, "24"), (0b110000, "25"), (0b1000000, "27"), (0b10000000, "28"), (0b100000000, "29"))
_SWITCHED = 0b111111111
# Attributes with codes of their own, by bit.

_CUBE, _GREYS = product((0, 95, 135, 175, 215, 255), repeat=3), ((grey, grey, grey) for grey in range(8, 239, 10))
_NUMBERS = {color: number for number, color in enumerate((*_CUBE, *_GREYS), 16)}
# The colours whose place is the same in every terminal.


class Ground(NamedTuple):
    """What of a style is seen on a blank."""

    color: Color | None
    link: str | None = None
    lines: int = 0
    """Bits of what is drawn through it: an underline and its like."""
    line_color: Color | None = None

    @property
    def bare(self) -> bool:
        """Nothing is drawn on it, and nobody can click on it."""
        return not self.lines and self.link is None


@lru_cache(maxsize=8192)
def canonical(style: Style) -> Style:
    """The style that looks the same, so that looks can be compared: colours have many names, and unset is the same as off."""
    return Style(color=_unnamed(style.color), bgcolor=_unnamed(style.bgcolor), link=style.link, **_switched_on(_attributes(style)))


def _unnamed(color: Color | None) -> Color | None:
    if color is None or color.is_default:
        return None
    return color if color.triplet is None else Color.from_triplet(color.triplet)


@lru_cache(maxsize=8192)
def transition(before: Style | None, after: Style, colors: ColorSystem) -> str:
    """The shortest SGR sequence from one style to another."""
    if before == after:
        return ""
    whole = whole_style(after, colors)
    if before is None:
        return f"\x1b[{whole}m"
    codes = _attribute_codes(_attributes(before), _attributes(after))
    if codes is None:
        return f"\x1b[{whole}m"
    if before.color != after.color:
        codes += _color_codes(after.color, colors, foreground=True) if after.color else ("39",)
    if before.bgcolor != after.bgcolor:
        codes += _color_codes(after.bgcolor, colors, foreground=False) if after.bgcolor else ("49",)
    return f"\x1b[{min(';'.join(codes), whole, key=len)}m" if codes else ""


def whole_style(style: Style, colors: ColorSystem) -> str:
    """The codes of a style whatever was before it, as SGR takes them."""
    codes = ["0", *filter(None, [Strip.render_ansi(Style(**_switched_on(_attributes(style))), colors)])]
    if style.color:
        codes += _color_codes(style.color, colors, foreground=True)
    if style.bgcolor:
        codes += _color_codes(style.bgcolor, colors, foreground=False)
    return ";".join(codes)


def _color_codes(color: Color, colors: ColorSystem, *, foreground: bool) -> Sequence[str]:
    """In true colour, what is one of the 256 colours is written as that, in half of the bytes. The first 16 are the user's own."""
    if colors is ColorSystem.TRUECOLOR and color.triplet is not None:
        number = _NUMBERS.get(color.triplet)
        if number is not None:
            return "38" if foreground else "48", "5", str(number)
    return color.downgrade(colors).get_ansi_codes(foreground)


def _attribute_codes(before: int, after: int) -> list[str] | None:
    """What switches single attributes off and on; None where some have no code of their own that all terminals know."""
    if (before ^ after) & ~_SWITCHED:
        return None
    off = before & ~after
    left = before & ~off
    codes = [code for bits, code in _OFF if off & bits]
    if off & _INTENSITY:
        left &= ~_INTENSITY  # bold and dim go together
    return codes + [_ON[bit] for bit in range(len(_ON)) if after & ~left & (1 << bit)]


@lru_cache(maxsize=4096)
def only_ground(current: Style, blank: Style) -> Style:
    """`blank` as far as it is seen where nothing stands, all else as it is."""
    on = _attributes(current) & _UNSEEN_ON_BLANKS | _attributes(blank) & ~_UNSEEN_ON_BLANKS
    color = blank.color if on & ~_UNSEEN_ON_BLANKS else current.color
    return canonical(Style(color=color, bgcolor=blank.bgcolor, link=blank.link, **_switched_on(on)))


@lru_cache(maxsize=4096)
def ground(style: Style) -> Ground:
    """Words that are bold and words that are not have the same blanks between them."""
    lines = _attributes(style) & ~_UNSEEN_ON_BLANKS
    return Ground(style.bgcolor, style.link, lines, style.color if lines else None)


def _attributes(style: Style) -> int:
    """Bold, dim, reverse and their like, as bits."""
    return sum(1 << bit for bit, name in enumerate(_ATTRIBUTES) if getattr(style, name))


def _switched_on(bits: int) -> dict[str, Any]:
    """The same as arguments of a style."""
    return {name: True for bit, name in enumerate(_ATTRIBUTES) if bits & (1 << bit)}
