"""What a joiner that remembers joins anew: everything that a row is made of counts, one part at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.metrics.statements import Statement
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.joining import Joiner, serving_rows
from tests.domain.links.templates import state
from tests.domain.status.test_joining import SAYS_6, SAYS_7, V7, fleet_of, registry

FLEET, KNOWN = fleet_of(V7, (V7, False), (V7, True), ready=0), registry(champion="7")
CRASHED = replace(FLEET.pods[0], containers=(state(ready=False, state="waiting", reason="CrashLoopBackOff", restarts=3),))
ELSEWHERE = replace(FLEET.replica_sets[0], revision=9)


@pytest.mark.parametrize(
    ("fleet", "known", "p99", "observed"),
    [
        (FLEET, registry(champion="6"), None, {}),
        (FLEET, None, None, {}),
        (FLEET, KNOWN, 0.1, {}),
        (FLEET, KNOWN, None, {"serving/pod-1": SAYS_6}),
        (replace(FLEET, pods=(CRASHED, FLEET.pods[1])), KNOWN, None, {}),
        (replace(FLEET, pods=(CRASHED, FLEET.pods[1]), replica_sets=(ELSEWHERE,)), KNOWN, None, {}),
        (replace(FLEET, pods=FLEET.pods[:1]), KNOWN, None, {}),
        (replace(FLEET, deployments=()), KNOWN, None, {}),
    ],
    ids=["registry", "no registry", "statistics", "statement", "pod", "replica set", "fewer pods", "no deployment"],
)
def test_a_row_is_joined_anew_when_a_part_of_it_changed(
    fleet: Fleet, known: Registry | None, p99: float | None, observed: dict[str, Statement]
) -> None:
    joiner, stats = Joiner(), {"serving/iris": ServingStats(p99=p99)} if p99 else {}
    for _ in range(2):
        assert joiner.rows(FLEET, KNOWN) == serving_rows(FLEET, KNOWN)
        assert joiner.rows(fleet, known, stats, observed=observed) == serving_rows(fleet, known, stats, observed=observed)


def test_a_replica_set_alone_may_change_what_is_wrong() -> None:
    """Which pods are the new ones, their set's revision tells."""
    crashed, joiner = replace(FLEET, pods=(CRASHED,)), Joiner()
    other = replace(crashed, replica_sets=(ELSEWHERE,))
    (before,), (after,) = joiner.rows(crashed, KNOWN), joiner.rows(other, KNOWN)
    assert before.disagreements != after.disagreements
    assert (after,) == serving_rows(other, KNOWN)


def test_what_is_equal_is_not_joined_anew() -> None:
    joiner, stats = Joiner(), {"serving/iris": ServingStats(p99=0.1)}
    (before,) = joiner.rows(FLEET, KNOWN, stats, observed={"serving/pod-1": SAYS_7})
    again = {"serving/iris": ServingStats(p99=0.1)}
    (after,) = joiner.rows(FLEET, registry(champion="7"), again, observed={"serving/pod-1": replace(SAYS_7)})
    assert after is before


def test_another_statement_of_a_pod_is_heard_after_an_earlier_one() -> None:
    joiner = Joiner()
    for said in (SAYS_7, SAYS_6, SAYS_7):
        observed = {"serving/pod-1": said}
        assert joiner.rows(FLEET, KNOWN, observed=observed) == serving_rows(FLEET, KNOWN, observed=observed)


@pytest.mark.parametrize("phase", ["Pending", "Failed", "Succeeded", "Unknown"])
def test_only_pods_that_run_count(phase: str) -> None:
    ended = replace(FLEET, pods=tuple(replace(pod, phase=phase) for pod in FLEET.pods))
    (row,) = serving_rows(ended, KNOWN)
    assert row.live == ()
