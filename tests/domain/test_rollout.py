"""Rollout states in kubectl's order and words, and what ends a rollout early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.templates import container, deployment, pod, replica_set, state, template
from tui.domain.rollout import new_pods, new_replica_set, status, trouble
from tui.domain.serving import Condition

DEADLINE = Condition("Progressing", "False", "ProgressDeadlineExceeded", 'ReplicaSet "iris-2" has timed out progressing.')
REST = 'Waiting for deployment "iris" rollout to finish: '


@pytest.mark.parametrize(
    ("parts", "state", "words"),
    [
        ({"generation": 2, "conditions": (DEADLINE,)}, "waiting", "Waiting for deployment spec update to be observed..."),
        ({"conditions": (DEADLINE,), "updated": 0}, "failed", 'deployment "iris" exceeded its progress deadline'),
        ({"conditions": (replace(DEADLINE, status="True"),)}, "failed", 'deployment "iris" exceeded its progress deadline'),
        ({"updated": 1}, "progressing", REST + "1 out of 3 new replicas have been updated..."),
        ({"replicas": 5}, "progressing", REST + "2 old replicas are pending termination..."),
        ({"available": 2}, "progressing", REST + "2 of 3 updated replicas are available..."),
        ({}, "done", 'deployment "iris" successfully rolled out'),
        (
            {"ready": 0, "paused": True, "conditions": (Condition("Available", "False"),)},
            "done",
            'deployment "iris" successfully rolled out',
        ),
    ],
)
def test_kubectls_steps(parts: dict[str, Any], state: str, words: str) -> None:
    found = status(deployment(counts=3, **parts))
    assert (found.state, found.words) == (state, words)


@given(*(st.integers(0, 4) for _ in range(6)))
def test_done_means_what_kubectl_means(generation: int, observed: int, desired: int, replicas: int, updated: int, available: int) -> None:
    found = status(
        deployment(
            generation=generation, observed_generation=observed, desired=desired, replicas=replicas, updated=updated, available=available
        )
    )
    assert (found.state == "done") == (generation <= observed and updated >= desired and replicas <= updated and available >= updated)


OLD, NEW = template(container(image="i:1")), template(container(image="i:2"))
DEPLOYMENT = deployment(of=NEW, annotations={"deployment.kubernetes.io/revision": "2"})
SETS = (replica_set(DEPLOYMENT, 1, OLD), replica_set(DEPLOYMENT, 2, NEW))


@pytest.mark.parametrize(
    ("parts", "reason", "words"),
    [
        (
            {"state": "waiting", "reason": "ImagePullBackOff", "message": "Back-off pulling image", "image": "i:2"},
            "ImagePullBackOff",
            "pod new: image i:2: ImagePullBackOff: Back-off pulling image",
        ),
        (
            {"state": "waiting", "reason": "CrashLoopBackOff", "restarts": 1, "last_exit_code": 1, "last_message": "no such model\n"},
            "CrashLoopBackOff",
            "pod new: CrashLoopBackOff, restarted 1 times, exit code 1: no such model",
        ),
        (
            {"state": "terminated", "reason": "Error", "restarts": 2, "exit_code": 3},
            "Error",
            "pod new: keeps ending, restarted 2 times, exit code 3",
        ),
    ],
)
def test_the_new_pods_own_words(parts: dict[str, Any], reason: str, words: str) -> None:
    broken = pod(SETS[1], "new", ready=False, containers=(state(ready=False, **parts),))
    found = trouble(DEPLOYMENT, [broken], SETS)
    assert found is not None
    assert (found.words, found.reason, found.pod, found.container) == (words, reason, "new", "server")
    assert trouble(DEPLOYMENT, [broken]) == found


@pytest.mark.parametrize(
    "parts",
    [
        {"state": "waiting", "reason": "ContainerCreating"},
        {"state": "running"},
        {"state": "terminated", "reason": "Error", "restarts": 0, "exit_code": 1},
    ],
)
def test_what_may_still_come_up_is_no_trouble(parts: dict[str, Any]) -> None:
    assert trouble(DEPLOYMENT, [pod(SETS[1], "new", ready=False, containers=(state(ready=False, **parts),))], SETS) is None


def test_old_and_ending_pods_do_not_fail_a_rollout() -> None:
    crash = (state(ready=False, state="waiting", reason="CrashLoopBackOff"),)
    old, ending = pod(SETS[0], "old", containers=crash), pod(SETS[1], "ending", containers=crash, terminating=True)
    assert trouble(DEPLOYMENT, [old, ending], SETS) is None
    assert trouble(DEPLOYMENT, [old, ending]) is None


def test_the_controllers_conditions() -> None:
    quota = Condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")
    found = trouble(replace(DEPLOYMENT, conditions=(quota,)), [], SETS)
    assert found is not None
    assert str(found) == "no pod could be created: exceeded quota"
    late = trouble(replace(DEPLOYMENT, conditions=(DEADLINE,)), [], SETS)
    assert late is not None
    assert (late.reason, late.words) == ("ProgressDeadlineExceeded", DEADLINE.message)
    assert trouble(replace(DEPLOYMENT, generation=9, conditions=(DEADLINE,)), [], SETS) is None


def test_new_pods_by_owner_else_by_template() -> None:
    injected = template(container(image="i:2"), container("mesh"), labels={"app": "iris", "pod-template-hash": "x"})
    old, new = pod(SETS[0], "old"), pod(SETS[1], "new", template=injected)
    assert new_pods(DEPLOYMENT, [old, new], SETS) == (new,)
    assert new_pods(DEPLOYMENT, [old, new]) == (new,)


def test_no_new_replica_set_before_the_controller_has_seen_the_change() -> None:
    assert new_replica_set(DEPLOYMENT, SETS) == SETS[1]
    assert new_replica_set(replace(DEPLOYMENT, generation=5), SETS) is None
    assert new_pods(replace(DEPLOYMENT, generation=5), [pod(SETS[1])], SETS) == ()
