"""The alerts of one deployment as changes, and what is said where not all are known."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.alerts.matching import MOST
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.operations.changes.firing_alerts import firing_alerts
from tests.support.fakes.alerts import FakeAlerts

MINE = Alert("Errors", AlertState.FIRING, {"namespace": "serving", "deployment": "iris", "cluster": "eu"}, 400.0)
OTHERS = replace(MINE, name="Disk", labels={"namespace": "serving", "deployment": "wine"})


async def told(answer: Alerts | Failure | None, scope: SeriesScope | None = None) -> tuple[list[str], tuple[str, ...]]:
    source = FakeAlerts(answer) if answer is not None else None
    events, not_known = await firing_alerts("serving/iris", source, scope or SeriesScope())
    return [event.subject for event in events], not_known


async def test_only_those_about_it_and_of_its_cluster() -> None:
    assert await told(Alerts((MINE, OTHERS))) == (["alert Errors"], ())
    assert await told(Alerts((MINE,)), SeriesScope(matchers=('cluster="us"',))) == ([], ())


async def test_what_is_not_known_is_told() -> None:
    assert await told(Unreachable("gone", backend="Prometheus")) == ([], ("alerts: Prometheus: gone",))
    gap = Alerts((replace(MINE, since=None),), ("what is silenced is not known",), 7)
    assert await told(gap) == (
        [],
        ("since when alert Errors fires", "alerts: what is silenced is not known", "alerts: 7 more than are read"),
    )


async def test_many_have_a_bound_that_is_told() -> None:
    events, not_known = await told(Alerts(tuple(replace(MINE, name=f"A{place}") for place in range(MOST + 3))))
    assert (len(events), not_known) == (MOST, ("alerts: 3 more of it",))


async def test_nothing_is_said_where_nobody_could_know_of_any() -> None:
    assert await told(None) == ([], ())
