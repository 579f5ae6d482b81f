"""Prometheus and Alertmanager together: what one of them does not answer is said, and is never none."""

from __future__ import annotations

import pytest

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.sources.alertmanager.combined import CombinedAlerts

FIRING = Alert("Errors", AlertState.FIRING, {"alertname": "Errors"})
SILENCED = Alert("Errors", AlertState.FIRING, {"alertname": "Errors"}, silenced=True)


class Source:
    def __init__(self, answer: Alerts | Failure) -> None:
        self.answer = answer

    async def alerts(self) -> Alerts:
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer


PROMETHEUS, ALERTMANAGER = Source(Alerts((FIRING,))), Source(Alerts((SILENCED,)))
AWAY = Source(Unreachable("connection refused", backend="Alertmanager"))


async def test_both_answer() -> None:
    assert await CombinedAlerts(PROMETHEUS, ALERTMANAGER).alerts() == Alerts((SILENCED,))


async def test_alertmanager_is_away() -> None:
    found = await CombinedAlerts(PROMETHEUS, AWAY).alerts()
    assert found.alerts == (FIRING,)
    assert found.gaps == ("Alertmanager: connection refused: what is silenced, and what fires elsewhere, is not known",)


@pytest.mark.parametrize("prometheus", [None, Source(Unreachable("gone", backend="Prometheus"))])
async def test_prometheus_is_away_or_not_there(prometheus: Source | None) -> None:
    found = await CombinedAlerts(prometheus, ALERTMANAGER).alerts()
    assert found.alerts == (SILENCED,)
    assert found.gaps[0].endswith("what is pending is not known")


@pytest.mark.parametrize(
    ("prometheus", "backend"), [(None, "Alertmanager"), (Source(Unreachable("gone", backend="Prometheus")), "Prometheus")]
)
async def test_neither_answers(prometheus: Source | None, backend: str) -> None:
    with pytest.raises(Unreachable) as raised:
        await CombinedAlerts(prometheus, AWAY).alerts()
    assert raised.value.backend == backend
