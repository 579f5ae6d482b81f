"""What is said of a pod that does not come up: of which kind it is, which container, in whose words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.rollout import (
    Cause,
    RolloutTrouble,
    new_pods,
    new_replica_set,
    obstacle,
    pod_words,
    runs_template,
    status,
    trouble,
)
from modeldeck.domain.kubernetes.workloads import Condition, ContainerKind, ContainerState, EnvVar, PodTemplate
from tests.domain.links.templates import container, deployment, pod, replica_set, state, template

DEPLOYMENT = deployment(of=template(container(image="i:2")), available=0)
SETS = (replica_set(DEPLOYMENT, 1),)
INIT, SIDECAR, EPHEMERAL = ContainerKind.INIT, ContainerKind.SIDECAR, ContainerKind.EPHEMERAL


def of(*containers: ContainerState, **parts: Any) -> RolloutTrouble:
    found = trouble(DEPLOYMENT, [pod(SETS[0], "new", ready=False, containers=containers, **parts)], SETS)
    assert found is not None
    return found


def waiting(reason: str, message: str = "", name: str = "server", **parts: Any) -> ContainerState:
    return state(name, ready=False, state="waiting", reason=reason, **({"message": message} | parts))


@pytest.mark.parametrize(
    ("container", "cause"),
    [
        (waiting("ErrImagePull"), Cause.IMAGE),
        (waiting("CreateContainerConfigError"), Cause.CONFIG),
        (waiting("CrashLoopBackOff"), Cause.CRASH),
        (waiting("CrashLoopBackOff", last_reason="OOMKilled"), Cause.MEMORY),
        (waiting("CrashLoopBackOff", last_reason="OOMKilled", kind=SIDECAR), Cause.SIDECAR),
        (waiting("RunContainerError"), Cause.START),
        (state(ready=False, state="terminated", reason="Error", restarts=1, exit_code=1), Cause.CRASH),
        (state(ready=False, state="terminated", reason="OOMKilled", restarts=1, exit_code=137), Cause.MEMORY),
        (state(ready=False, state="terminated", reason="Error", restarts=1, exit_code=1, kind=SIDECAR), Cause.SIDECAR),
        (state(ready=False, state="terminated", reason="Error", restarts=1, exit_code=1, kind=INIT), Cause.CRASH),
    ],
)
def test_the_kind_of_what_fails(container: ContainerState, cause: Cause) -> None:
    assert of(container).cause is cause


def test_the_container_is_named_where_there_are_several() -> None:
    alone = of(waiting("ErrImagePull", "denied"))
    assert alone.message == "pod new: image registry/server:1: ErrImagePull: denied"
    beside = of(waiting("ErrImagePull", "denied"), state("proxy"))
    assert beside.message == "pod new: image registry/server:1 of container server: ErrImagePull: denied"
    helped = of(waiting("ErrImagePull", "denied"), state("fetch", kind=INIT), state("mesh", kind=SIDECAR))
    assert helped.message == alone.message


@pytest.mark.parametrize(
    ("message", "said"),
    [("", "ErrImagePull"), ("denied", "ErrImagePull: denied"), ("ErrImagePull: denied", "ErrImagePull: denied")],
)
def test_a_reason_is_not_said_twice(message: str, said: str) -> None:
    assert of(waiting("ErrImagePull", message)).message == f"pod new: image registry/server:1: {said}"


def test_the_first_container_in_trouble_is_told_and_what_is_ready_is_not() -> None:
    fine, debug = replace(waiting("CrashLoopBackOff", name="a"), ready=True), waiting("CrashLoopBackOff", name="b", kind=EPHEMERAL)
    assert (
        of(fine, debug, waiting("Pending", name="c"), waiting("ErrImagePull", name="d"), waiting("CrashLoopBackOff", name="e")).container
        == "d"
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"last_message": " no model \n", "message": "back-off"}, "pod new: CrashLoopBackOff: no model"),
        ({"message": "back-off"}, "pod new: CrashLoopBackOff: back-off"),
        ({"restarts": 1, "last_reason": "Error", "last_exit_code": 1}, "pod new: CrashLoopBackOff, restarted 1 times, exit code 1"),
        ({"last_reason": "Completed", "last_exit_code": 0}, "pod new: CrashLoopBackOff, exit code 0"),
        ({"last_reason": "OOMKilled"}, "pod new: CrashLoopBackOff, OOMKilled"),
    ],
)
def test_a_crash_says_how_it_ended_last(parts: dict[str, Any], message: str) -> None:
    assert of(waiting("CrashLoopBackOff", **parts)).message == message


def test_an_end_that_just_came_is_told_with_its_own_code() -> None:
    ended = state(ready=False, state="terminated", reason="OOMKilled", exit_code=137, restarts=1)
    assert of(ended).message == "pod new: keeps ending, restarted 1 times, OOMKilled, exit code 137"
    before = replace(ended, last_exit_code=2, last_reason="Error")
    assert of(before).message == "pod new: keeps ending, restarted 1 times, exit code 2"
    first = replace(ended, kind=INIT, name="fetch")
    assert of(first).message == "pod new: Init:OOMKilled of init container fetch, restarted 1 times, exit code 137"


def held(*pods: Any, **parts: Any) -> RolloutTrouble:
    found = obstacle(replace(DEPLOYMENT, **parts), pods, SETS)
    assert found is not None
    return found


def test_what_a_pod_still_does() -> None:
    starts = pod(SETS[0], "new", ready=False, reason="ContainerCreating", containers=(waiting("ContainerCreating", "pulling"),))
    assert held(starts).message == "pod new is still ContainerCreating: pulling"
    assert (held(starts).reason, held(starts).container) == ("ContainerCreating", "server")
    bare = pod(SETS[0], "new", ready=False, reason="", phase="Pending", containers=())
    assert (held(bare).message, held(bare).container) == ("pod new is still Pending", "")
    runs = pod(SETS[0], "new", ready=False, reason="Running", containers=(state("debug", ready=False, kind=EPHEMERAL), state(ready=False)))
    assert (held(runs).message, held(runs).container) == ("pod new runs, but is not ready", "server")


def test_what_has_ended_is_told_only_where_nothing_more_comes() -> None:
    failed = [pod(SETS[0], f"gone-{at}", ready=False, phase="Failed", reason="", message="", created_at=float(at)) for at in (1, 2)]
    starts = [pod(SETS[0], f"new-{at}", ready=False) for at in (1, 2, 3)]
    assert held(*failed, *starts).cause is Cause.SLOW
    assert held(*failed, *starts[:2]).message == "pod gone-2 failed: no reason given (2 pods so far)"
    assert held(failed[0]).message == "pod gone-1 failed: no reason given"
    assert (held(failed[0]).reason, held(failed[0]).pod) == ("Failed", "gone-1")
    unscheduled = pod(SETS[0], "waits", ready=False, unscheduled="no node.")
    assert held(*failed, unscheduled).message == "pod waits cannot be scheduled: no node"


def test_a_refusal_is_told_before_any_pod_and_a_pause_before_that() -> None:
    quota = (Condition("ReplicaFailure", "True", "FailedCreate", ""),)
    starts = pod(SETS[0], "new", ready=False)
    assert held(starts, conditions=quota).message == "no pod could be created: FailedCreate"
    assert held(starts, conditions=quota, paused=True).message == "the deployment is paused: nothing moves until it is resumed"
    assert held(starts, conditions=quota, paused=True).reason == "DeploymentPaused"


def test_a_deadline_without_words_has_ours() -> None:
    late = trouble(replace(DEPLOYMENT, conditions=(Condition("Progressing", "False", "ProgressDeadlineExceeded", ""),)), [], SETS)
    assert late is not None
    assert late.message == 'deployment "iris" exceeded its progress deadline'
    assert late.held is None


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"message": "low", "unscheduled": "no node"}, "low"),
        ({"terminating": True, "containers": (state(ready=False, last_exit_code=1),)}, ""),
        ({"containers": (state(ready=False, last_exit_code=0),)}, ""),
        ({"containers": (state("d", ready=False, last_exit_code=1, kind=EPHEMERAL),)}, ""),
        (
            {"containers": (state(ready=False, last_exit_code=3), state("b", ready=False, last_exit_code=4))},
            "exit code 3 of container server",
        ),
    ],
)
def test_what_stands_beside_a_pods_status(parts: dict[str, Any], message: str) -> None:
    assert pod_words(pod(SETS[0], "new", ready=False, **parts)) == message


WANTED = template(container(image="i:2", command=("run",), args=("-x",), env={"A": "1"}), labels={"app": "iris"}, annotations={"n": "1"})


@pytest.mark.parametrize(
    ("real", "ran"),
    [
        (WANTED, True),
        (replace(WANTED, labels={"app": "iris", "hash": "x"}, annotations={"n": "1", "more": "2"}), True),
        (replace(WANTED, labels={"app": "other"}), False),
        (replace(WANTED, annotations={}), False),
        (replace(WANTED, containers=(*WANTED.containers, container("mesh"))), True),
        (replace(WANTED, containers=()), False),
        (replace(WANTED, containers=(replace(WANTED.containers[0], image="i:1"),)), False),
        (replace(WANTED, containers=(replace(WANTED.containers[0], command=("other",)),)), False),
        (replace(WANTED, containers=(replace(WANTED.containers[0], args=()),)), False),
        *((replace(WANTED, containers=(replace(WANTED.containers[0], image=image),)), False) for image in ("a", "z")),
        *((replace(WANTED, containers=(replace(WANTED.containers[0], command=(word,)),)), False) for word in ("a", "z")),
        *((replace(WANTED, containers=(replace(WANTED.containers[0], args=(word,)),)), False) for word in ("-a", "-z")),
        *((replace(WANTED, containers=(replace(WANTED.containers[0], env=(EnvVar("A", text),)),)), False) for text in ("0", "9")),
        (replace(WANTED, containers=(replace(WANTED.containers[0], env=(EnvVar("B", "2"), EnvVar("A", "1"))),)), True),
        (replace(WANTED, containers=(replace(WANTED.containers[0], env=(EnvVar("A", "2"),)),)), False),
        (replace(WANTED, containers=(replace(WANTED.containers[0], env=()),)), False),
    ],
)
def test_a_pod_can_have_come_from_a_template_that_stands_in_it_as_a_whole(real: PodTemplate, ran: bool) -> None:
    assert runs_template(real, WANTED) is ran


def test_a_value_from_elsewhere_has_to_be_there_too() -> None:
    secret = replace(WANTED, containers=(replace(WANTED.containers[0], env=(EnvVar("A", None),)),))
    assert runs_template(secret, secret)
    assert not runs_template(replace(secret, containers=(replace(secret.containers[0], env=()),)), secret)


def test_revisions_tell_the_new_pods_only_where_both_are_known() -> None:
    at_two = replace(DEPLOYMENT, annotations={"deployment.kubernetes.io/revision": "2"})
    others = template(container(image="other"))
    known, unknown = pod(SETS[0], "known", revision=2, template=others), pod(SETS[0], "unknown", template=DEPLOYMENT.template)
    assert new_pods(at_two, [known, unknown]) == (known, unknown)
    assert new_pods(replace(DEPLOYMENT, annotations={}), [known, unknown]) == (unknown,)
    assert new_replica_set(replace(DEPLOYMENT, annotations={}), [replace(SETS[0], revision=0)]) is None


@pytest.mark.parametrize(
    "condition",
    [Condition("Progressing", "True", "NewReplicaSetAvailable", ""), Condition("Available", "False", "ProgressDeadlineExceeded", "")],
)
def test_only_progressing_tells_of_a_deadline_and_only_by_its_reason(condition: Condition) -> None:
    of = replace(DEPLOYMENT, conditions=(condition,))
    assert status(of).state == "progressing"
    assert trouble(of, [], SETS) is None
