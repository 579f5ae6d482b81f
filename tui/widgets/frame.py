"""The cells that a terminal shows, and the fewest bytes from them to the next picture.

Runs of differing cells are written, changing only the part of a style that changes. After a character that is not exactly one cell wide
the cursor is placed again, so that a terminal with other width tables stays aligned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from rich._palettes import EIGHT_BIT_PALETTE
from rich.cells import _is_single_cell_widths, split_graphemes
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

_Cells = list[tuple[str, Style]]
"""One entry a cell: its character with any marks, and its style. The second cell of a wide character is empty."""

_PLAIN = Style.null()
_NOTHING: tuple[str, Style] = ("\0", _PLAIN)
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

_NUMBERS = {EIGHT_BIT_PALETTE[number]: number for number in range(255, 15, -1)}
# The colours whose place is the same in every terminal.

_ERASED = 12
"""Blanks that cost fewer bytes to erase (ECH) and to step over than to write."""
_BRIDGE = 5
# Equal cells between two differing runs that cost fewer bytes to write again than a cursor movement does.


class Frame:
    """The cells as they were composed last, and those that the terminal shows as far as it was told: the first may be many pictures ahead
    of a slow terminal, which then gets only the newest."""

    def __init__(self, *, erases: bool = False) -> None:
        """`erases`: an erased cell gets the ground that is written on."""
        self._erases = erases
        self._rows: list[_Cells] = []
        self._shown: list[_Cells] = []
        self._width = 0
        self._changed: set[int] = set()
        """The lines that may differ."""
        self._style: Style | None = None
        """What the terminal writes in now; None where that is not known."""

    @property
    def changed(self) -> bool:
        """Whether there may be something to write."""
        return bool(self._changed)

    def forget(self) -> None:
        """Something else may have written to the terminal: everything is written again."""
        self._shown = [[_NOTHING] * self._width for _ in self._rows]
        self._changed = set(range(len(self._rows)))
        self._style = None

    def clear(self) -> None:
        """The terminal has another size: nothing is known until all is composed again."""
        self._rows, self._shown, self._width = [], [], 0
        self._changed.clear()
        self._style = None

    def stands(self, lines: Sequence[str], style: Style) -> None:
        """The terminal shows these lines, each as wide as it is, in one style; only of the first one nothing is known."""
        shown = [_expand(Strip([Segment(line, style)])) for line in lines]
        self._width = max(map(len, shown), default=0)
        shown[:1] = [[_NOTHING] * self._width]
        self._shown = shown
        self._rows = [row.copy() for row in shown]
        self._changed.clear()
        self._style = None

    def compose(self, update: LayoutUpdate | ChopsUpdate, size: tuple[int, int]) -> None:
        """Take in what changes."""
        width, height = size
        if (self._width, len(self._rows)) != size:
            self._width, self._rows = width, [[_NOTHING] * width for _ in range(height)]
            self._shown = [[_NOTHING] * width for _ in range(height)]
            self._changed.clear()
        for y, x, strip in _pieces(update):
            if not 0 <= y < height:
                continue
            if not 0 <= x < width:  # of a layout for a size that the terminal has lost since
                continue
            new = _fitting(_expand(strip), width - x)
            row = self._rows[y]
            if row[x : x + len(new)] != new:
                row[x : x + len(new)] = new
                self._changed.add(y)

    def difference(self, colors: ColorSystem, limit: int | None = None) -> str:
        """The bytes that bring the terminal to what was composed, line by line until there are `limit` of them. They must be written."""
        pen = _Pen(colors, self._style, erases=self._erases)
        for y in sorted(self._changed):
            if limit is not None and pen.size >= limit:
                break
            self._changed.discard(y)
            row, shown = self._rows[y], self._shown[y]
            if row != shown:
                for start, end in _runs(shown, row):
                    pen.write(start, y, row[start:end])
                self._shown[y] = row.copy()
        self._style = pen.style
        return pen.text


class _Pen:
    """Writes runs of cells with as few bytes as it can, knowing where the cursor is and in which style it writes."""

    def __init__(self, colors: ColorSystem, style: Style | None, *, erases: bool) -> None:
        self._colors = colors
        self._erases = erases
        self._pieces: list[str] = []
        self.style = style
        self._at = (-1, -1)

    def write(self, x: int, y: int, run: _Cells) -> None:
        """Write cells from a position on. The run holds both cells of each of its wide characters."""
        if self._at != (x, y):
            self._pieces.append(f"\x1b[{x + 1}G" if self._at[1] == y else f"\x1b[{y + 1};{x + 1}H")
        link: str | None = None
        skipped = 0
        for index, (text, style) in enumerate(run):
            if index < skipped:
                continue
            if style is not self.style and not (text == " " and self.style is not None and _ground(style) == _ground(self.style)):
                link = self._link(link, style)
                if text == " ":
                    style = self._on_blanks(run, index)
                self._pieces.append(_transition(self.style, style, self._colors))
                self.style = style
            if text == " " and self._erases and (blanks := _blanks(run, index)) >= _ERASED:
                skipped = index + blanks
                self._pieces.append(f"\x1b[{blanks}X" + (f"\x1b[{x + skipped + 1}G" if skipped < len(run) else ""))
                continue
            self._pieces.append(text)
            wide = index + 1 < len(run) and not run[index + 1][0]
            if text and (wide or len(text) > 1):
                self._pieces.append(f"\x1b[{x + index + 1 + (2 if wide else 1)}G")
        self._link(link, _PLAIN)
        # After an erasure at its end the cursor is somewhere in the line.
        self._at = (x + len(run) if skipped < len(run) else -1, y)

    def _on_blanks(self, run: _Cells, start: int) -> Style:
        """The style for blanks: that of what follows on the same ground, so that one change is enough; else as little of a change as can be
        seen."""
        ground = _ground(run[start][1])
        for text, style in run[start:]:
            if _ground(style) != ground:
                break
            if text != " ":
                return style
        return run[start][1] if self.style is None else _only_ground(self.style, run[start][1])

    def _link(self, open_link: str | None, style: Style) -> str | None:
        """Close and open hyperlinks (OSC 8) for what follows; the one that is open then."""
        if style.link == open_link:
            return open_link
        if open_link:
            self._pieces.append("\x1b]8;;\x1b\\")
        if style.link:
            self._pieces.append(f"\x1b]8;id={style._link_id};{style.link}\x1b\\")
        return style.link

    @property
    def size(self) -> int:
        """Characters so far; near enough to bytes."""
        return sum(map(len, self._pieces))

    @property
    def text(self) -> str:
        return "".join(self._pieces)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The strips of an update, each with its line and column."""
    if isinstance(update, ChopsUpdate):
        for y, x1, x2 in update.spans:
            for (x, strip), end in zip(update.chops[y].items(), update.chop_ends[y], strict=False):
                # Beyond its spans, an update holds what stands behind the widgets that it did not need to render.
                if strip is not None and x < x2 and end > x1:
                    yield y, x, strip
        return
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _expand(strip: Strip) -> _Cells:
    cells: _Cells = []
    for text, style, control in strip:
        if control:
            continue
        style = _PLAIN if style is None else _canonical(style)
        if text.isascii() or _is_single_cell_widths(text):
            cells += [(character, style) for character in text]
            continue
        for start, end, width in split_graphemes(text)[0]:
            if width:
                cells.append((text[start:end], style))
            if width == 2:
                cells.append(("", style))
    return cells


