"""Tiles in a grid, as content of a pane, with lines of text below them. Keys choose one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from modeldeck.render.cell import Line
from modeldeck.render.charts.tile import Grid, Tile, grid_of, wall_lines
from modeldeck.widgets.content.content import PaneContent
from modeldeck.widgets.painting.strips import to_strip


class TileGrid(PaneContent, can_focus=True):
    """Give it the keys of all tiles with `update_keys`, the first at the top left, and then with `update_tiles` those of `in_sight`: of
    thousands only one page is made. A selection is of a key: it goes with its tile. Without one the first page is shown."""

    DEFAULT_CSS = "TileGrid { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", "Left", id="tiles.left", show=False),
        Binding("right,l", "move(1, 0)", "Right", id="tiles.right", show=False),
        Binding("down,j", "move(0, 1)", "Down", id="tiles.down", show=False),
        Binding("up,k", "move(0, -1)", "Up", id="tiles.up", show=False),
        Binding("g,home", "end(False)", "To the worst", id="tiles.first", show=False),
        Binding("G,end", "end(True)", "To the last", id="tiles.last", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "Next page", id="tiles.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page before", id="tiles.page_up", show=False),
        Binding("enter", "open", "Open", id="tiles.open", tooltip="The live screen of the chosen deployment"),
    ]

    class Moved(Message):
        """Another tile, or another page."""

    class Opened(Message):
        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: tuple[str, ...] = ()
        self._tiles: tuple[Tile, ...] = ()
        self._below: tuple[Line, ...] = ()
        self._lines_below = 0
        self.selected: str | None = None

    def update_keys(self, keys: Sequence[str], *, lines_below: int = 0) -> None:
        """Nothing is painted yet."""
        self._keys, self._lines_below = tuple(keys), lines_below

    def update_tiles(self, tiles: Sequence[Tile], *, below: Sequence[Line] = ()) -> None:
        """Show other data, painting once and only what differs."""
        new = (tuple(tiles), tuple(below))
        if new != (self._tiles, self._below):
            self._tiles, self._below = new
            self.repaint()

    @property
    def grid(self) -> Grid:
        return grid_of(len(self._keys), self.size.width, max(1, self.size.height - self._lines_below))

    @property
    def first(self) -> int:
        """The place of the first tile that is in sight."""
        page = self.grid.page
        return (self._place or 0) // page * page

    @property
    def in_sight(self) -> tuple[str, ...]:
        """The keys of this page."""
        return self._keys[self.first : self.first + self.grid.page]

    def paint_content(self, width: int, height: int) -> list[Strip]:
        styles = self.palette.on("stale" if self.stale else "base")
        room = height - len(self._below)
        lines = wall_lines(self._tiles, self.grid, self.selected, room)
        strips = [to_strip(line, styles, width) for line in lines]
        strips += [to_strip((), styles, width)] * (room - len(strips))
        return strips + [to_strip(line, styles, width) for line in self._below]

    @property
    def _place(self) -> int | None:
        return self._keys.index(self.selected) if self.selected in self._keys else None

    def select(self, key: str | None) -> None:
        if key != self.selected:
            self.selected = key
            self.repaint()
            self.post_message(self.Moved())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "open" and self._place is None else True

    def action_move(self, right: int, down: int) -> None:
        place = self._place
        self._go_to(0 if place is None else place + right + down * self.grid.columns)

    def action_page(self, by: int) -> None:
        self._go_to(self.first + by * self.grid.page)

    def action_end(self, last: bool) -> None:
        self._go_to(len(self._keys) - 1 if last else 0)

    def _go_to(self, place: int) -> None:
        if self._keys and not self.covered:
            self.select(self._keys[max(0, min(place, len(self._keys) - 1))])

    def action_open(self) -> None:
        if self._place is not None and self.selected is not None:
            self.post_message(self.Opened(self.selected))

    def on_resize(self) -> None:
        self.post_message(self.Moved())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_page(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_page(-1)

    def on_click(self, event: events.Click) -> None:
        """One selects, two open."""
        self.focus()
        grid = self.grid
        column, row = event.x // (grid.width + 2), event.y // grid.height
        place = self.first + row * grid.columns + column
        if column < grid.columns and row < grid.rows and place < len(self._keys):
            self.select(self._keys[place])
            if event.chain == 2:
                self.action_open()
