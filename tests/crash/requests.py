"""What a request of an operation is about, in words that are the same in every case: the points at which operations are crashed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from modeldeck.domain.kubernetes.annotations import OPERATION

HOLD = "hold the lock"
"""Taking it, and each renewal."""
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_ASKING = ("/search", "/get", "selfsubjectaccessreviews", "dryRun=All")
_GREETINGS = ("/version", "/api/2.0/mlflow/experiments/search?max_results=1")
# What a process asks its backends as it meets them, beside everything else.


def changes(method: str, target: str) -> bool:
    """Whether the request changes something; dry runs and questions that are posted do not."""
    return method in _CHANGING and not any(word in target for word in _ASKING)


def label(method: str, target: str, body: bytes) -> str:
    """Of a request that changes something: `patch the template`, `tag 2 modeldeck.kind`."""
    path = urlsplit(target).path
    told: Any = json.loads(body) if body else {}
    if "/leases" in path:
        return HOLD if told["spec"].get("holderIdentity") else "give the lock back"
    if "/deployments/" in path:
        return _of_deployment(told)
    if path.endswith("/events"):
        return "write the event"
    if path.endswith("registered-models/alias"):
        return "move the alias"
    if path.endswith("registered-models/set-tag"):
        return "announce the alias"
    if path.endswith("registered-models/delete-tag"):
        return "take the announcement off"
    if path.endswith("model-versions/set-tag"):
        return f"tag {told['version']} {told['key'].removeprefix('modeldeck.')}"
    return f"{method} {path}"


def _of_deployment(told: Any) -> str:
    if "template" in told.get("spec", {}):
        return "patch the template"
    annotations = told.get("metadata", {}).get("annotations", {})
    return "mark the deployment" if annotations.get(OPERATION) else "take the mark off"


class Counted:
    """Names every request of one process after what it is about and how many like it there were: `move the alias`, `move the alias #2`,
    `after move the alias: read 1`."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._last = ""
        self._reads = 0

    def name(self, method: str, target: str, body: bytes) -> str:
        if method == "GET" and target in _GREETINGS:  # it comes before or after others, as the machine likes
            return "read who answers"
        if not changes(method, target):
            self._reads += 1
            return f"after {self._last}: read {self._reads}" if self._last else f"read {self._reads}"
        said = label(method, target, body)
        self._seen[said] += 1
        number = self._seen[said]
        name = said if number == 1 else f"{said} #{number}"
        if said != HOLD or number == 1:  # renewals come by the clock, whatever else is under way
            self._last, self._reads = name, 0
        return name
