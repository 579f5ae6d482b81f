"""The STATUS, READY and RESTARTS of `kubectl get pods` (printPod in pkg/printers/internalversion)."""

from __future__ import annotations

from typing import Any

from kubesim.api.kinds import Object
from kubesim.api.timestamps import since


def pod_cells(pod: Object) -> list[Any]:
    spec, status = pod["spec"], pod.get("status", {})
    containers = status.get("containerStatuses") or []
    ready = sum(1 for each in containers if each.get("ready") and "running" in each.get("state", {}))
    restarts = sum(each.get("restartCount", 0) for each in containers)
    last = max(
        (
            each["lastState"]["terminated"]["finishedAt"]
            for each in containers
            if (each.get("lastState") or {}).get("terminated", {}).get("finishedAt")
        ),
        default=None,
    )
    shown = f"{restarts} ({since(last)} ago)" if restarts and last else str(restarts)
    addresses = status.get("podIPs") or ()
    address = addresses[0]["ip"] if addresses else status.get("podIP")
    return [
        pod["metadata"]["name"],
        f"{ready}/{len(spec['containers'])}",
        _words(pod, containers),
        shown,
        since(pod["metadata"]["creationTimestamp"]),
        address or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        _gates(pod),
    ]


def _words(pod: Object, containers: list[Object]) -> str:
    status = pod.get("status", {})
    words: str = status.get("reason") or status.get("phase", "Unknown")
    running = False
    for each in reversed(containers):
        state = each.get("state") or {}
        if state.get("waiting", {}).get("reason"):
            words = state["waiting"]["reason"]
        elif "terminated" in state:
            ended = state["terminated"]
            words = ended.get("reason") or (f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}")
        elif each.get("ready") and "running" in state:
            running = True
    if words == "Completed" and running:
        is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))
        words = "Running" if is_ready else "NotReady"
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return words


def _gates(pod: Object) -> str:
    gates = pod["spec"].get("readinessGates") or ()
    if not gates:
        return "<none>"
    true = {each["type"] for each in pod.get("status", {}).get("conditions", ()) if each["status"] == "True"}
    return f"{sum(gate['conditionType'] in true for gate in gates)}/{len(gates)}"
