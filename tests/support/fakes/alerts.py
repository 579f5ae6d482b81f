"""Alerts as a source of ours answers them."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.alerts.alert import Alerts
from modeldeck.domain.failures import Failure


@dataclass
class FakeAlerts:
    """`modeldeck.ports.AlertSource`."""

    answer: Alerts | Failure

    async def alerts(self) -> Alerts:
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer
