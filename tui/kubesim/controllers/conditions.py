"""Lists of conditions, changed by the rules of the Deployment controller."""

from __future__ import annotations

from kubesim.api import timestamps
from kubesim.api.kinds import Object


def find(status: Object, type_: str) -> Object | None:
    return next((condition for condition in status.get("conditions") or () if condition["type"] == type_), None)


def make(type_: str, value: str, reason: str, message: str) -> Object:
    """A deployment's condition as of now; `value` is True, False or Unknown."""
    now = timestamps.now()
    return {"type": type_, "status": value, "lastUpdateTime": now, "lastTransitionTime": now, "reason": reason, "message": message}


def put(status: Object, condition: Object) -> None:
    """Add or replace; the same status and reason again change nothing, the same status keeps its transition time."""
    current = find(status, condition["type"])
    if current is not None and current["status"] == condition["status"]:
        if current["reason"] == condition["reason"]:
            return
        condition = {**condition, "lastTransitionTime": current["lastTransitionTime"]}
    drop(status, condition["type"])
    status["conditions"] = [*status.get("conditions", ()), condition]


def drop(status: Object, type_: str) -> None:
    kept = [condition for condition in status.get("conditions", ()) if condition["type"] != type_]
    if kept:
        status["conditions"] = kept
    else:
        status.pop("conditions", None)
