"""What a pod's containers are doing, and the status that a kubelet makes of it. Pure: no clock, no API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modeldeck.sandbox.node.api import Object

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class ContainerWaiting:
    """Not running, and why: ContainerCreating, ErrImagePull, ImagePullBackOff, CrashLoopBackOff …"""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class ContainerRunning:
    """Running since `started_at` (RFC 3339)."""

    started_at: str


@dataclass(frozen=True)
class ContainerTerminated:
    """Ended; times in RFC 3339."""

    exit_code: int
    reason: str
    message: str
    started_at: str
    finished_at: str
    container_id: str


State = ContainerWaiting | ContainerRunning | ContainerTerminated


@dataclass(frozen=True)
class ReportedContainer:
    """One container of a pod as its status reports it."""

    name: str
    image: str
    state: State = ContainerWaiting("ContainerCreating")
    last: ContainerTerminated | None = None
    ready: bool = False
    restarts: int = 0
    container_id: str = ""


def _state(state: State | None) -> Object:
    match state:
        case ContainerWaiting(reason, message):
            return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
        case ContainerRunning(started_at):
            return {"running": {"startedAt": started_at}}
        case ContainerTerminated():
            told = {"message": state.message} if state.message else {}
            return {
                "terminated": {
                    "exitCode": state.exit_code,
                    "reason": state.reason,
                    "startedAt": state.started_at,
                    "finishedAt": state.finished_at,
                    "containerID": state.container_id,
                }
                | told
            }
    return {}


def container_status(container: ReportedContainer) -> Object:
    """The entry of status.containerStatuses."""
    return {
        "name": container.name,
        "image": container.image,
        "imageID": f"{container.image}@sandbox" if container.container_id else "",
        "containerID": container.container_id,
        "ready": container.ready,
        "started": isinstance(container.state, ContainerRunning),
        "restartCount": container.restarts,
        "state": _state(container.state),
        "lastState": _state(container.last),
    }


def phase(containers: Sequence[ReportedContainer], restart_policy: str) -> str:
    """The pod's phase, after kubelet's getPhase: a container that waits after having run counts as stopped, not as pending."""
    ends = [each.state if isinstance(each.state, ContainerTerminated) else each.last for each in containers]
    if any(isinstance(each.state, ContainerWaiting) and end is None for each, end in zip(containers, ends, strict=True)):
        return "Pending"
    if restart_policy == "Always" or any(isinstance(each.state, ContainerRunning) for each in containers):
        return "Running"
    if all(end is not None and end.exit_code == 0 for end in ends):
        return "Succeeded"
    return "Failed" if restart_policy == "Never" else "Running"


def pod_status(pod: Object, containers: Sequence[ReportedContainer], now: str, ending: bool = False) -> Object:
    """The status to send for a pod: phase, conditions, addresses and container statuses; `now` in RFC 3339.

    A condition's lastTransitionTime moves only when its status changes. Once `ending`, no container restarts any more, so that
    the phase becomes final.
    """
    before: Object = pod.get("status", {})
    policy = "Never" if ending else pod["spec"].get("restartPolicy", "Always")
    reached = phase(containers, policy)
    unready = [each.name for each in containers if not each.ready]
    reason = "PodCompleted" if reached == "Succeeded" else "ContainersNotReady"
    message = {} if reached == "Succeeded" else {"message": f"containers with unready status: [{' '.join(unready)}]"}
    readiness: Object = {"status": "False", "reason": reason, **message} if unready else {"status": "True"}
    earlier = {each["type"]: each for each in before.get("conditions", ())}
    wanted: dict[str, Object] = {"Initialized": {"status": "True"}, "Ready": readiness, "ContainersReady": readiness}
    if "PodScheduled" not in earlier:
        wanted["PodScheduled"] = {"status": "True"}
    return {
        "phase": reached,
        "conditions": [_condition(kind, content, earlier.get(kind), now) for kind, content in wanted.items()],
        "hostIP": LOOPBACK,
        "hostIPs": [{"ip": LOOPBACK}],
        "podIP": LOOPBACK,
        "podIPs": [{"ip": LOOPBACK}],
        "startTime": before.get("startTime", now),
        "containerStatuses": [container_status(each) for each in containers],
    }


def _condition(kind: str, content: Object, earlier: Object | None, now: str) -> Object:
    moved = earlier is None or earlier["status"] != content["status"]
    since: Any = now if moved or earlier is None else earlier.get("lastTransitionTime", now)
    # null removes the reason and the message that an earlier, worse status had
    return {"type": kind, "reason": None, "message": None, "lastProbeTime": None, **content, "lastTransitionTime": since}


def earlier_life(pod: Object, name: str, image: str, now: str) -> ReportedContainer:
    """How a container begins: new, or after the agent's own restart with one restart more and what became of it before."""
    for status in pod.get("status", {}).get("containerStatuses", ()):
        if status["name"] == name and status.get("containerID"):
            known = status["state"].get("terminated") or status.get("lastState", {}).get("terminated")
            running = status["state"].get("running")
            if running:  # its process ended with the agent that ran it; the kubelet says the same after a reboot
                last = ContainerTerminated(255, "Unknown", "", running.get("startedAt", now), now, status["containerID"])
            elif known:
                last = _terminated(known)
            else:
                return ReportedContainer(name, image)
            return ReportedContainer(name, image, last=last, restarts=int(status.get("restartCount", 0)) + 1)
    return ReportedContainer(name, image)


def _terminated(status: Object) -> ContainerTerminated:
    return ContainerTerminated(
        int(status.get("exitCode", 0)),
        status.get("reason", ""),
        status.get("message", ""),
        status.get("startedAt", ""),
        status.get("finishedAt", ""),
        status.get("containerID", ""),
    )
