"""Keys take effect one after the other, also where several come in one packet.

Textual gives each key to whatever has the focus when it is read. What the one before leads to may be on its way still: `/` and a text would
fall to the table, and `y` to a plan that Esc has just left. Here a key waits until the one before it has been everywhere.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Protocol, TypeVar, runtime_checkable

from textual import events
from textual.app import App
from textual.message import Message

from modeldeck.terminal.keyboard import AltKey
from modeldeck.widgets.pane.filter_line import FilterLine

Result = TypeVar("Result")

_GIVEN_UP = 2.0
"""Seconds after which a key was lost on its way, with a widget that has gone."""


class Passed(Message):
    """Goes the way of a key, after it: from what had the focus up to the app."""


@runtime_checkable
class Selects(Protocol):
    """A screen whose commands act on what its tables show as selected."""

    def take_selection(self) -> None:
        """Select that now: the message of the last move may still be on its way."""


class KeysInOrder(App[Result]):
    """Esc and a key in one packet are these two keys, unless alt and that key mean something where the focus is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._typed: deque[events.Key | events.Paste] = deque()
        self._passing: Passed | None = None
        self._loss: asyncio.TimerHandle | None = None
        """Gives up on a key that is on its way."""

    async def run_action(self, action: Any, default_namespace: Any = None, namespaces: Any = None) -> bool:
        """A command right after a move acts on what was moved to."""
        if isinstance(self.screen, Selects):
            self.screen.take_selection()
        return await super().run_action(action, default_namespace, namespaces)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if self._passing is None:
            await self._give_next()

    async def on_passed(self, message: Passed) -> None:
        message.stop()
        self._arrived(message)

    def _arrived(self, message: Passed) -> None:
        if message is self._passing:
            self._passing = Passed()  # one that nobody sends: the next key waits until the focus has moved, too
            self.call_later(self._give_next)

    async def _give_next(self) -> None:
        """Give keys until one is on its way."""
        if self._loss is not None:
            self._loss.cancel()
        self._passing = None
        while self._typed and self._passing is None:
            event = self._typed.popleft()
            if isinstance(event, AltKey):
                keys = (events.Key(event.key, None),) if self._knows(event.key) else event.apart
                self._typed.extendleft(key.set_sender(self) for key in reversed(keys))
                continue
            target = self.focused or self.screen
            await super().on_event(event)
            passed = Passed()
            if target.post_message(passed):
                self._passing = passed
                self._loss = asyncio.get_running_loop().call_later(_GIVEN_UP, self._arrived, passed)

    def _knows(self, key: str) -> bool:
        focused = self.focused
        return key in self.screen.active_bindings or (isinstance(focused, FilterLine) and focused.edits(key))
