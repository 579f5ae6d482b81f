"""A histogram without the paths counts probes and scrapes as well, all of them quick: how many there are beside the requests is no
property of a version."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.gates import Gate, GateVerdict
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.operations.gate import GateTarget, judge
from tests.support.history import NOW, SCRAPE, History

OLD, NEW = "iris-5d4f8c7b9", "iris-7c9d8e6f5"
TARGET = GateTarget("serving", "iris", (NEW,), baseline=(OLD,), baseline_until=float(NOW - 1800))
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, math.inf)
GATE = Gate(max_error_ratio=None, max_error_rise=None)


def share(seconds: float, slower: float) -> float:
    """Up to so long, with a p99 of 0.5 s."""
    return 1 - math.exp(-math.log(100) * seconds / 0.5 / slower) if seconds < math.inf else 1.0


def server(history: History, pod: str, start: int, end: int, rate: float, probes: float, slower: float = 1.0) -> None:
    """So many requests a second, and so many probes, which take a millisecond."""

    def samples(age: int) -> dict[str, float]:
        found = {'http_requests_total{handler="/invocations",status="2xx"}': rate * age}
        found['http_requests_total{handler="/ready",status="2xx"}'] = probes * age
        for bound in BOUNDS:
            le = "+Inf" if bound == math.inf else f"{bound:g}"
            found[f'http_request_duration_highr_seconds_bucket{{le="{le}"}}'] = rate * age * share(bound, slower) + probes * age
        return found

    history.scraped(pod, start, end, samples)


def promoted(rate: float, slower: float) -> History:
    """The version before had five requests a second."""
    history = History()
    server(history, f"{OLD}-abcde", 1800 + 3700, 1800, 5.0, 2.0)
    server(history, f"{NEW}-abcde", 1800, 0, rate, 2.0, slower)
    return history


@pytest.mark.parametrize("rate", [0.2, 0.3, 5.0])
async def test_a_slower_version_does_not_pass_because_fewer_people_ask_it(rate: float) -> None:
    for elapsed in range(75, 1801, 5 * SCRAPE):
        found = await judge(GATE, TARGET, promoted(rate, 2.0), now=float(NOW - 1800 + elapsed), elapsed=float(elapsed))
        assert found.verdict is not GateVerdict.PASS


async def test_nor_is_an_identical_one_undone_because_more_do() -> None:
    for elapsed in range(75, 1801, 5 * SCRAPE):
        found = await judge(GATE, TARGET, promoted(50.0, 1.0), now=float(NOW - 1800 + elapsed), elapsed=float(elapsed))
        assert found.verdict is not GateVerdict.FAIL


async def test_the_p99_is_that_of_the_requests_and_says_what_was_left_out() -> None:
    (result,) = (await judge(GATE, TARGET, promoted(0.5, 1.0), now=float(NOW), elapsed=1800.0)).criteria
    assert result.requests == pytest.approx(0.5 * 1740, rel=0.03)
    assert result.value == pytest.approx(1.0, rel=0.05)
    assert "(3480 probes left out)" in result.message


async def test_probes_alone_are_no_requests() -> None:
    (result,) = (await judge(GATE, TARGET, promoted(0.0, 1.0), now=float(NOW), elapsed=1800.0)).criteria
    assert (result.verdict, result.message) == (GateVerdict.INSUFFICIENT, "no requests in its latency buckets")


async def test_where_no_counter_tells_the_requests_all_of_them_count() -> None:
    history = promoted(5.0, 1.0)
    history.scope = SeriesScope(matchers=('__name__!="http_requests_total"',))
    (result,) = (await judge(GATE, TARGET, history, now=float(NOW), elapsed=1800.0)).criteria
    assert result.requests == pytest.approx(7 * 1740, rel=0.03)
    assert "left out" not in result.message


async def test_where_it_is_not_known_how_many_are_probes_nothing_is_said() -> None:
    history = promoted(5.0, 1.0)
    history.failure, history.failing = Unreachable("connection refused", backend="Prometheus"), lambda promql: 'le="+Inf"}' in promql
    (result,) = (await judge(GATE, TARGET, history, now=float(NOW), elapsed=1800.0)).criteria
    assert (result.verdict, "connection refused" in result.message) == (GateVerdict.ERROR, True)


def test_these_bounds_tell_twice_as_slow() -> None:
    assert all(one < two for one, two in pairwise(share(bound, 2.0) for bound in BOUNDS))