def _fitting(cells: _Cells, width: int) -> _Cells:
    """What fits, without half of a wide character at its end."""
    if len(cells) > width and not cells[width][0]:
        return [*cells[: width - 1], (" ", cells[width - 1][1])]
    return cells[:width]


def _runs(old: _Cells, new: _Cells) -> Iterator[tuple[int, int]]:
    """Spans of `new` to write: where it differs from `old`, joined over short equal stretches, never half a wide character."""
    start = end = -1
    for index, (before, after) in enumerate(zip_longest(old, new)):
        if before == after or (before[0] == " " == after[0] and _ground(before[1]) == _ground(after[1])):
            continue
        if start >= 0 and index - end > _BRIDGE:
            yield _whole(new, start, end)
            start = -1
        start = index if start < 0 else start
        end = index + 1
    if start >= 0:
        yield _whole(new, start, end)


def _blanks(run: _Cells, start: int) -> int:
    """How many cells from `start` on are blanks on one ground through which nothing is drawn."""
    ground = _ground(run[start][1])
    if ground[1:] != _NOTHING_DRAWN:
        return 0
    end = start
    while end < len(run) and run[end][0] == " " and _ground(run[end][1]) == ground:
        end += 1
    return end - start


def _whole(cells: _Cells, start: int, end: int) -> tuple[int, int]:
    while start > 0 and not cells[start][0]:
        start -= 1
    while end < len(cells) and not cells[end][0]:
        end += 1
    return start, end


@lru_cache(maxsize=8192)
def _canonical(style: Style) -> Style:
    """The style that looks the same, so that looks can be compared: colours have many names, and unset is the same as off."""
    return Style(color=_unnamed(style.color), bgcolor=_unnamed(style.bgcolor), link=style.link, **_switched_on(_attributes(style)))


def _unnamed(color: Color | None) -> Color | None:
    if color is None or color.is_default:
        return None
    return color if color.triplet is None else Color.from_triplet(color.triplet)


@lru_cache(maxsize=8192)
def _transition(before: Style | None, after: Style, colors: ColorSystem) -> str:
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
def _only_ground(current: Style, blank: Style) -> Style:
    """`blank` as far as it is seen where nothing stands, all else as it is."""
    on = _attributes(current) & _UNSEEN_ON_BLANKS | _attributes(blank) & ~_UNSEEN_ON_BLANKS
    color = blank.color if on & ~_UNSEEN_ON_BLANKS else current.color
    return _canonical(Style(color=color, bgcolor=blank.bgcolor, link=blank.link, **_switched_on(on)))


@lru_cache(maxsize=4096)
def _ground(style: Style) -> tuple[object, ...]:
    """What of a style is seen on a blank: words that are bold and words that are not have the same blanks between them."""
    lines = _attributes(style) & ~_UNSEEN_ON_BLANKS
    return (style.bgcolor, style.link, lines, style.color if lines else None)


_NOTHING_DRAWN = (None, 0, None)
# The ground of a blank that is a blank, but for its colour.


def _attributes(style: Style) -> int:
    """Bold, dim, reverse and their like, as bits."""
    return style._attributes & style._set_attributes


def _switched_on(bits: int) -> dict[str, Any]:
    """The same as arguments of a style."""
    return {name: True for bit, name in enumerate(_ATTRIBUTES) if bits & (1 << bit)}
