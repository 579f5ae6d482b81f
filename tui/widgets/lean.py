"""What is written to the terminal is only what differs from what already stands there.

Textual writes whole lines of whole widgets, and a screen again when the focus moves (40 KB at 120x40 in true colour). Over SSH bytes are
what is felt, so the app keeps the cells that the terminal shows (`tui.widgets.frame`) and writes the difference.
"""

from __future__ import annotations

from typing import Any, TypeVar

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.filter import Monochrome, NoColor
from textual.screen import Screen

from tui.widgets.frame import Frame

Result = TypeVar("Result")


class Ready(CompositorUpdate):
    """An update whose bytes are already known."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        return self._text

    def __rich__(self) -> str:
        return self._text


class LeanApp(App[Result]):
    """An App that writes lean updates, for all its screens. `forget_terminal` makes it draw everything again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frame = Frame()
        if self.no_color:
            self.drop_colours()

    def drop_colours(self) -> None:
        """Write no colour at all. Textual answers NO_COLOR with shades of grey, which are colours to a terminal."""
        self._filters = [found for found in self._filters if not isinstance(found, Monochrome)] + [NoColor()]

    def forget_terminal(self) -> None:
        """Draw the whole screen again: after a suspension, or when the user sees rubbish that others wrote."""
        self._frame.forget()
        self.refresh()

    def picture(self, *, dim: bool = False) -> str:
        """What the terminal shows now, as the bytes that draw it (see `Frame.picture`). Empty before the first frame."""
        return self._frame.picture(self._colors(), dim=dim)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and self._writes():
            text = self._frame.advance(renderable, self.size, self._colors())
            super()._display(screen, Ready(text) if text else None)
            return
        if renderable is not None and self._writes():
            self._frame.forget()
        super()._display(screen, renderable)

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _app: self.forget_terminal())

    def on_resize(self) -> None:
        self._frame.forget()

    def _colors(self) -> ColorSystem:
        return self.console._color_system or ColorSystem.TRUECOLOR

    def _writes(self) -> bool:
        """Whether Textual will write what it is given now: only then may the frame advance."""
        inline = self._driver is not None and self._driver.is_inline
        return self._running and not self._closed and not self._batch_count and not self.is_headless and not inline
