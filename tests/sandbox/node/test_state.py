from __future__ import annotations

from typing import Any

import pytest

from modeldeck.sandbox.node.state import (
    ContainerRunning,
    ContainerTerminated,
    ContainerWaiting,
    ReportedContainer,
    State,
    earlier_life,
    phase,
    pod_status,
)

CREATING = ContainerWaiting("ContainerCreating")
RUNNING = ContainerRunning("2026-01-01T00:00:00Z")
DONE = ContainerTerminated(0, "Completed", "", "t0", "t1", "modeldeck://1")
CRASHED = ContainerTerminated(1, "Error", "no such model", "t0", "t1", "modeldeck://1")


def container(state: State, last: ContainerTerminated | None = None, ready: bool = False, name: str = "server") -> ReportedContainer:
    return ReportedContainer(name, "modeldeck/model-server:1", state, last, ready)


@pytest.mark.parametrize(
    ("containers", "policy", "expected"),
    [
        ([container(CREATING)], "Always", "Pending"),
        ([container(RUNNING), container(CREATING)], "Always", "Pending"),
        ([container(RUNNING)], "Always", "Running"),
        ([container(ContainerWaiting("CrashLoopBackOff"), CRASHED)], "Always", "Running"),
        ([container(CRASHED)], "Always", "Running"),
        ([container(DONE)], "Always", "Running"),
        ([container(DONE)], "Never", "Succeeded"),
        ([container(CRASHED)], "Never", "Failed"),
        ([container(DONE), container(CRASHED)], "Never", "Failed"),
        ([container(DONE), container(RUNNING)], "Never", "Running"),
        ([container(DONE)], "OnFailure", "Succeeded"),
        ([container(CRASHED)], "OnFailure", "Running"),
    ],
)
def test_the_phase_is_the_kubelets(containers: list[ReportedContainer], policy: str, expected: str) -> None:
    assert phase(containers, policy) == expected


def conditions(status: Any) -> dict[str, Any]:
    return {each["type"]: each for each in status["conditions"]}


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    pod: dict[str, Any] = {"metadata": {}, "spec": {}, "status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}}
    first = pod_status(pod, [container(CREATING)], "T1")
    assert first["startTime"] == "T1"
    assert "PodScheduled" not in conditions(first), "the scheduler's own"
    assert conditions(first)["Ready"] == {
        "type": "Ready",
        "status": "False",
        "reason": "ContainersNotReady",
        "message": "containers with unready status: [server]",
        "lastProbeTime": None,
        "lastTransitionTime": "T1",
    }
    second = pod_status({**pod, "status": first}, [container(RUNNING)], "T2")
    assert conditions(second)["Ready"]["lastTransitionTime"] == "T1"
    third = pod_status({**pod, "status": second}, [container(RUNNING, ready=True)], "T3")
    ready = conditions(third)["Ready"]
    assert (ready["status"], ready["reason"], ready["message"], ready["lastTransitionTime"]) == ("True", None, None, "T3")
    assert third["startTime"] == "T1"


def test_states_are_written_as_kubernetes_writes_them() -> None:
    pod: dict[str, Any] = {"metadata": {}, "spec": {}}
    looping = container(ContainerWaiting("CrashLoopBackOff", "back-off 2s"), CRASHED)
    written = pod_status(pod, [looping], "T1")["containerStatuses"][0]
    assert written["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 2s"}}
    assert written["lastState"]["terminated"]["exitCode"] == 1
    assert written["lastState"]["terminated"]["message"] == "no such model"
    assert written["started"] is False


def test_a_pod_that_ends_gets_a_final_phase() -> None:
    pod: dict[str, Any] = {"metadata": {}, "spec": {"restartPolicy": "Always"}}
    assert pod_status(pod, [container(DONE)], "T1", ending=True)["phase"] == "Succeeded"
    assert pod_status(pod, [container(CRASHED)], "T1", ending=True)["phase"] == "Failed"


def test_a_container_found_running_by_a_new_agent_was_restarted() -> None:
    status = {"name": "server", "containerID": "modeldeck://1", "restartCount": 2, "state": {"running": {"startedAt": "t0"}}}
    found = earlier_life({"status": {"containerStatuses": [status]}}, "server", "image", "T1")
    assert (found.restarts, found.state) == (3, CREATING)
    assert found.last == ContainerTerminated(255, "Unknown", "", "t0", "T1", "modeldeck://1")
    assert earlier_life({}, "server", "image", "T1") == ReportedContainer("server", "image")


def test_what_was_known_of_a_crash_survives_a_new_agent() -> None:
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "message": "no such model",
        "startedAt": "t0",
        "finishedAt": "t1",
        "containerID": "modeldeck://1",
    }
    status = {
        "name": "server",
        "containerID": "modeldeck://1",
        "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": ended},
    }
    found = earlier_life({"status": {"containerStatuses": [status]}}, "server", "image", "T1")
    assert (found.last, found.restarts) == (CRASHED, 2)
