"""How a candidate of a roll-back behaved, in words: by what its server counts, and not a figure more than is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.planning.candidate_metrics import measured_spans, with_figures
from tests.domain.links.templates import deployment, replica_set
from tests.support.fakes.metrics import FASTAPI, FakeMetrics
from tests.support.fakes.traps import Traps
from tests.support.history import NOW
from tests.support.sample import FrozenClock

CLOCK = FrozenClock(NOW)
OF = deployment("iris")
TARGET = RollbackTarget("1", "iris", NOW - 7200.0, NOW - 3600.0, "", ("replica sets",), revision=7)
MLSERVER = tuple(
    {"__name__": name}
    for name in (
        "model_infer_request_success_total",
        "model_infer_request_failure_total",
        "rest_server_request_duration_seconds_bucket",
    )
)
TRITON = ({"__name__": "nv_inference_request_success"}, {"__name__": "nv_inference_request_failure"})
TENSORFLOW = (
    {"__name__": ":tensorflow:serving:request_count", "status": "OK"},
    {"__name__": ":tensorflow:serving:request_latency_bucket"},
)


def metrics(
    exports: tuple[Mapping[str, str], ...] = FASTAPI,
    *,
    p99: float | None = None,
    requests: float | None = None,
    errors: float | None = None,
) -> FakeMetrics:
    """A Prometheus that answers so, of these exports."""

    def answer(promql: str) -> float | None:
        if "histogram_quantile" in promql:
            return p99
        failed = "failure" in promql or 'status=~"5' in promql or 'status!="OK"' in promql
        return errors if failed else requests

    found = FakeMetrics(Traps())
    found.exports, found.answer = exports, answer
    return found


async def message(asked: FakeMetrics, target: RollbackTarget = TARGET) -> str:
    sets = (replica_set(OF, 7, name="iris-7c9b"), replica_set(deployment("wine"), 7, name="wine-7c9b"))
    (found,) = await with_figures([target], OF, Fleet((OF,), sets, ()), asked, CLOCK)
    return found.stats_words


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"p99": 0.0414, "requests": 12.0, "errors": 0.6}, "p99 41 ms, errors 5.0%, 12.0 requests/s"),
        ({"p99": 0.0414, "requests": 12.0}, "p99 41 ms, errors 0.0%, 12.0 requests/s"),
        ({"requests": 0.5, "errors": 0.0}, "errors 0.0%, 0.5 requests/s"),
        ({"p99": 0.2}, "p99 200 ms"),
        ({"requests": 0.0, "errors": 0.0}, "0.0 requests/s"),
        ({"p99": math.nan, "requests": math.inf}, ""),
        ({"p99": 0.2, "errors": 3.0}, "p99 200 ms"),
        ({}, ""),
    ],
)
async def test_only_what_is_known_is_told(figures: dict[str, Any], expected: str) -> None:
    assert await message(metrics(**figures)) == expected


async def test_where_failed_requests_are_counted_apart_they_are_requests_too() -> None:
    assert await message(metrics(MLSERVER, p99=0.1, requests=9.0, errors=1.0)) == "p99 100 ms, errors 10.0%, 10.0 requests/s"
    assert await message(metrics(MLSERVER, requests=9.0)) == "errors 0.0%, 9.0 requests/s"
    assert await message(metrics(MLSERVER, requests=0.0, errors=2.0)) == "errors 100.0%, 2.0 requests/s"


async def test_a_counter_that_leaves_failures_out_proves_nothing_by_none() -> None:
    assert await message(metrics(TRITON, requests=9.0, errors=0.0)) == "9.0 requests/s"
    assert await message(metrics(TRITON, requests=9.0, errors=1.0)) == "errors 10.0%, 10.0 requests/s"


async def test_a_histogram_in_other_units_is_told_in_milliseconds() -> None:
    assert await message(metrics(TENSORFLOW, p99=41_400.0, requests=4.0)) == "p99 41 ms, errors 0.0%, 4.0 requests/s"


async def test_several_series_say_nothing() -> None:
    asked = metrics(p99=0.1, requests=2.0)
    query = asked.query

    async def twice(promql: str, *, at: float | None = None) -> Vector:
        found = await query(promql, at=at)
        return Vector(found.samples * 2) if "histogram_quantile" in promql else found

    asked.query = twice  # type: ignore[method-assign]
    assert await message(asked) == "errors 0.0%, 2.0 requests/s"


async def test_the_pods_are_asked_about_that_its_replica_set_had() -> None:
    asked = metrics(requests=2.0)
    await message(asked)
    figures = [(promql, at) for promql, at in asked.asked if not promql.startswith("count by (__name__")]
    assert len(figures) == 3, "the p99, the requests and the errors"
    assert all('namespace="serving"' in promql and "iris\\\\-7c9b-[a-z0-9]{5}" in promql for promql, _ in figures)
    assert {at for _, at in figures} == {NOW - 3600.0 - 1.0}


@pytest.mark.parametrize(
    ("since", "until", "window"),
    [
        (NOW - 7200.0, NOW - 3600.0, "315s"),
        (NOW - 3701.0, NOW - 3600.0, "115s"),
        (NOW - 3600.0, NOW - 3600.0, "60s"),
        (None, NOW - 3600.0, "315s"),
        (NOW - 101.0, None, "115s"),
        (NOW - 7200.0, None, "315s"),
    ],
)
async def test_the_last_minutes_count_in_which_it_served(since: float | None, until: float | None, window: str) -> None:
    """Five minutes at most, and a scrape more, so that the window holds a sample from before; and at least four scrapes."""
    asked = metrics(requests=2.0)
    await message(asked, replace(TARGET, served_from=since, served_until=until))
    (promql,) = {promql for promql, _ in asked.asked if promql.startswith("sum (") and "status=" not in promql}
    assert f"[{window}]" in promql


async def test_pods_of_no_known_server_are_taken_to_be_what_prometheus_knows_of_any() -> None:
    asked = metrics(({"__name__": "go_goroutines"},), p99=0.1, requests=2.0)
    assert await message(asked) == "p99 100 ms, 2.0 requests/s"

    async def names() -> frozenset[str]:
        return frozenset({"go_goroutines"})

    asked.metric_names = names  # type: ignore[method-assign]
    assert await message(asked) == ""


def ranged(*series: Series) -> FakeMetrics:
    """A Prometheus whose pods state versions."""
    asked = metrics()

    async def names() -> frozenset[str]:
        return frozenset({"model_info"})

    async def query_range(promql: str, *, start: float, end: float, step: float) -> Matrix:
        asked.asked.append((promql, start))
        return Matrix(series)

    asked.metric_names, asked.query_range = names, query_range  # type: ignore[method-assign]
    return asked


def stated(version: str, *points: tuple[float, float], model: str = "iris") -> Series:
    return Series({"version": version, **({"model": model} if model else {})}, points)


async def spans(*series: Series, patterns: LinkPatterns | None = None) -> dict[str, tuple[float, float]]:
    return await measured_spans("serving", "iris", "iris", ranged(*series), CLOCK, patterns or LinkPatterns())


async def test_a_version_was_there_from_its_first_to_its_last_statement() -> None:
    assert await spans(stated("1", (10.0, 0.0), (20.0, 1.0), (30.0, 1.0), (40.0, 0.0))) == {"1": (20.0, 30.0)}
    assert await spans(stated("1", (20.0, 1.0), (30.0, 1.0)), stated("1", (10.0, 1.0), (25.0, 1.0))) == {"1": (10.0, 30.0)}
    assert await spans(stated("1", (0.5, 1.0))) == {"1": (0.5, 0.5)}
    assert await spans(stated("1", (10.0, 0.0))) == {}


async def test_of_a_server_of_several_models_the_one_that_is_meant_counts() -> None:
    told = (stated("1", (10.0, 1.0)), stated("7", (10.0, 1.0), model="wine"), stated("2", (20.0, 1.0), model=""))
    assert await spans(*told) == {"1": (10.0, 10.0)}
    known = LinkPatterns(versions=(("model_info", "version"),))
    assert await spans(*told, patterns=known) == {"1": (10.0, 10.0), "2": (20.0, 20.0)}, "one that names none serves the one that is meant"


async def test_two_weeks_are_looked_back_in_steps_of_ten_minutes() -> None:
    asked, ranges = ranged(), list[tuple[str, float, float, float]]()

    async def query_range(promql: str, *, start: float, end: float, step: float) -> Matrix:
        ranges.append((promql, start, end, step))
        return Matrix(())

    asked.query_range = query_range  # type: ignore[method-assign]
    await measured_spans("serving", "iris", "iris", asked, FrozenClock(NOW + 599))
    ((promql, start, end, step),) = ranges
    assert (start, end, step) == (NOW - 14 * 86400.0, NOW, 600.0), "the ends are the same for ten minutes"
    assert promql.startswith("max by (")
    assert ", version) (model_info{" in promql
    assert 'namespace="serving"' in promql


async def test_a_silent_prometheus_takes_no_candidate_away() -> None:
    asked = metrics(requests=2.0)
    asked.failure = Unreachable("refused")
    assert await message(asked) == ""


async def test_statements_of_zero_or_of_other_models_name_no_pods() -> None:
    """Whose ReplicaSet is gone: the pods that stated the version are asked about."""
    asked = metrics(requests=2.0)
    found: list[str] = []
    samples = [
        Sample({"pod": "iris-old-aaaaa", "model": "iris"}, 0.0, 1.0),
        Sample({"pod": "iris-old-bbbbb", "model": "iris"}, 0.0, 0.0),
        Sample({"pod": "iris-old-ccccc", "model": "wine"}, 0.0, 1.0),
        Sample({"pod": "iris-old-ddddd"}, 0.0, 1.0),
        Sample({"model": "iris"}, 0.0, 1.0),
    ]
    query = asked.query

    async def stating(promql: str, *, at: float | None = None) -> Vector:
        if promql.startswith("max by ("):
            found.append(promql)
            return Vector(tuple(samples))
        return await query(promql, at=at)

    async def names() -> frozenset[str]:
        return frozenset({"model_info"})

    asked.query, asked.metric_names = stating, names  # type: ignore[method-assign]
    assert await message(asked, replace(TARGET, revision=None)) == "errors 0.0%, 2.0 requests/s"
    assert all('version="1"' in promql and ", pod) (model_info{" in promql for promql in found)
    (counted,) = {promql for promql, _ in asked.asked if promql.startswith("sum (") and "status=" not in promql}
    assert 'pod=~"iris-old-aaaaa|iris-old-ddddd"' in counted.replace("\\", "")
