"""Alerts of Prometheus and of Alertmanager as one: either knows what the other does not."""

from __future__ import annotations

import asyncio

from modeldeck.domain.alerts.alert import Alerts, merged
from modeldeck.domain.failures import Failure
from modeldeck.ports import AlertSource


class CombinedAlerts:
    """`modeldeck.ports.AlertSource`. `prometheus` None: there is none, so that nothing is known of what is pending."""

    def __init__(self, prometheus: AlertSource | None, alertmanager: AlertSource) -> None:
        self._prometheus, self._alertmanager = prometheus, alertmanager

    async def alerts(self) -> Alerts:
        """Raises a Failure where neither answers. What one of them does not answer stands in the gaps."""
        mine, theirs = await asyncio.gather(_told(self._prometheus), _told(self._alertmanager))
        if isinstance(theirs, Failure):
            if isinstance(mine, Alerts):
                return merged(mine, Alerts(gaps=(f"{theirs}: what is silenced, and what fires elsewhere, is not known",)))
            raise theirs if mine is None else mine
        if isinstance(mine, Alerts):
            return merged(mine, theirs or Alerts())
        why = f"{mine}: " if mine is not None else ""
        return merged(Alerts(gaps=(f"{why}what is pending is not known",)), theirs or Alerts())


async def _told(source: AlertSource | None) -> Alerts | Failure | None:
    if source is None:
        return None
    try:
        return await source.alerts()
    except Failure as failure:
        return failure
