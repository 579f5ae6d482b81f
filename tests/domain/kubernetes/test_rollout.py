"""Rollout states in kubectl's order and words, and what ends a rollout early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.rollout import Cause, new_pods, new_replica_set, obstacle, pod_words, refused, status, trouble
from modeldeck.domain.kubernetes.workloads import Condition, ContainerKind, ContainerState, Pod
from tests.domain.links.templates import container, deployment, pod, replica_set, state, template

DEADLINE = Condition("Progressing", "False", "ProgressDeadlineExceeded", 'ReplicaSet "iris-2" has timed out progressing.')
REST = 'Waiting for deployment "iris" rollout to finish: '


@pytest.mark.parametrize(
    ("parts", "state", "message"),
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
def test_kubectls_steps(parts: dict[str, Any], state: str, message: str) -> None:
    found = status(deployment(counts=3, **parts))
    assert (found.state, found.message) == (state, message)


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
    ("parts", "reason", "message"),
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
def test_the_new_pods_own_words(parts: dict[str, Any], reason: str, message: str) -> None:
    broken = pod(SETS[1], "new", ready=False, containers=(state(ready=False, **parts),))
    found = trouble(DEPLOYMENT, [broken], SETS)
    assert found is not None
    assert (found.message, found.reason, found.pod, found.container) == (message, reason, "new", "server")
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
    assert (late.reason, late.message) == ("ProgressDeadlineExceeded", DEADLINE.message)
    assert trouble(replace(DEPLOYMENT, generation=9, conditions=(DEADLINE,)), [], SETS) is None


def test_new_pods_by_owner_else_by_template() -> None:
    injected = template(container(image="i:2"), container("mesh"), labels={"app": "iris", "pod-template-hash": "x"})
    old, new = pod(SETS[0], "old"), pod(SETS[1], "new", template=injected)
    assert new_pods(DEPLOYMENT, [old, new], SETS) == (new,)
    assert new_pods(DEPLOYMENT, [old, new]) == (new,)


def test_no_new_replica_set_before_the_controller_has_seen_the_change() -> None:
    assert new_replica_set(DEPLOYMENT, SETS) == SETS[1]
    assert new_replica_set(DEPLOYMENT, [replica_set(DEPLOYMENT, 3, NEW), *SETS]) == SETS[1]
    assert new_replica_set(DEPLOYMENT, [replace(SETS[1], owner_uid="uid-of-z")]) is None
    assert new_replica_set(replace(DEPLOYMENT, generation=5), SETS) is None
    assert new_pods(replace(DEPLOYMENT, generation=5), [pod(SETS[1])], SETS) == ()


# The whole table of situations, beside kubectl's own verdict, is tests/conformance/kubernetes/situations.py.

CRASH: dict[str, Any] = {
    "state": "waiting",
    "reason": "CrashLoopBackOff",
    "restarts": 3,
    "last_exit_code": 1,
    "last_message": "no such artifact",
}


def early(kind: ContainerKind = ContainerKind.INIT, **parts: Any) -> ContainerState:
    return state("fetch", ready=False, kind=kind, **parts)


@pytest.mark.parametrize(
    ("first", "initialized", "message"),
    [
        (early(**CRASH), False, "pod new: Init:CrashLoopBackOff of init container fetch, restarted 3 times, exit code 1: no such artifact"),
        (early(ContainerKind.SIDECAR, **CRASH), False, "pod new: Init:CrashLoopBackOff of sidecar fetch, restarted 3 times"),
        (early(ContainerKind.SIDECAR, **CRASH), True, "pod new: CrashLoopBackOff of sidecar fetch, restarted 3 times"),
        (early(state="waiting", reason="ErrImagePull", message="denied"), False, "of init container fetch: Init:ErrImagePull: denied"),
        (
            early(state="terminated", reason="Error", exit_code=2, restarts=1),
            False,
            "Init:Error of init container fetch, restarted 1 times, exit code",
        ),
        (
            early(state="waiting", reason="CreateContainerConfigError"),
            False,
            "Init:CreateContainerConfigError of init container fetch: no r",
        ),
        (
            early(**{**CRASH, "last_reason": "OOMKilled", "last_exit_code": 137}),
            False,
            "restarted 3 times, OOMKilled, exit code 137: no such",
        ),
    ],
)
def test_containers_that_come_before_the_others(first: ContainerState, initialized: bool, message: str) -> None:
    main = state(ready=False, state="waiting", reason="PodInitializing")
    found = trouble(DEPLOYMENT, [pod(SETS[1], "new", ready=False, containers=(first, main), initialized=initialized)], SETS)
    assert found is not None
    assert message in found.message
    assert found.container == "fetch"


@pytest.mark.parametrize(
    "container",
    [
        early(state="terminated", exit_code=1),
        early(state="terminated", exit_code=0, restarts=5),
        early(state="running", restarts=5),
        early(ContainerKind.EPHEMERAL, **CRASH),
        state(ready=False, restarts=9),
    ],
)
def test_containers_that_end_no_rollout(container: ContainerState) -> None:
    assert trouble(DEPLOYMENT, [pod(SETS[1], "new", ready=False, containers=(container,))], SETS) is None


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_pods_that_have_ended_are_replaced_and_end_no_rollout(phase: str) -> None:
    gone = pod(SETS[1], "gone", ready=False, phase=phase, reason="Evicted", containers=(state(ready=False, **CRASH),))
    assert trouble(DEPLOYMENT, [gone], SETS) is None
    assert trouble(DEPLOYMENT, [gone]) is None


QUOTA = Condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")
HALF = replace(DEPLOYMENT, desired=3, updated=1, replicas=3, ready=2, available=2, conditions=(QUOTA,))


@pytest.mark.parametrize(
    ("change", "others", "final"),
    [
        ({}, (), True),
        ({"ready": 3}, (), False),
        ({}, (pod(SETS[1], "starts", ready=False),), False),
        ({}, (pod(SETS[1], "gone", ready=False, phase="Failed"),), True),
        ({}, (pod(SETS[0], "ends", terminating=True),), False),
        ({"conditions": (replace(QUOTA, status="False"),)}, (), False),
        ({"generation": 9}, (), False),
    ],
)
def test_a_refused_pod_is_final_where_nothing_makes_room(change: dict[str, Any], others: tuple[Pod, ...], final: bool) -> None:
    found = trouble(replace(HALF, **change), others, SETS)
    assert (found is not None and found.cause is Cause.NO_POD) == final


UNFINISHED = replace(DEPLOYMENT, available=0)


@pytest.mark.parametrize(
    ("parts", "cause", "message"),
    [
        ({"unscheduled": "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}, Cause.UNSCHEDULED, "1 Insufficient nvidia.com/gpu"),
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, Cause.PODS_END, "pod new failed: Evicted: low on memory"),
        ({"containers": (early(), state(ready=False)), "reason": "Init:0/1"}, Cause.SLOW, "pod new is still Init:0/1"),
        ({}, Cause.SLOW, "pod new runs, but is not ready"),
    ],
)
def test_what_a_rollout_waits_for_is_told_at_its_deadline(parts: dict[str, Any], cause: Cause, message: str) -> None:
    waits = pod(SETS[1], "new", ready=False, **parts)
    assert trouble(UNFINISHED, [waits], SETS) is None
    held = obstacle(UNFINISHED, [waits], SETS)
    assert held is not None
    assert (held.cause, message in held.message) == (cause, True)
    late = trouble(replace(UNFINISHED, conditions=(DEADLINE,)), [waits], SETS)
    assert late is not None
    assert (late.cause, late.held, late.pod) == (Cause.DEADLINE, cause, "new")
    assert late.message == f"{DEADLINE.message.rstrip('.')}: {held.message}"


def test_nothing_is_in_the_way_of_what_is_done_or_not_seen_yet() -> None:
    waits = pod(SETS[1], "new", ready=False, unscheduled="no node")
    assert obstacle(DEPLOYMENT, [waits], SETS) is None
    assert obstacle(replace(UNFINISHED, generation=9), [waits], SETS) is None
    assert obstacle(replace(UNFINISHED, generation=9, paused=True), [waits], SETS) is None
    assert obstacle(UNFINISHED, [pod(SETS[0], "old", ready=False), pod(SETS[1], "up")], SETS) is None
    paused = obstacle(replace(UNFINISHED, paused=True), [], SETS)
    assert paused is not None
    assert paused.cause is Cause.PAUSED


def test_pods_whose_images_admission_rewrote_are_found_by_revision() -> None:
    mirrored = template(container(image="mirror/i:2"))
    old, new = pod(SETS[0], "old", template=mirrored, revision=1), pod(SETS[1], "new", template=mirrored, revision=2)
    assert new_pods(DEPLOYMENT, [old, new]) == (new,)
    assert new_pods(replace(DEPLOYMENT, generation=9), [old, new]) == ()


@pytest.mark.parametrize(
    ("containers", "initialized", "restarts"),
    [
        ((state(restarts=2), state("b", restarts=3)), True, 5),
        ((early(restarts=4, state="terminated", exit_code=0), state(restarts=2)), True, 2),
        ((early(restarts=4), state(restarts=2)), False, 4),
        ((early(ContainerKind.SIDECAR, restarts=3, started=True), early(restarts=4), state(restarts=2)), False, 7),
        ((early(ContainerKind.SIDECAR, restarts=3, started=True), state(restarts=2)), True, 5),
        ((state(restarts=2), early(ContainerKind.EPHEMERAL, restarts=9)), True, 2),
    ],
)
def test_restarts_as_kubectl_counts_them(containers: tuple[ContainerState, ...], initialized: bool, restarts: int) -> None:
    assert pod(SETS[1], containers=containers, initialized=initialized).restarts == restarts


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, ""),
        ({"message": "low on memory"}, "low on memory"),
        ({"unscheduled": "no node"}, "no node"),
        ({"containers": (early(last_exit_code=137, last_reason="OOMKilled"),)}, "OOMKilled, exit code 137 of init container fetch"),
        ({"containers": (state(ready=False, last_exit_code=1),)}, "exit code 1"),
        ({"containers": (state(last_exit_code=1),)}, ""),
    ],
)
def test_what_stands_beside_a_pod(parts: dict[str, Any], message: str) -> None:
    assert pod_words(pod(SETS[1], **parts)) == message


def test_only_a_condition_that_says_so_refuses_a_pod() -> None:
    others = (Condition("Available", "True"), Condition("ReplicaFailure", "False"), Condition("Progressing", "Unknown"))
    assert refused(replace(DEPLOYMENT, conditions=others)) is None
    assert refused(replace(DEPLOYMENT, conditions=(*others, QUOTA))) is not None


def test_of_several_pods_that_do_not_come_up_the_first_is_told_and_of_those_that_ended_the_last() -> None:
    slow = [pod(SETS[1], name, ready=False) for name in ("one", "two")]
    held = obstacle(UNFINISHED, slow, SETS)
    assert held is not None
    assert (held.cause, held.pod) == (Cause.SLOW, "one")
    ended = [pod(SETS[1], f"at-{at}", ready=False, phase="Failed", created_at=at) for at in (5.0, 9.0, 7.0)]
    held = obstacle(UNFINISHED, ended, SETS)
    assert held is not None
    assert (held.cause, held.pod, "(3 pods so far)" in held.message) == (Cause.PODS_END, "at-9.0", True)
