"""A clock that only moves when it is told to."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time


class FakeClock:
    """`modeldeck.ports.Clock`. `await clock.advance(5)` wakes whoever's sleep ends within those seconds, in order."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self.sleeps: list[float] = []
        """Every pause that was asked for, in seconds."""

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def boottime(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        await settle()  # whoever is about to pause does so before the time goes by
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not future.done():
                future.set_result(None)
            await settle()
        self._now = end
        await settle()


async def settle(turns: int = 20) -> None:
    """Lets everything that is ready run."""
    for _ in range(turns):
        await asyncio.sleep(0)


class Hurried:
    """`modeldeck.ports.Clock` that tells the real time, while every pause is so many times shorter."""

    def __init__(self, times: float) -> None:
        self._times = times

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._times)
