"""The border of a pane as lines of cells: what it is, how many, how fresh, and which filter stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.numbers import age, ago, count
from modeldeck.render.text import cells, clean, crop
from modeldeck.widgets.content.state import Live, Loading, PaneState, Stale, Unavailable


@dataclass(frozen=True, slots=True)
class PaneHead:
    """What stands in a pane's upper border: `1 Runs ─ iris-training ──── 1 204`.

    `number` is the key that focuses it. `figure` is the text at the right; None shows the number of rows, where the content is a table.
    """

    number: str = ""
    title: str = ""
    detail: str = ""
    figure: str | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class FrameData:
    """All that a frame shows."""

    head: PaneHead
    state: PaneState
    focused: bool = False
    filter_text: str = ""
    counts: tuple[int, int] | None = None
    """Rows that pass the filter, and all rows; None where the content is no table."""


def top_line(data: FrameData, width: int) -> Line:
    """The upper border: name at the left, freshness and figure at the right. The name wins where room is short."""
    head, room = data.head, width - 4
    if room < 4:
        return (Cell("╭" + "─" * (width - 2) + "╮"),)
    name = clean(f"{head.number} {head.title}".strip())
    title = Cell(f" {crop(name, max(1, room))} ", "chip" if data.focused else "strong")
    room -= cells(title.text)
    right = _fitting(_right(data), room)
    room -= _width(right)
    left: list[Cell] = []
    detail = clean(head.detail, limit=256)
    if detail and room > 6:
        detail = crop(detail, room - 4)
        left = [Cell("─"), Cell(f" {detail} ", "accent" if data.focused else "muted")]
        room -= _width(left)
    return (Cell("╭"), title, *left, Cell("─" * (room + 2)), *right, Cell("╮"))


def bottom_line(data: FrameData, width: int) -> Line:
    """The lower border: the filter that stands at the left, the reason of stale data at the right."""
    room = width - 4
    if room < 1:
        return (Cell("╰" + "─" * (width - 2) + "╯"),)
    left: list[Cell] = []
    if data.filter_text and room > 8:
        left = [Cell(f" /{crop(clean(data.filter_text), max(1, min(room - 4, 40)))} ", "accent")]
        room -= _width(left)
    right: list[Cell] = []
    if isinstance(data.state, Stale) and room > 12:
        reason = " · ".join(filter(None, (clean(data.state.message), clean(data.state.hint))))
        right = [Cell(f" {crop(reason, room - 2)} ", "warn")]
        room -= _width(right)
    return (Cell("╰─"), *left, Cell("─" * max(0, room)), *right, Cell("─╯"))


def _right(data: FrameData) -> list[list[Cell]]:
    """The pieces at the right, the most important last."""
    pieces: list[list[Cell]] = []
    figure = _figure(data)
    if figure:
        pieces.append([Cell(f" {figure} ", "strong" if data.focused else "muted")])
    if data.head.pinned:
        pieces.append([Cell(" ⊙ pinned ", "accent")])
    sign = _state_sign(data.state)
    if sign is not None:
        pieces.insert(0, [sign])
    return pieces


def _figure(data: FrameData) -> str:
    if data.head.figure is not None:
        return clean(data.head.figure, limit=64)
    if data.counts is None or not isinstance(data.state, Live | Stale):
        return ""
    shown, total = data.counts
    return count(total) if shown == total else f"{count(shown)} of {count(total)}"


def _state_sign(state: PaneState) -> Cell | None:
    signs: dict[type[PaneState], tuple[str, Role]] = {Loading: (" ◌ loading ", "muted"), Unavailable: (" ○ unavailable ", "bad")}
    if isinstance(state, Loading) and state.kept:
        return Cell(f" ◌ as it stood {ago(state.age_seconds)} ", "warn")
    if isinstance(state, Loading) and state.quiet:
        return None
    if isinstance(state, Stale):
        return Cell(f" ◌ stale {age(state.age_seconds)} ", "warn")
    known = signs.get(type(state))
    return None if known is None else Cell(*known)


def _fitting(pieces: list[list[Cell]], room: int) -> list[Cell]:
    """As many of the first pieces as there is room for, joined by a piece of border."""
    line: list[Cell] = []
    for piece in pieces:
        joined = [*line, Cell("─"), *piece] if line else piece
        if _width(joined) > room:
            break
        line = joined
    return line


def _width(line: list[Cell]) -> int:
    return sum(cells(cell.text) for cell in line)
