"""What is said of one deployment beside its charts: alerts about it, and how it stands against its objective."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.alerts.matching import MOST, alerts_by_deployment
from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.objectives.objective import Objectives, objective_of
from modeldeck.domain.objectives.status import ObjectiveStatus
from modeldeck.live.fleet_metrics import where_of
from modeldeck.live.objective_status import objective_status
from modeldeck.live.scrapes import Scrapes
from modeldeck.ports import AlertSource, Metrics


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """`alerts`: name, state, since when and summary of each, firing ones first; None: not known, which is never none. `objective` None: the
    deployment promises nothing, or it is not known. `failures`: why something is not known."""

    alerts: tuple[Alert, ...] | None = None
    objective: ObjectiveStatus | None = None
    failures: tuple[Failure, ...] = ()
    gaps: tuple[str, ...] = ()
    """In words: what is not known of alerts beside those."""


class ServiceLevelReader:
    """One deployment's. An objective is some thirty questions: ask once a minute, while somebody looks."""

    def __init__(
        self,
        key: str,
        metrics: Metrics,
        scrapes: Scrapes,
        fleet: Callable[[], Fleet | None],
        alerts: AlertSource | None,
        objectives: Objectives,
    ) -> None:
        self._key, self._metrics, self._scrapes, self._fleet, self._alerts = key, metrics, scrapes, fleet, alerts
        self._objective = objective_of(objectives, key)

    async def read(self) -> ServiceLevel:
        """Never raises a Failure: one of the two may be known without the other."""
        alerts, objective = await asyncio.gather(self._read_alerts(), self._read_objective())
        failures = tuple(one for one in (alerts, objective) if isinstance(one, Failure))
        known, gaps = (None, ()) if isinstance(alerts, Failure) or alerts is None else alerts
        return ServiceLevel(known, None if isinstance(objective, Failure) else objective, failures, gaps)

    async def _read_alerts(self) -> tuple[tuple[Alert, ...], tuple[str, ...]] | Failure | None:
        if self._alerts is None:
            return None
        try:
            found = await self._alerts.alerts()
        except Failure as failure:
            return failure
        mine = alerts_by_deployment(found.alerts, (self._key,), self._metrics.scope).get(self._key, ())
        return mine[:MOST], found.gaps

    async def _read_objective(self) -> ObjectiveStatus | Failure | None:
        fleet = self._fleet()
        if self._objective is None or fleet is None:
            return None
        try:
            scraped = (await self._scrapes.of(fleet)).by_deployment.get(self._key)
            where = where_of(scraped, fleet, *self._key.split("/", 1)) if scraped is not None else ""
            return await objective_status(self._key, self._objective, scraped, where, self._metrics)
        except Failure as failure:
            return failure
