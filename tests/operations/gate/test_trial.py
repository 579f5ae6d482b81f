"""Trying a gate before it is needed: what could never work, and what only cannot be told now."""

from __future__ import annotations

from modeldeck.domain.failures import Failure, InvalidQuery, Unreachable
from modeldeck.domain.gates import Gate, GateVerdict, Op, QueryCriterion
from modeldeck.operations.gate import GateTarget
from modeldeck.operations.gate.trial import Trial, UnworkableCriterion, try_on, try_queries
from tests.support.fakes.metrics import FakeMetrics
from tests.support.fakes.traps import Traps
from tests.support.history import NOW, SLOW, History

KNOWN = QueryCriterion("known", "sum(rate(http_requests_total[5m]))", Op.AT_MOST, 1)
ABSENT = QueryCriterion("absent", "sum(rate(http_request_total[5m]))", Op.AT_MOST, 1)
STRANGE = QueryCriterion("strange", "sum(queue_length)", Op.AT_MOST, 1)


async def tried(*criteria: QueryCriterion, failure: Failure | None = None, names: Failure | None = None) -> Trial:
    metrics = FakeMetrics(Traps())
    metrics.failure = failure
    if names is not None:
        metrics.traps.fail("metric_names", names)
    return await try_queries(Gate(criteria=criteria), metrics, now=0.0)


async def test_metrics_that_nobody_exports_are_refused_with_what_may_be_meant() -> None:
    assert await tried(KNOWN, ABSENT, STRANGE) == Trial(
        (
            UnworkableCriterion("absent", "Prometheus knows no metric http_request_total", "did you mean http_requests_total?"),
            UnworkableCriterion("strange", "Prometheus knows no metric queue_length"),
        )
    )


async def test_a_wrong_query_is_refused_and_a_silent_prometheus_is_away() -> None:
    assert await tried(KNOWN, failure=InvalidQuery("parse error")) == Trial((UnworkableCriterion("known", "parse error"),))
    assert await tried(KNOWN, failure=Unreachable("connection refused")) == Trial((), away="connection refused")


async def test_where_the_names_of_metrics_are_not_told_queries_are_tried_all_the_same() -> None:
    away = Unreachable("too many")
    assert await tried(ABSENT, names=away) == Trial(())
    assert await tried(KNOWN, names=away, failure=InvalidQuery("parse error")) == Trial((UnworkableCriterion("known", "parse error"),))
    assert await tried(names=away) == Trial((), away="too many")
    assert await tried() == Trial(())


SET = "iris-5d4f8c7b9"
TODAY = GateTarget("serving", "iris", (SET,), model="iris", version="4")


def clients(**more: object) -> History:
    history = History()
    history.fastapi(f"{SET}-abcde", start=7300, **more)  # type: ignore[arg-type]
    return history


async def on(gate: Gate, history: History | None) -> Trial:
    return await try_on(gate, TODAY, history, now=float(NOW))


async def test_a_gate_is_tried_on_the_pods_that_serve_and_held_against_themselves() -> None:
    history = clients()
    found = await on(Gate(), history)
    assert (found.refused, found.away) == ((), "")
    assert found.judgement is not None
    assert found.judgement.verdict is GateVerdict.PASS
    assert {at for promql, at in history.asked if promql.startswith("sum by (le)")} == {float(NOW), NOW - 3600.0}


async def test_the_pods_of_now_are_compared_with_the_same_pods_as_long_before() -> None:
    history = History()
    history.fastapi(f"{SET}-abcde", start=7300, end=3600)
    history.fastapi(f"{SET}-abcde", start=3585, latency=SLOW)
    found = (await on(Gate(), history)).judgement
    assert found is not None
    assert {result.name: result.verdict for result in found.criteria}["p99 vs before"] is GateVerdict.FAIL


async def test_what_pods_do_not_export_is_refused_and_what_is_only_missing_now_is_not() -> None:
    drift = Gate(max_drift=0.2)
    message = "FastAPI instrumentator exports no histogram of predicted values here"
    assert (await on(drift, clients())).refused == (
        UnworkableCriterion("drift", message, "see that the pods are scraped, or switch this criterion off"),
    )
    seldom = await on(Gate(), clients(rate=0.02))
    assert (seldom.refused, seldom.away) == ((), "")


async def test_queries_of_ones_own_are_tried_with_what_is_there() -> None:
    pods = 'pod=~"{pods}"'
    well = QueryCriterion("well", f"sum(rate(http_requests_total{{{pods}}}[{{window}}]))", Op.AT_LEAST, 1)
    several = QueryCriterion("several", f"http_request_duration_highr_seconds_bucket{{{pods}}}", Op.AT_MOST, 1)
    wrong = QueryCriterion("wrong", "sum(", Op.AT_MOST, 1)
    absent = QueryCriterion("absent", f"sum(http_requests_totals{{{pods}}})", Op.AT_MOST, 1)
    empty = QueryCriterion("empty", 'sum(http_requests_total{pod="nobody"})', Op.AT_MOST, 1)
    found = await on(Gate(criteria=(well, several, wrong, absent, empty)), clients())
    refused = {each.criterion: (each.message, each.hint) for each in found.refused}
    assert set(refused) == {"several", "wrong", "absent"}
    assert refused["absent"] == ("Prometheus knows no metric http_requests_totals", "did you mean http_requests_total?")
    assert refused["several"][1] == refused["wrong"][1] == ""
    assert found.judgement is not None
    assert {result.name: result.value for result in found.judgement.criteria}["well"] is not None


async def test_a_prometheus_that_is_away_or_not_there_says_so() -> None:
    history = clients()
    history.failure = Unreachable("refused", backend="Prometheus")
    found = await on(Gate(criteria=(ABSENT,)), history)
    assert (found.refused, found.away) == ((), "Prometheus: refused")
    assert found.judgement is not None
    assert (await on(Gate(), None)).away == "no Prometheus is configured"


async def test_where_only_the_names_are_not_told_nothing_is_said_to_be_absent() -> None:
    history = clients()

    async def names() -> frozenset[str]:
        raise Unreachable("too many")

    history.metric_names = names  # type: ignore[method-assign]
    found = await on(Gate(criteria=(ABSENT,)), history)
    assert (found.refused, found.away) == ((), "")


async def test_what_nobody_asked_for_is_not_looked_up() -> None:
    """A built-in criterion without data says nothing of metrics that are not there."""
    history = History()
    history.scraped(f"{SET}-abcde", 900, 0, lambda age: {'http_request_duration_highr_seconds_bucket{le="+Inf"}': 0.0})
    found = await on(Gate(), history)
    assert found.judgement is not None
    assert all(each.criterion != "p99 vs before" for each in found.refused)
