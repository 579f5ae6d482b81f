"""Which pods stand out, and which only seem to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.changes.change_event import ChangeKind
from modeldeck.domain.changes.outliers import outliers
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.domain.metrics.samples import ServingStats
from tests.support.changes import T, container, pod

USUAL = ServingStats(0.04, 0.08, 0.1, 0.0, 10.0)
PODS = [pod(f"p{number}") for number in range(4)]


def told(*stats: ServingStats, pods: list[Pod] | None = None) -> list[tuple[str, str]]:
    measured = {f"serving/p{number}": one for number, one in enumerate(stats)}
    return [(one.subject, one.what) for one in outliers(pods or PODS, measured, T, 300.0)]


def test_a_slow_one() -> None:
    assert told(USUAL, USUAL, replace(USUAL, p99=0.82), USUAL) == [("pod p2", "p99 820 ms, its 3 siblings 100 ms")]


def test_a_fast_one_and_one_that_is_a_little_slower_are_not_told() -> None:
    assert told(USUAL, replace(USUAL, p99=0.01), replace(USUAL, p99=0.19), USUAL) == []


def test_one_that_fails() -> None:
    assert told(USUAL, USUAL, replace(USUAL, error_ratio=0.05)) == [("pod p2", "errors 5 %, its 2 siblings 0 %")]
    few = replace(USUAL, requests_per_second=0.1)
    assert told(few, few, replace(few, error_ratio=0.05)) == []


def test_one_without_requests_and_one_with_too_many() -> None:
    assert told(USUAL, USUAL, replace(USUAL, requests_per_second=0.0, p99=None)) == [("pod p2", "requests 0 /s, its 2 siblings 10 /s")]
    assert told(USUAL, USUAL, replace(USUAL, requests_per_second=40.0)) == [("pod p2", "requests 40 /s, its 2 siblings 10 /s")]


def test_everything_of_one_pod_is_one_event() -> None:
    ((_, what),) = told(USUAL, USUAL, USUAL, ServingStats(1.0, 1.0, 2.0, 0.5, 1.0))
    assert what == "p99 2 s, its 3 siblings 100 ms; errors 50 %, its 3 siblings 0 %; requests 1 /s, its 3 siblings 10 /s"


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_tell_nothing(count: int) -> None:
    assert told(*[USUAL] * (count - 1), replace(USUAL, p99=9.0)) == []


def test_what_too_few_requests_measured_says_nothing() -> None:
    quiet = replace(USUAL, requests_per_second=0.05)
    assert told(quiet, quiet, replace(quiet, p99=9.0, error_ratio=0.5)) == []


def test_pods_that_are_not_its_own_are_no_siblings() -> None:
    measured = {"other/p0": replace(USUAL, p99=9.0), "serving/gone": USUAL, "serving/p0": USUAL, "serving/p1": USUAL}
    assert outliers(PODS, measured, T, 300.0) == ()


def test_when_it_was_measured_and_what_else_is_its_own() -> None:
    odd = pod("p3", T - 60, owner="c", node="n9", containers=(container(restarts=2),))
    measured = {f"serving/p{number}": USUAL for number in range(3)} | {"serving/p3": replace(USUAL, p99=0.9)}
    (found,) = outliers([*(replace(one, started_at=T - 7300) for one in PODS[:3]), odd], measured, T, 300.0)
    assert (found.kind, found.at, found.until, found.source) == (ChangeKind.OUTLIER, T - 300, T, "Prometheus")
    assert found.details == (
        "on node n9, as the only one of them",
        "the only one of its template",
        "started 2 h after all others",
        "restarted 2 times, the others never",
    )


@given(st.lists(st.floats(0.09, 0.11), min_size=3, max_size=4), st.floats(1.0, 100.0))
def test_alike_pods_never_stand_out(latencies: list[float], rate: float) -> None:
    assert told(*(replace(USUAL, p99=latency, requests_per_second=rate) for latency in latencies)) == []
