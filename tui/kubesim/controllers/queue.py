"""The work queue that every control loop runs on: each key once, again when it changed meanwhile, later on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.api.statuses import ApiError

_FIRST_RETRY = 0.05
_LONGEST_RETRY = 10.0
# How long a loop may keep the others waiting, in seconds.
_SLICE = 0.005


class WorkQueue:
    """Runs `sync(key)` for every added key, in order of arrival. A key that is refused (409, 404, ...) is retried with backoff."""

    def __init__(self, sync: Callable[[str], None]) -> None:
        self._sync = sync
        self._keys: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}

    def add(self, key: str) -> None:
        self._keys[key] = None
        self._wake.set()

    def add_after(self, key: str, seconds: float) -> None:
        """Add `key` once `seconds` have passed; the earliest of several such wishes counts."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        pending = self._timers.get(key)
        if pending is not None:
            if pending.when() <= due:
                return
            pending.cancel()
        self._timers[key] = loop.call_at(due, self._due, key)

    def _due(self, key: str) -> None:
        del self._timers[key]
        self.add(key)

    async def run(self) -> None:
        """For ever; requests are served between two keys."""
        while True:
            await self._wake.wait()
            self._work(asyncio.get_running_loop().time() + _SLICE)
            if not self._keys:
                self._wake.clear()
            # Requests and the other loops have their turn. What they cause meanwhile for one key is handled at once.
            await asyncio.sleep(0)

    def _work(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while self._keys:
            key = next(iter(self._keys))
            del self._keys[key]
            self._attempt(key)
            if loop.time() > until:
                return

    def _attempt(self, key: str) -> None:
        try:
            self._sync(key)
        except ApiError:
            tries = self._failures.get(key, 0)
            self._failures[key] = tries + 1
            self.add_after(key, min(_FIRST_RETRY * 2**tries, _LONGEST_RETRY))
        else:
            self._failures.pop(key, None)
