"""A screen with our footer: the keys of this place from its bindings, greyed with a reason where they cannot be used now."""

from __future__ import annotations

import os
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.screen import Screen
from textual.timer import Timer

from modeldeck.render.cell import Cell, Line
from modeldeck.terminal.capabilities import draws_links
from modeldeck.widgets.footer import Footer, FooterData, KeyHint

T = TypeVar("T")

NOTE_SECONDS = 12.0
"""How long a note stays: it takes the place of hints."""

_NAMES = {
    "slash": "/",
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "equals_sign": "=",
    "plus": "+",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "space",
    "ctrl+r": "^r",
    "ctrl+s": "^s",
}


def key_name(binding: Binding) -> str:
    """How a key is written in the footer and in the help."""
    return binding.key_display or _NAMES.get(binding.key, binding.key)


class FramedScreen(Screen[T], Generic[T]):
    """Yield a `Footer` last in `compose`. `why_not` gives the reason for an action that `check_action` answers None for."""

    note: Line = ()
    _link = ""
    """Where the note leads to."""
    _hush_timer: Timer | None = None

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, lambda _screen: self._show_hints())
        self._show_hints()

    def why_not(self, action: str) -> str:
        """Why this action cannot be used now, in a few words."""
        return "not now"

    def say(self, *note: Cell) -> None:
        """Put a note at the right of the footer, for a while: what the last command did."""
        self._put(note)

    def say_link(self, address: str) -> None:
        """The same for an address: as a link where the terminal is known to draw one, and always in words."""
        self._put((Cell(address, "accent"),), address if draws_links(os.environ) else "")

    def _put(self, note: Line, link: str = "") -> None:
        self.note, self._link = note, link
        self._show_hints()
        if self._hush_timer is not None:
            self._hush_timer.stop()
        self._hush_timer = self.set_timer(NOTE_SECONDS, self._hush)

    def _hush(self) -> None:
        self.note, self._link = (), ""
        self._show_hints()

    def _show_hints(self) -> None:
        hints: list[KeyHint] = []
        seen: set[str] = set()
        for _node, binding, enabled, _tooltip in self.active_bindings.values():
            if binding.show and binding.description and binding.action not in seen:
                seen.add(binding.action)
                reason = "" if enabled else self.why_not(binding.action)
                hints.append(KeyHint(key_name(binding), binding.description.lower(), reason, binding.action))
        for footer in self.query(Footer):  # none yet while the screen is being made
            footer.data = FooterData(tuple(hints), self.note, self._link)

    async def on_footer_pressed(self, message: Footer.Pressed) -> None:
        message.stop()
        for node, binding, enabled, _tooltip in self.active_bindings.values():
            if enabled and binding.action == message.hint.action:
                await self.app.run_action(binding.action, node)  # of a pane or of the app, as well
                return
