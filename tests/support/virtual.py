"""An event loop whose time jumps to the next timer as soon as nothing else is left to do: hours of waiting take no time, in the same
order each time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable


class Stalled(AssertionError):
    """Everything waits for something that nobody will ever do."""


class _Jumping(selectors.DefaultSelector):
    """Does not wait: it moves the clock on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise Stalled("no timer is set, and nothing is ready")
            self.at += max(0.0, timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """`asyncio.sleep`, timeouts and everything else that counts by the loop's time."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.at


class VirtualClock:
    """`ports.Clock` on such a loop. `jumped`: seconds by which somebody has set the wall clock forward, or back; `on_sleep`: called
    after every pause, as in tests/support/fakes/clock.py."""

    def __init__(self, loop: VirtualLoop, start: float = 1_700_000_000.0) -> None:
        self._loop = loop
        self._start = start
        self.jumped = 0.0
        self.on_sleep: list[Callable[[], None]] = []

    def now(self) -> float:
        return self._start + self._loop.time() + self.jumped

    def monotonic(self) -> float:
        return self._loop.time()

    def boottime(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for action in self.on_sleep:
            action()
