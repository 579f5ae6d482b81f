"""What Prometheus remembers of versions whose ReplicaSets are gone: when they served, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.planning.candidate_metrics import measured_spans, with_figures
from modeldeck.operations.service import targets_of
from tests.domain.links.templates import deployment, replica_set
from tests.operations.conftest import Bench
from tests.support.fakes.journals import MemoryJournal
from tests.support.history import NOW, History
from tests.support.sample import FrozenClock

CLOCK = FrozenClock(NOW)
DAY = 86400
LATENCY = {"0.05": 0.5, "0.1": 0.98, "0.25": 1.0, "+Inf": 1.0}


def server(version: str, *, model: str = "iris", errors: float = 0.0) -> Callable[[int], Mapping[str, float]]:
    """The sandbox's model server under two requests a second."""

    def samples(age: int) -> dict[str, float]:
        total = 2.0 * age
        found = {
            f'model_info{{model="{model}",version="{version}"}}': 1.0,
            'http_requests_total{handler="/invocations",status="2xx"}': total * (1 - errors),
            'http_requests_total{handler="/invocations",status="5xx"}': total * errors,
        }
        return found | {f'http_request_duration_highr_seconds_bucket{{le="{le}"}}': total * share for le, share in LATENCY.items()}

    return samples


def clients() -> History:
    """Version 1 served until an hour ago, version 2 since; beside them a pod of another deployment, and one that serves two models."""
    metrics = History()
    metrics.scraped("iris-5d8f-aaaaa", 3 * 3600, 3600, server("1", errors=0.05))
    metrics.scraped("iris-7c9b-bbbbb", 3600, 0, server("2"))
    metrics.scraped("wine-7c9b-ccccc", 3600, 0, server("9"))
    metrics.scraped("iris-7c9b-bbbbb", 3600, 0, lambda age: {'model_info{model="shadow",version="7"}': 1.0})
    return metrics


async def spans(metrics: History) -> dict[str, tuple[float, float]]:
    return await measured_spans("serving", "iris", "iris", metrics, CLOCK)


async def test_when_each_version_served() -> None:
    found = await spans(clients())
    assert set(found) == {"1", "2"}
    since, until = found["1"]
    assert abs(since - (NOW - 3 * 3600)) <= 600
    assert abs(until - (NOW - 3600)) <= 600
    assert found["2"][1] == NOW


async def test_nothing_is_known_without_versions_or_without_anybody_to_ask() -> None:
    plain = History()
    plain.fastapi("iris-7c9b-bbbbb")
    assert await spans(plain) == {}
    assert await spans(replace(clients(), failure=Unreachable("refused"))) == {}
    assert await measured_spans("serving", "iris", "iris", None, CLOCK) == {}


def candidate(**fields: float | int | None) -> RollbackTarget:
    values = {"served_from": NOW - 3 * 3600.0, "served_until": NOW - 3600.0, "revision": None, **fields}
    return RollbackTarget("1", "iris", ended_why="", sources=("metrics",), **values)  # type: ignore[arg-type]


async def figures(target: RollbackTarget, metrics: History) -> str:
    of = deployment("iris")
    (found,) = await with_figures([target], of, Fleet((of,), (replica_set(of, 7, name="iris-7c9b"),), ()), metrics, CLOCK)
    return found.stats_words


async def test_how_it_behaved_though_its_replica_set_is_gone() -> None:
    assert await figures(candidate(), clients()) == "p99 175 ms, errors 5.0%, 2.0 requests/s"


@pytest.mark.parametrize("target", [candidate(served_until=None), candidate(served_until=NOW - 9 * 3600.0)])
async def test_of_a_time_that_is_not_known_nothing_is_said(target: RollbackTarget) -> None:
    assert await figures(target, clients()) == ""


async def test_its_replica_set_is_believed_first() -> None:
    assert await figures(candidate(revision=7, served_until=NOW * 1.0, served_from=NOW - 3600.0), clients()) == (
        "p99 175 ms, errors 0.0%, 2.0 requests/s"
    )


async def test_where_nothing_else_remembers_prometheus_does(bench: Bench) -> None:
    """The history of revisions is cut off, and nobody kept a journal: `revisionHistoryLimit: 0`."""
    fake = bench.fake
    bench.clock.at = float(NOW)
    fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/2")
    fake.cluster.roll_out("serving/iris")
    fake.cluster.sets = {name: one for name, one in fake.cluster.sets.items() if "iris/2" in str(one["template"])}
    bench.journal = MemoryJournal()
    assert getattr(await bench.plan(None, kind=Kind.ROLLBACK), "code", "") == "no_target"
    fake.measured, fake.metrics = True, clients()  # type: ignore[assignment]
    (found,) = await targets_of("serving", "iris", fake.clients, bench.journal, fake.clock)
    assert (found.version, found.sources, found.is_default) == ("1", ("metrics",), True)
    assert found.stats_words == "p99 175 ms, errors 5.0%, 2.0 requests/s"
    made = await bench.plan(None, kind=Kind.ROLLBACK)
    assert isinstance(made, Plan)
    assert made.last.to_version == "1"


async def test_only_what_is_registered_can_be_gone_back_to(bench: Bench) -> None:
    metrics = clients()
    metrics.scraped("iris-0000-aaaaa", 2 * DAY, DAY, server("blue"))
    bench.clock.at = float(NOW)
    bench.fake.measured, bench.fake.metrics = True, metrics  # type: ignore[assignment]
    found = await targets_of("serving", "iris", bench.fake.clients, bench.journal, bench.fake.clock)
    assert [target.version for target in found] == ["2"]


async def test_the_last_second_before_its_successor_is_looked_at() -> None:
    """When that was there, its own pods were already going."""
    asked: list[float] = []
    metrics = clients()
    query = metrics.query

    async def noted(promql: str, *, at: float | None = None) -> Vector:
        asked.append(at or 0.0)
        return await query(promql, at=at)

    metrics.query = noted  # type: ignore[method-assign]
    await figures(candidate(), metrics)
    assert set(asked) == {NOW - 3600 - 1.0}


async def test_a_target_of_no_revision_is_of_no_replica_set() -> None:
    of = deployment("iris")
    sets = (replica_set(of, 0, name="iris-0"), replica_set(of, 1, name="iris-7c9b"))
    (found,) = await with_figures([candidate()], of, Fleet((of,), sets[1:], ()), clients(), CLOCK)
    assert found.stats_words == "p99 175 ms, errors 5.0%, 2.0 requests/s", "of the pods that stated it"


async def test_only_six_candidates_are_measured_and_all_are_told() -> None:
    of = deployment("iris")
    many = [candidate() for _ in range(8)]
    found = await with_figures(many, of, Fleet((of,), (), ()), clients(), CLOCK)
    assert [bool(one.stats_words) for one in found] == [True] * 6 + [False] * 2
    assert await with_figures([], of, Fleet((of,), (), ()), clients(), CLOCK) == ()
    assert await with_figures(many, of, Fleet((of,), (), ()), None, CLOCK) == tuple(many)
    assert await with_figures(many, of, Fleet((of,), (), ()), replace(clients(), failure=Unreachable("refused")), CLOCK) == tuple(many)
