"""The service level beside the charts of the live screen: asked seldom, and only while it is seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from modeldeck.domain.reading import Reading
from modeldeck.live.poller import Poller
from modeldeck.live.service_level import ServiceLevel
from modeldeck.ports import Clock
from modeldeck.render.cell import Line
from modeldeck.render.metrics.service_level import service_level_line

EVERY = 60.0
"""Seconds: an objective is some thirty questions."""
LevelRead = Callable[[], Awaitable[ServiceLevel]]


class LevelLine:
    """One line at most. `read` None: nothing is ever asked or said."""

    def __init__(self, read: LevelRead | None, environment: str, on_change: Callable[[], None], clock: Clock) -> None:
        def told(_: Reading[ServiceLevel]) -> None:
            on_change()

        self._poller = Poller("service level", environment, read, told, EVERY, clock, backend="Prometheus") if read is not None else None

    def start(self) -> None:
        if self._poller is not None:
            self._poller.start()

    def show(self, shown: bool) -> None:
        """Whether it can be seen."""
        if self._poller is not None:
            (self._poller.resume if shown else self._poller.pause)()

    async def stop(self) -> None:
        if self._poller is not None:
            await self._poller.stop()

    def lines(self, now: float) -> tuple[Line, ...]:
        """What was known before a question that failed is not known any more."""
        if self._poller is None:
            return ()
        reading = self._poller.reading
        level = reading.value if reading.failure is None else ServiceLevel(failures=(reading.failure,))
        line = service_level_line(level, now) if level is not None else ()
        return (line,) if line else ()
