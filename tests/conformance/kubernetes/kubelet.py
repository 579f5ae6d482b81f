"""A kubelet of words: it reports pods as running and ready through the API, and ends those that are being deleted.

The image says what becomes of a pod: `ready:…` is ready at once, anything else stays pending. A pod on the node `nowhere` is left alone.
Real pods are the node agent's cases.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.conformance.kubernetes.api import STRATEGIC, Api

NODE = "node-1"
NOWHERE = "nowhere"
PREFIX = "case-"
_SETTLE = 0.02


class Kubelet:
    """Runs in a thread of its own between `start` and `stop`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        node = {
            "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}},
            "status": {
                "capacity": {"cpu": "1000", "memory": "1024Gi", "pods": "5000"},
                "allocatable": {"cpu": "1000", "memory": "1024Gi", "pods": "5000"},
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "KubeletReady",
                        "message": "ok",
                        "lastHeartbeatTime": _now(),
                        "lastTransitionTime": _now(),
                    }
                ],
            },
        }
        assert self._api.create("/api/v1/nodes", node).code in (201, 409)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            pods = self._api.get("/api/v1/pods").ok
            for pod in pods["items"]:
                self._look_after(pod)
            self._follow(pods["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> None:
        try:
            with self._api.watch("/api/v1/pods", resourceVersion=version) as watch:
                done = 0
                while not self._stop.is_set() and not watch.ended:
                    while done < len(watch.events):
                        if watch.events[done]["type"] in ("ADDED", "MODIFIED"):
                            self._look_after(watch.events[done]["object"])
                        done += 1
                    time.sleep(_SETTLE)
        except httpx.HTTPError:
            return

    def _look_after(self, pod: dict[str, Any]) -> None:
        meta = pod["metadata"]
        if not meta["namespace"].startswith(PREFIX) or pod["spec"].get("nodeName", NOWHERE) == NOWHERE:
            return
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            self._api.delete(path, {"gracePeriodSeconds": 0})
        elif pod["status"].get("phase") == "Pending" and all(each["image"].startswith("ready") for each in pod["spec"]["containers"]):
            self._api.patch(f"{path}/status", ready(pod), STRATEGIC)


def ready(pod: dict[str, Any]) -> dict[str, Any]:
    """A status patch: every container runs and is ready."""
    now = _now()
    return {
        "status": {
            "phase": "Running",
            "startTime": now,
            "podIP": "127.0.0.1",
            "conditions": [
                {"type": type_, "status": "True", "lastTransitionTime": now}
                for type_ in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "containerStatuses": [
                {
                    "name": each["name"],
                    "image": each["image"],
                    "imageID": "",
                    "ready": True,
                    "started": True,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": now}},
                }
                for each in pod["spec"]["containers"]
            ],
        }
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
