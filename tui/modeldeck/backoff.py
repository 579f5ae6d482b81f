"""How long to wait after a failure: as client-go's reflectors do, so that a backend that comes back is not run over."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

FIRST = 0.8
LONGEST = 30.0
FACTOR = 2.0
JITTER = 0.25


class Backoff:
    """Pauses in seconds: 0.8, 1.6, 3.2 … 30, each up to a quarter longer so that many consoles do not ask in step.

    Small again after `reset`, and where the last pause has been over for `healthy` seconds: who watches hears no success.
    """

    def __init__(
        self,
        *,
        first: float = FIRST,
        longest: float = LONGEST,
        healthy: float = math.inf,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first = first
        self._longest = longest
        self._healthy = healthy
        self._chance = chance
        self._monotonic = monotonic
        self._failures = 0
        self._over = math.inf
        """When the last pause is over."""

    def next(self, at_least: float | None = None) -> float:
        """`at_least`: what the backend itself asked for (Failure.retry_after); it is honoured, even past the longest pause."""
        now = self._monotonic()
        if now - self._over > self._healthy:
            self.reset()
        pause = min(self._longest, self._first * FACTOR ** min(self._failures, 32))
        self._failures += 1
        pause = max(pause, at_least or 0.0) * (1 + JITTER * self._chance())
        self._over = now + pause
        return pause

    def reset(self) -> None:
        self._failures = 0
