"""A widget that remembers the lines it shows, so that a change repaints only the lines that differ.

Textual repaints whole widgets. With four live panes that is what costs: so every widget here gives all its lines as strips
(`paint_lines`), and `repaint` compares them with those on the screen and marks only those that differ. Which of their cells are written
is the buffer's choice (`widgets.diff_app`). Finer regions would save nothing, and Textual keeps thousands of those that it has met.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import RenderResult
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from modeldeck.terminal.textual_private import forget_refreshed
from modeldeck.widgets.painting.palette import Palette, palette_of


class LineWidget(Widget):
    """Base of all our widgets on Textual's line API. Subclasses give `paint_lines`, and call `repaint` when their data changed."""

    ALLOW_SELECT = False

    _shown: list[Strip] | None = None
    _shown_for: tuple[Size, Palette] | None = None
    _palette: Palette | None = None
    _variables: Mapping[str, str] | None = None

    def paint_lines(self, width: int, height: int) -> list[Strip]:
        """All lines of the widget, top to bottom, each exactly `width` cells wide; missing ones are blank."""
        raise NotImplementedError

    @property
    def palette(self) -> Palette:
        """The styles of the theme in use."""
        variables = self.app.theme_variables
        if self._palette is None or variables is not self._variables:
            # The dictionary is replaced when the theme changes, so its identity is enough, and costs nothing a line.
            self._palette, self._variables = palette_of(self.app), variables
        return self._palette

    def repaint(self) -> None:
        """Paint again, and refresh only the lines that differ. Costs nothing while the widget cannot be seen."""
        if self._shown is None or not self.is_attached:
            self.refresh()
            return
        size, palette = self._painting_for()
        if self._shown_for != (size, palette):
            self.forget()
            return
        if not self._can_be_seen():
            self._shown = None
            return
        old, self._shown = self._shown, self._painted(size, palette)
        regions = []
        for y, (before, after) in enumerate(zip(old, self._shown, strict=True)):
            if before == after:
                # The old strip has its rendered text cached.
                self._shown[y] = before
            else:
                regions.append(Region(0, y, size.width, 1))
        if regions:
            self.refresh(*regions)

    def forget(self) -> None:
        """Paint everything anew when the screen is next drawn."""
        self._shown = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        # Textual gathers here what was ever refreshed, and forgets it where it renders content itself, which it does not do here.
        forget_refreshed(self)
        shown_for = self._painting_for()
        if self._shown is None or self._shown_for != shown_for:
            self._shown = self._painted(*shown_for)
            self._shown_for = shown_for
        if 0 <= y < len(self._shown):
            return self._shown[y]
        return Strip.blank(self.size.width, self.palette.base)

    def render(self) -> RenderResult:
        return ""

    def on_focus(self) -> None:
        self._shown = None

    def on_blur(self) -> None:
        self._shown = None

    def _painting_for(self) -> tuple[Size, Palette]:
        return self.size, self.palette

    def _can_be_seen(self) -> bool:
        return self.is_on_screen and self.screen.is_current

    def _painted(self, size: Size, palette: Palette) -> list[Strip]:
        lines = self.paint_lines(size.width, size.height)[: size.height] if size.width and size.height else []
        blank = Strip.blank(size.width, palette.base)
        return lines + [blank] * (size.height - len(lines))
