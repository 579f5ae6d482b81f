"""How each Deployment's pods are scraped, looked up now and then and remembered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics import clock_skew
from modeldeck.live.fleet_metrics import FleetScrapes, exports, fleet_scrapes
from modeldeck.ports import Clock, Metrics

LOOK_AGAIN = 60.0
"""Seconds after which it is looked up anew: a server that exports more, or another one, may come later."""
LOOK_SOON = 10.0
"""The same while pods come, or nothing was found: they are scraped some time after they started."""
_NOTHING = FleetScrapes()


class Scrapes:
    """One environment's. `namespaces` tells which ones are looked at; it never fails."""

    def __init__(self, metrics: Metrics, clock: Clock, namespaces: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._namespaces = namespaces
        self._found = _NOTHING
        self._looked_at: float | None = None
        self._pods: frozenset[str] = frozenset()
        self._whole = False
        """Whether it was looked up with all pods known."""
        self._pods_changed_at = 0.0
        self._looking = asyncio.Lock()

    async def of(self, fleet: Fleet | None) -> FleetScrapes:
        """Raises a Failure where Prometheus does not answer, whether or not there is a fleet."""
        async with self._looking:  # rows and charts want it at the same time
            if fleet is None:
                await self._metrics.ping()
                return _NOTHING
            now = self._clock.now()
            if self._is_due(fleet, now):
                answers = await exports(self._metrics, await self._namespaces())
                clock = clock_skew.told(clock_skew.skew(answers, now, self._clock.now()))
                self._found = replace(await fleet_scrapes(answers, fleet, self._metrics.scope), clock=clock)
                self._looked_at, self._whole = now, fleet.whole
            return self._found

    def _is_due(self, fleet: Fleet, now: float) -> bool:
        pods = frozenset(pod.uid for pod in fleet.pods)
        if pods != self._pods:
            self._pods, self._pods_changed_at = pods, now
            if not self._found.by_deployment:  # the first pods come a moment after their deployments
                return True
        if fleet.whole and not self._whole:
            return True
        soon = not self._found.by_deployment or now - self._pods_changed_at < LOOK_AGAIN
        return self._looked_at is None or now - self._looked_at > (LOOK_SOON if soon else LOOK_AGAIN)
