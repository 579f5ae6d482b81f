"""Alerts and objective of one deployment: each is known without the other."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.objectives.objective import Objective
from modeldeck.live.scrapes import Scrapes
from modeldeck.live.service_level import ServiceLevelReader
from tests.support import sample
from tests.support.clocks import FakeClock
from tests.support.history import NOW, History

MINE = Alert("Errors", AlertState.FIRING, {"namespace": "serving", "deployment": "iris"})
THEIRS = Alert("Errors", AlertState.FIRING, {"namespace": "serving", "deployment": "wine"})
AWAY = Unreachable("gone", backend="Prometheus")


class Source:
    def __init__(self, answer: Alerts | Failure) -> None:
        self.answer = answer

    async def alerts(self) -> Alerts:
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer


def reader(alerts: Source | None, history: History, *, promised: bool = True, fleet: Any = sample.FLEET) -> ServiceLevelReader:
    async def namespaces() -> tuple[str, ...]:
        return ("serving",)

    objectives = (("serving/*", Objective(0.95)),) if promised else ()
    return ServiceLevelReader("serving/iris", history, Scrapes(history, FakeClock(NOW), namespaces), lambda: fleet, alerts, objectives)


@pytest.fixture
def history() -> History:
    found = History()
    for pod in sample.FLEET.pods:
        if pod.name.startswith("iris-"):
            found.fastapi(pod.name, errors=0.01)
    return found


async def test_both(history: History) -> None:
    found = await reader(Source(Alerts((THEIRS, MINE), ("a gap",))), history).read()
    assert (found.alerts, found.gaps, found.failures) == ((MINE,), ("a gap",), ())
    assert found.objective is not None
    assert found.objective.indicators[0].target == 0.95
    assert found.objective.at == NOW


async def test_no_alerts_are_known_to_be_none(history: History) -> None:
    assert (await reader(Source(Alerts((THEIRS,))), history).read()).alerts == ()
    assert (await reader(None, history).read()).alerts is None


async def test_alerts_that_cannot_be_read_are_not_known(history: History) -> None:
    found = await reader(Source(AWAY), history).read()
    assert (found.alerts, found.failures) == (None, (AWAY,))
    assert found.objective is not None


async def test_an_objective_that_cannot_be_read_is_not_known(history: History) -> None:
    history.failure = AWAY
    found = await reader(Source(Alerts((MINE,))), history).read()
    assert (found.alerts, found.objective, found.failures) == ((MINE,), None, (AWAY,))


async def test_nothing_is_asked_of_what_promises_nothing(history: History) -> None:
    for found in (await reader(None, history, promised=False).read(), await reader(None, history, fleet=None).read()):
        assert (found.objective, found.failures) == (None, ())
    assert history.asked == []
