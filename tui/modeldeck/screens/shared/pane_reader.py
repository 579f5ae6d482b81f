"""Reading what a pane shows: one reading at a time, and in the pane how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from modeldeck.domain.failures import Failure
from modeldeck.ports import Clock
from modeldeck.widgets.content.state import Live, PaneState, Stale, Unavailable

T = TypeVar("T")


class PaneReader(Generic[T]):
    """`show` is given what was read, `tell` how the pane stands. What cannot be read again stays, with its age."""

    def __init__(
        self, read: Callable[[], Awaitable[T]], show: Callable[[T], None], tell: Callable[[PaneState], None], clock: Clock
    ) -> None:
        self._read, self._show, self._tell = read, show, tell
        self._clock = clock
        self._read_at: float | None = None
        self.reading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Unless a reading is under way."""
        if self.reading is None or self.reading.done():
            self.reading = asyncio.create_task(self._once())

    def cancel(self) -> None:
        if self.reading is not None:
            self.reading.cancel()

    async def _once(self) -> None:
        try:
            found = await self._read()
        except Failure as failure:
            self._tell(unread(failure, self._read_at, self._clock.now()))
            return
        self._read_at = self._clock.now()
        self._show(found)
        self._tell(Live())


def unread(failure: Failure, read_at: float | None, now: float) -> PaneState:
    """How a pane stands that cannot be read. `read_at`: when it could be last, in seconds since the epoch; None: never."""
    message, hint = str(failure), failure.hint
    return Unavailable(message, hint) if read_at is None else Stale(now - read_at, message, hint)
