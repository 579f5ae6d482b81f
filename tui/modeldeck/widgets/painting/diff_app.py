"""An app that writes only what differs from what already stands on the terminal.

Textual writes whole lines of whole widgets, and a screen again when the focus moves (40 KB at 120x40 in true colour). Over SSH bytes are
what is felt, so the app keeps the cells that the terminal shows (`widgets.screen_buffer`) and writes the difference, and no more of it
than the terminal has shown that it takes (`modeldeck.terminal.pacing`): what changes meanwhile goes into the newest picture.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import TimerHandle
from collections.abc import Sequence
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, RenderableType
from rich.control import Control
from rich.style import Style
from textual import events
from textual.app import App
from textual.filter import LineFilter, NoColor
from textual.screen import Screen

from modeldeck.terminal.capabilities import erases_on_its_ground
from modeldeck.terminal.pacing import MOST, Paced
from modeldeck.terminal.textual_private import ChopsUpdate, LayoutUpdate, driver_of, has_whole_frames, writes
from modeldeck.widgets.painting.screen_buffer import ScreenBuffer
from modeldeck.widgets.painting.sgr import whole_style

Result = TypeVar("Result")


_LOOK_AGAIN = 0.05
"""Seconds, where the terminal's driver cannot tell when it takes more."""
_WHOLE, _WHOLE_END = "\x1b[?2026h", "\x1b[?2026l"
"""Around what is to be seen at once."""
_TORN = 512
"""Bytes that reach a terminal in one piece; more are kept together by synchronised output, where it has that."""


class DiffApp(App[Result]):
    """An App that writes differences, for all its screens. `forget_terminal` makes it draw everything again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._erases = erases_on_its_ground(os.environ)
        self._buffer = ScreenBuffer(erases=self._erases)
        self._drawn = False
        """Whether there was a picture."""
        self._added: list[LineFilter] = []
        """What all that is rendered passes through, after Textual's own filters."""
        self._retry: TimerHandle | None = None
        self._held: TimerHandle | None = None
        self.slow_link = False
        """Whether bytes may be felt: what is about to be replaced would be in the way of what replaces it."""
        if self.no_color:
            self.drop_colours()

    def drop_colours(self) -> None:
        """Write no colour at all. Textual answers NO_COLOR with shades of grey, which are colours to a terminal."""
        self.add_filter(NoColor())

    def add_filter(self, added: LineFilter) -> None:
        """Let it change all that is rendered from now on."""
        self._added.append(added)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._added]

    def forget_terminal(self) -> None:
        """Draw the whole screen again: after a suspension, or when the user sees rubbish that others wrote."""
        self._buffer.forget()
        self.refresh()

    def repeat_characters(self) -> None:
        """The terminal has shown that it repeats a character when it is told to."""
        self._buffer.repeats = True

    def codes(self, style: Style) -> str:
        """A style for this terminal, as SGR takes it."""
        return whole_style(style, self._colors())

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and self._writes():
            self._buffer.compose(renderable, self.size)
            self._drawn = True
            self.send_picture()
            self.post_display_hook()
            return
        if renderable is not None and self._writes():
            self._buffer.forget()
        super()._display(screen, renderable)

    def hold_picture(self, seconds: float) -> None:
        """Over a slow link, write nothing for so long, or until `release_picture`."""
        if self.slow_link and self._held is None:
            self._held = asyncio.get_running_loop().call_later(seconds, self.release_picture)

    def release_picture(self) -> None:
        """What was held is written with what there is by now."""
        if self._held is not None:
            self._held.cancel()
            self._held = None
            self.send_picture()

    def send_picture(self) -> None:
        """Write as much of the newest picture as the terminal takes now. The driver calls again when it takes more."""
        if self._held is not None:
            return
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        driver = driver_of(self)
        paced = driver if isinstance(driver, Paced) else None
        while self._buffer.changed and self._writes() and driver is not None:
            room = paced.room() if paced else MOST
            if not room:
                assert paced is not None
                self._retry = asyncio.get_running_loop().call_later(paced.due() or _LOOK_AGAIN, self.send_picture)
                return
            text = self._buffer.difference(self._colors(), min(room, paced.piece) if paced else None)
            if not text:
                continue
            if self.cursor_position:  # hidden, but input methods open their windows there
                text += Control.move_to(*self.screen.outer_size.clamp_offset(self.cursor_position)).segment.text
            if has_whole_frames(self) and len(text) > _TORN:
                text = f"{_WHOLE}{text}{_WHOLE_END}"
            (paced.send if paced else driver.write)(text)
            driver.flush()

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _app: self.forget_terminal())

    def on_resize(self, event: events.Resize) -> None:
        self._buffer.clear()
        if self._drawn or not self._erases:
            return
        lines, style = self.standing()
        width, height = event.size
        if len(lines) == height and all(cell_len(line) == width for line in lines):
            self._buffer.stands(lines, style)

    def standing(self) -> tuple[Sequence[str], Style]:
        """What the terminal shows before the first picture, all in one style, and its blanks erased; no lines where that is not known."""
        return (), Style.null()

    def _colors(self) -> ColorSystem:
        return COLOR_SYSTEMS[self.console.color_system or "truecolor"]

    def _writes(self) -> bool:
        """Whether Textual will write what it is given now: only then may the buffer advance."""
        driver = driver_of(self)
        return writes(self) and not (driver is not None and driver.is_inline)
