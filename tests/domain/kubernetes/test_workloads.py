"""What is worked out of single objects of a cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.workloads import ContainerKind, Controller, Fleet, OtherWorkload, Strategy
from tests.domain.links.templates import deployment, pod, replica_set, state

MAIN, INIT, SIDECAR, EPHEMERAL = ContainerKind.MAIN, ContainerKind.INIT, ContainerKind.SIDECAR, ContainerKind.EPHEMERAL


@pytest.mark.parametrize(
    ("kind", "now", "exit_code", "started", "holds"),
    [
        (INIT, "running", None, True, True),
        (INIT, "waiting", None, False, True),
        (INIT, "terminated", 1, False, True),
        (INIT, "terminated", 0, False, False),
        (SIDECAR, "running", None, False, True),
        (SIDECAR, "running", None, True, False),
        (SIDECAR, "terminated", 0, False, False),
        (MAIN, "running", None, False, False),
        (MAIN, "terminated", 1, False, False),
        (EPHEMERAL, "running", None, False, False),
    ],
)
def test_which_containers_hold_the_others_back(kind: ContainerKind, now: str, exit_code: int | None, started: bool, holds: bool) -> None:
    assert state(kind=kind, state=now, exit_code=exit_code, started=started).holds_others_back is holds


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "limits"),
    [
        ("25%", "25%", 10, (3, 2)),
        ("25%", "25%", 3, (1, 0)),
        ("1", "0", 3, (1, 0)),
        ("0", "0", 3, (0, 1)),
        ("0", "10%", 3, (0, 1)),
        ("2", "3", 1, (2, 3)),
        ("100%", "100%", 4, (4, 4)),
        ("some", "-1", 4, (0, 1)),
        ("9999999999", "0", 4, (999999999, 0)),
    ],
)
def test_how_many_pods_may_be_more_or_fewer(surge: str, unavailable: str, desired: int, limits: tuple[int, int]) -> None:
    assert Strategy(max_surge=surge, max_unavailable=unavailable).limits(desired) == limits


def test_a_replica_set_was_made_before_those_of_its_second_that_never_had_an_earlier_revision() -> None:
    back = replica_set(deployment(), 5, annotations={"deployment.kubernetes.io/revision-history": "1,3"}, created_at=10.0)
    assert (back.earlier, back.made) == ((1, 3), (10.0, 1))
    assert replica_set(deployment(), 2, created_at=10.0).made == (10.0, 2)
    assert replica_set(deployment(), 2, created_at=None).made == (0.0, 2)
    assert replica_set(deployment(), 2, annotations={"deployment.kubernetes.io/revision-history": "x,"}).earlier == ()


@pytest.mark.parametrize(("phase", "ended"), [("Running", False), ("Pending", False), ("Failed", True), ("Succeeded", True)])
def test_pods_that_never_run_again(phase: str, ended: bool) -> None:
    assert pod(replica_set(deployment()), phase=phase).ended is ended


def test_names() -> None:
    one = deployment()
    assert (one.key, one.revision, replace(one, annotations={}).revision) == ("serving/iris", 1, 0)
    assert (Controller("apps/v1", "ReplicaSet", "x").group, Controller("v1", "Pod", "x").group) == ("apps", "")
    assert OtherWorkload("StatefulSet", "serving", "iris", one.template).key == "serving/iris"
    assert (Fleet((one,), (), ()).deployment("serving/iris"), Fleet((one,), (), ()).deployment("serving/wine")) == (one, None)
