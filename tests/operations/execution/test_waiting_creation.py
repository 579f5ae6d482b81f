"""How long a refusal to create pods is waited out: a quota that others free, a webhook that starts anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.rollout import Cause, RolloutTrouble
from modeldeck.domain.kubernetes.workloads import Condition, Pod
from modeldeck.operations.execution.waiting import _Creation
from tests.domain.links.templates import deployment, pod, replica_set

REFUSED = deployment(conditions=(Condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota"),))
QUOTA = RolloutTrouble("no pod could be created: exceeded quota", "FailedCreate", Cause.NO_POD)
CRASH = RolloutTrouble("pod new: CrashLoopBackOff", "CrashLoopBackOff", Cause.CRASH)
POD = pod(replica_set(REFUSED), "a")


def believed(*looks: tuple[float, RolloutTrouble | None, tuple[Pod, ...]]) -> list[bool]:
    creation = _Creation()
    return [creation.believed(found, REFUSED, pods, at) is not None for at, found, pods in looks]


def test_a_refusal_is_final_after_half_a_minute_in_which_nothing_moved() -> None:
    assert believed((0.0, QUOTA, ()), (29.9, QUOTA, ()), (30.0, QUOTA, ())) == [False, False, True]


def test_whatever_moves_begins_the_wait_anew_and_as_long_as_it_was_refused() -> None:
    assert believed((0.0, QUOTA, ()), (20.0, QUOTA, (POD,)), (49.9, QUOTA, (POD,)), (50.0, QUOTA, (POD,))) == [False, False, False, True]
    late = believed((0.0, QUOTA, ()), (29.0, None, ()), (58.0, None, ()), (115.9, QUOTA, ()), (116.0, QUOTA, ()))
    assert late == [False, False, False, False, True], "refused for 58 s, the next try may be 58 s away"


def test_a_refusal_that_passed_is_forgotten() -> None:
    creation = _Creation()
    assert creation.believed(QUOTA, REFUSED, (), 0.0) is None
    assert creation.believed(None, replace(REFUSED, conditions=()), (), 25.0) is None
    assert creation.believed(QUOTA, REFUSED, (POD,), 26.0) is None
    assert creation.believed(QUOTA, REFUSED, (POD,), 55.9) is None
    assert creation.believed(QUOTA, REFUSED, (POD,), 56.0) is QUOTA


@pytest.mark.parametrize("of", [REFUSED, replace(REFUSED, conditions=())])
def test_other_trouble_is_believed_at_once(of: object) -> None:
    assert _Creation().believed(CRASH, REFUSED if of is REFUSED else replace(REFUSED, conditions=()), (), 0.0) is CRASH
