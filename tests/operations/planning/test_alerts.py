"""What a plan says of alerts that fire for its deployment."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.environments import AlertPolicy, HttpTarget, PrometheusTarget
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.operations.checks import Check, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.planning import alerts as module
from modeldeck.operations.planning.alerts import alerts
from modeldeck.operations.planning.plan import plan
from tests.operations.conftest import Bench

LABELS = {"alertname": "HighErrors", "namespace": "serving", "pod": "iris-5d4f8c7b9-abcde"}
FIRING = Alert("HighErrors", AlertState.FIRING, {**LABELS, "severity": "page"}, 400.0, "too many fail")
PENDING = Alert("Slow", AlertState.PENDING, LABELS)
SILENCED = replace(FIRING, silenced=True)
OTHERS = replace(FIRING, labels={**LABELS, "namespace": "other"})
NOW = 1000.0


class Source:
    def __init__(self, answer: Alerts | Failure | None) -> None:
        self.answer = answer

    async def alerts(self) -> Alerts:
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, Failure):
            raise self.answer
        assert self.answer is not None
        return self.answer


async def told(
    bench: Bench,
    answer: Alerts | Failure | None,
    policy: AlertPolicy = AlertPolicy.WARN,
    *,
    kind: Kind = Kind.PROMOTE,
    guessed: bool = False,
    scope: SeriesScope | None = None,
    alertmanager: bool = False,
) -> tuple[Check, ...]:
    prometheus = PrometheusTarget("http://prometheus", guessed=guessed, scope=scope or SeriesScope())
    target = HttpTarget("http://alertmanager") if alertmanager else None
    environment = replace(bench.fake.environment, prometheus=prometheus, alertmanager=target, alerts=policy)
    subject = await bench.subject()
    clients = replace(bench.fake.clients, environment=environment, alerts=Source(answer))
    return await alerts(replace(subject, intent=replace(subject.intent, kind=kind)), clients, NOW)


async def test_none_fire(bench: Bench) -> None:
    (found,) = await told(bench, Alerts((OTHERS,)))
    assert (found.verdict, found.message) == (Verdict.OK, "none fire for it")


@pytest.mark.parametrize(
    ("alert", "policy", "kind", "verdict"),
    [
        (FIRING, AlertPolicy.WARN, Kind.PROMOTE, Verdict.WARN),
        (FIRING, AlertPolicy.REFUSE, Kind.PROMOTE, Verdict.REFUSE),
        (FIRING, AlertPolicy.REFUSE, Kind.ROLLBACK, Verdict.WARN),
        (SILENCED, AlertPolicy.REFUSE, Kind.PROMOTE, Verdict.WARN),
        (PENDING, AlertPolicy.REFUSE, Kind.PROMOTE, Verdict.WARN),
    ],
)
async def test_what_fires_warns_or_refuses(bench: Bench, alert: Alert, policy: AlertPolicy, kind: Kind, verdict: Verdict) -> None:
    (found,) = await told(bench, Alerts((OTHERS, alert)), policy, kind=kind)
    assert found.verdict is verdict
    assert alert.name in found.message


async def test_ignored_nobody_is_asked(bench: Bench) -> None:
    (found,) = await told(bench, Unreachable("gone"), AlertPolicy.IGNORE)
    assert (found.verdict, found.message) == (Verdict.OK, "ignored, as the environment's `alerts` says")


@pytest.mark.parametrize("policy", [AlertPolicy.WARN, AlertPolicy.REFUSE])
async def test_what_is_not_known_is_never_none(bench: Bench, policy: AlertPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = await told(bench, Unreachable("gone", backend="Prometheus"), policy)
    assert (found.verdict, found.message) == (Verdict.UNKNOWN, "whether any fire is not known: Prometheus: gone")
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    (found,) = await told(bench, None, policy)
    assert found.verdict is Verdict.UNKNOWN


async def test_where_nobody_named_a_prometheus_there_may_be_none(bench: Bench) -> None:
    assert await told(bench, Unreachable("gone"), guessed=True) == ()
    assert len(await told(bench, Unreachable("gone"), guessed=True, alertmanager=True)) == 1
    assert len(await told(bench, Alerts(), guessed=True)) == 1
    assert await alerts(await bench.subject(), bench.fake.clients, NOW) == ()


async def test_gaps_are_told(bench: Bench) -> None:
    (found,) = await told(bench, Alerts(gaps=("what is silenced is not known",)))
    assert (found.verdict, found.message) == (Verdict.OK, "none fire for it; what is silenced is not known")
    (found,) = await told(bench, Alerts(left_out=7))
    assert (found.verdict, found.message) == (Verdict.UNKNOWN, "none fire for it; 7 alerts more than are read")


async def test_not_all_of_many_are_told(bench: Bench) -> None:
    (found,) = await told(bench, Alerts((FIRING,) * 7))
    assert found.message.count("HighErrors") == 3
    assert found.message.endswith(", and 4 more")


async def test_alerts_of_another_cluster_are_not_meant(bench: Bench) -> None:
    there = replace(FIRING, labels={**LABELS, "cluster": "test"})
    (found,) = await told(bench, Alerts((there,)), scope=SeriesScope(matchers=('cluster="prod"',)))
    assert found.verdict is Verdict.OK


async def test_a_plan_holds_it(bench: Bench) -> None:
    clients = replace(bench.fake.clients, alerts=Source(Alerts((FIRING,))))
    environment = replace(bench.fake.environment, alerts=AlertPolicy.REFUSE)
    intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")
    made = await plan(intent, replace(clients, environment=environment), bench.journal, bench.clock)
    assert isinstance(made, Plan)
    assert [check.name for check in made.refused] == ["alerts"]


async def test_what_alerts_say_instructs_no_terminal(bench: Bench) -> None:
    (found,) = await told(bench, Alerts((replace(FIRING, summary="\x1b[2J"),)))
    assert found.message.isprintable()
