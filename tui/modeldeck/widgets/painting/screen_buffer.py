"""The cells that a terminal shows, and which of them are others in the next picture. `modeldeck.widgets.painting.pen` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from modeldeck.render.text import only_narrow
from modeldeck.terminal.textual_private import ChopsUpdate, LayoutUpdate
from modeldeck.widgets.painting.pen import Cells, Pen
from modeldeck.widgets.painting.sgr import PLAIN, canonical, ground

_NOTHING: tuple[str, Style] = ("\0", PLAIN)
_BRIDGE = 5
# Equal cells between two differing runs that cost fewer bytes to write again than a cursor movement does.


class ScreenBuffer:
    """The cells as they were composed last, and those that the terminal shows as far as it was told: the first may be many pictures ahead
    of a slow terminal, which then gets only the newest."""

    def __init__(self, *, erases: bool = False) -> None:
        """`erases`: an erased cell gets the ground that is written on."""
        self._erases = erases
        self.repeats = False
        """Whether the terminal is known to repeat a character when it is told to (REP)."""
        self._rows: list[Cells] = []
        self._shown: list[Cells] = []
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
        """The bytes that bring the terminal to what was composed, for so many lines as hold some `limit` of characters. They must be
        written."""
        pen = Pen(colors, self._style, self._width, erases=self._erases, repeats=self.repeats)
        for y in sorted(self._changed):
            if limit is not None and pen.size >= limit:
                break
            self._changed.discard(y)
            row, shown = self._rows[y], self._shown[y]
            if row != shown:
                for start, end in _runs(shown, row):
                    pen.write(start, y, row[start:end])
                self._shown[y] = row.copy()
        text, self._style = pen.finish()
        return text


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


def _expand(strip: Strip) -> Cells:
    cells: Cells = []
    for text, style, control in strip:
        if control:
            continue
        style = PLAIN if style is None else canonical(style)
        if text.isascii() or only_narrow(text):
            cells += [(character, style) for character in text]
            continue
        for start, end, width in split_graphemes(text)[0]:
            if width:
                cells.append((text[start:end], style))
            if width == 2:
                cells.append(("", style))
    return cells


def _fitting(cells: Cells, width: int) -> Cells:
    """What fits, without half of a wide character at its end."""
    if len(cells) > width and not cells[width][0]:
        return [*cells[: width - 1], (" ", cells[width - 1][1])]
    return cells[:width]


def _runs(old: Cells, new: Cells) -> Iterator[tuple[int, int]]:
    """Spans of `new` to write: where it differs from `old`, joined over short equal stretches, never half a wide character."""
    start = end = -1
    for index, (before, after) in enumerate(zip_longest(old, new)):
        if before == after or (before[0] == " " == after[0] and ground(before[1]) == ground(after[1])):
            continue
        if end < index and start >= 0 and not _bridged(new, end, index):
            yield _whole(new, start, end)
            start = -1
        start = index if start < 0 else start
        end = index + 1
    if start >= 0:
        yield _whole(new, start, end)


def _bridged(cells: Cells, end: int, start: int) -> bool:
    """Whether the equal cells between two differing runs are best written again."""
    last = cells[end - 1][1]
    return start - end <= _BRIDGE and all(
        style is last or (text == " " and ground(style) == ground(last)) for text, style in cells[end:start]
    )


def _whole(cells: Cells, start: int, end: int) -> tuple[int, int]:
    while start > 0 and not cells[start][0]:
        start -= 1
    while end < len(cells) and not cells[end][0]:
        end += 1
    return start, end
