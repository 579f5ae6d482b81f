"""Which of the sources of a deployment's memory there is, looked up now and then and remembered meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.metrics.charts.memory import MemorySource
from modeldeck.live.scrapes import LOOK_AGAIN
from modeldeck.ports import Clock, Metrics


class MemoryLookup:
    """One deployment's. A cluster may come to export more."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics, self._clock = metrics, clock
        self.forget()

    def forget(self) -> None:
        """The next one asks again."""
        self._asked: tuple[MemorySource, ...] = ()
        self._found: int | None = None
        self._looked_at = 0.0

    async def which(self, sources: Sequence[MemorySource]) -> int | None:
        """The place of the first one that answers anything; None where none does. Raises a Failure."""
        now = self._clock.now()
        if self._asked != tuple(sources) or not 0 <= now - self._looked_at < LOOK_AGAIN:
            self._found = await self._first(sources)
            self._asked, self._looked_at = tuple(sources), now
        return self._found

    async def _first(self, sources: Sequence[MemorySource]) -> int | None:
        for place, source in enumerate(sources):
            if (await self._metrics.query(f"count ({source.by_pod})")).samples:
                return place
        return None
