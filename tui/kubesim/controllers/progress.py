"""A deployment's status: counts from its replica sets, and the conditions Available and Progressing (progress.go, sync.go)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from kubesim.api import timestamps
from kubesim.api.kinds import Object
from kubesim.controllers import conditions
from kubesim.controllers.sizes import RollingUpdateLimits, fences

AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"
UPDATED = "ReplicaSetUpdated"
CREATED = "NewReplicaSetCreated"
FOUND = "FoundNewReplicaSet"
NO_DEADLINE = 2**31 - 1


def limits(deployment: Object) -> RollingUpdateLimits:
    """How many pods above and below the wished number this deployment allows."""
    spec = deployment["spec"]
    if spec["strategy"]["type"] != "RollingUpdate":
        return RollingUpdateLimits(0, 0)
    rolling = spec["strategy"]["rollingUpdate"]
    return fences(rolling["maxSurge"], rolling["maxUnavailable"], spec["replicas"])


def has_deadline(deployment: Object) -> bool:
    return bool(deployment["spec"].get("progressDeadlineSeconds", NO_DEADLINE) != NO_DEADLINE)


def count(sets: Sequence[Object], field: str) -> int:
    return sum(each.get("status", {}).get(field, 0) for each in sets)


def counted(deployment: Object, sets: Sequence[Object], newest: Object | None) -> Object:
    """The status as the replica sets report it, with the condition Available."""
    available = count(sets, "availableReplicas")
    total = sum(each["spec"]["replicas"] for each in sets)
    numbers = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": count(sets, "replicas"),
        "updatedReplicas": count([newest], "replicas") if newest else 0,
        "readyReplicas": count(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(total - available, 0),
        "collisionCount": deployment["status"].get("collisionCount"),
    }
    status: Object = {name: value for name, value in numbers.items() if value}
    if all("terminatingReplicas" in each.get("status", {}) or not each.get("status", {}).get("observedGeneration") for each in sets):
        status["terminatingReplicas"] = count(sets, "terminatingReplicas")
    if deployment["status"].get("conditions"):
        status["conditions"] = copy.deepcopy(deployment["status"]["conditions"])
    if available >= deployment["spec"]["replicas"] - limits(deployment).unavailable:
        conditions.put(status, conditions.make("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."))
    else:
        conditions.put(
            status, conditions.make("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        )
    return status


def is_complete(deployment: Object, status: Object) -> bool:
    wanted = deployment["spec"]["replicas"]
    return all(status.get(name, 0) == wanted for name in ("updatedReplicas", "replicas", "availableReplicas")) and status.get(
        "observedGeneration", 0
    ) >= deployment["metadata"].get("generation", 0)


def judged(deployment: Object, sets: Sequence[Object], newest: Object | None) -> Object:
    """The status with the condition Progressing: complete, moving, or past its deadline."""
    status = counted(deployment, sets, newest)
    current = conditions.find(deployment["status"], "Progressing")
    done_before = status.get("replicas", 0) == status.get("updatedReplicas", 0) and current is not None and current["reason"] == AVAILABLE
    if not has_deadline(deployment):
        conditions.drop(status, "Progressing")
    elif not done_before:
        _judge(deployment, status, current, newest)
    failure = next(
        (
            found
            for each in ([newest] if newest else []) + list(sets)
            if (found := conditions.find(each.get("status", {}), "ReplicaFailure"))
        ),
        None,
    )
    if failure is None:
        conditions.drop(status, "ReplicaFailure")
    else:
        conditions.put(status, {**failure, "lastUpdateTime": failure["lastTransitionTime"]})
    return status


def _judge(deployment: Object, status: Object, current: Object | None, newest: Object | None) -> None:
    who = f'ReplicaSet "{newest["metadata"]["name"]}"' if newest else f'Deployment "{deployment["metadata"]["name"]}"'
    if is_complete(deployment, status):
        conditions.put(status, conditions.make("Progressing", "True", AVAILABLE, f"{who} has successfully progressed."))
    elif _moved(deployment["status"], status):
        condition = conditions.make("Progressing", "True", UPDATED, f"{who} is progressing.")
        if current is not None and current["status"] == "True":
            condition["lastTransitionTime"] = current["lastTransitionTime"]
        # Replaced even when status and reason are the same: each progress starts the deadline anew.
        conditions.drop(status, "Progressing")
        conditions.put(status, condition)
    elif _timed_out(deployment, status):
        conditions.put(status, conditions.make("Progressing", "False", TIMED_OUT, f"{who} has timed out progressing."))


def _moved(old: Object, new: Object) -> bool:
    left_old = old.get("replicas", 0) - old.get("updatedReplicas", 0)
    left_new = new.get("replicas", 0) - new.get("updatedReplicas", 0)
    return left_new < left_old or any(
        new.get(name, 0) > old.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def _timed_out(deployment: Object, status: Object) -> bool:
    condition = conditions.find(status, "Progressing")
    if condition is None or condition["reason"] == AVAILABLE:
        return False
    if condition["reason"] == TIMED_OUT:
        return True
    left = seconds_left(deployment, condition)
    return left is not None and left < 0


def seconds_left(deployment: Object, condition: Object) -> float | None:
    """Until the deadline that started with the condition's last update; None when that time is unreadable."""
    passed = timestamps.age_seconds(condition.get("lastUpdateTime"))
    return None if passed is None else float(deployment["spec"]["progressDeadlineSeconds"]) - passed
