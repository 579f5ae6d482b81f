"""Trying a gate before it is needed: what could never work, and what only cannot be told now."""

from __future__ import annotations

from tests.support.fakes.metrics import FakeMetrics
from tests.support.fakes.traps import Traps
from tui.domain.failures import Failure, InvalidQuery, Unreachable
from tui.domain.gates import Gate, Op, QueryCriterion
from tui.operations.gate.trial import Refused, Trial, try_queries

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
            Refused("absent", "Prometheus knows no metric http_request_total", "did you mean http_requests_total?"),
            Refused("strange", "Prometheus knows no metric queue_length"),
        )
    )


async def test_a_wrong_query_is_refused_and_a_silent_prometheus_is_away() -> None:
    assert await tried(KNOWN, failure=InvalidQuery("parse error")) == Trial((Refused("known", "parse error"),))
    assert await tried(KNOWN, failure=Unreachable("connection refused")) == Trial((), away="connection refused")


async def test_where_the_names_of_metrics_are_not_told_queries_are_tried_all_the_same() -> None:
    away = Unreachable("too many")
    assert await tried(ABSENT, names=away) == Trial(())
    assert await tried(KNOWN, names=away, failure=InvalidQuery("parse error")) == Trial((Refused("known", "parse error"),))
    assert await tried(names=away) == Trial((), away="too many")
    assert await tried() == Trial(())
