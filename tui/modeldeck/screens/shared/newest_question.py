"""A question that may change while it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Q = TypeVar("Q")
V = TypeVar("V")


class NewestQuestion(Generic[Q, V]):
    """What is wanted when the answer comes: the answer to an older question is not waited for. A slow one holds up nothing."""

    def __init__(self, wanted: Callable[[], Q], ask: Callable[[Q], Awaitable[V]]) -> None:
        self._wanted, self._ask = wanted, ask
        self._asking: Q | None = None
        self._changed = asyncio.Event()

    async def answer(self) -> V:
        """Raises what `ask` raises."""
        while True:
            question = self._asking = self._wanted()
            self._changed.clear()
            reading, changed = asyncio.ensure_future(self._ask(question)), asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait((reading, changed), return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    return reading.result()
            finally:
                self._asking = None
                reading.cancel()
                changed.cancel()

    def renew(self) -> bool:
        """Whether it is being answered; if so by what is wanted now."""
        if self._asking is None:
            return False
        if self._asking != self._wanted():
            self._changed.set()
        return True
