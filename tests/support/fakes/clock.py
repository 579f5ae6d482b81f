"""A clock that moves when somebody waits."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

_TURNS = 4


class FakeClock:
    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.at = start
        self._booted = start - 5.0
        self.jumped = 0.0
        """Seconds by which somebody has set the wall clock forward, or back."""
        self.asleep = 0.0
        """Seconds for which the machine has slept, with everything on it."""
        self._sleepers: list[tuple[float, int]] = []
        self._order = 0
        self.on_sleep: list[Callable[[], None]] = []

    def now(self) -> float:
        return self.at + self.jumped + self.asleep

    def monotonic(self) -> float:
        return self.at - self._booted

    def boottime(self) -> float:
        return self.at - self._booted + self.asleep

    async def sleep(self, seconds: float) -> None:
        """Virtual time: who wakes first goes first, once everybody else has had a turn."""
        self._order += 1
        mine = (self.at + seconds, self._order)
        heapq.heappush(self._sleepers, mine)
        try:
            while True:
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                if self._sleepers[0] == mine:
                    break
        finally:
            self._sleepers.remove(mine)
            heapq.heapify(self._sleepers)
        self.at = max(self.at, mine[0])
        for action in self.on_sleep:
            action()
