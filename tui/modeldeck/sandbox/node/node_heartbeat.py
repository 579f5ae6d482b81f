"""The Node object and its Lease: how the cluster knows that this node lives."""

from __future__ import annotations

import asyncio
import logging
import os
import platform

from modeldeck.domain.failures import Failure, NotFound
from modeldeck.sandbox.node.api import DynamicClient, Object
from modeldeck.sandbox.node.events import now
from modeldeck.sandbox.node.logs import timestamp
from modeldeck.sandbox.node.spec import IMAGE
from modeldeck.sandbox.node.state import LOOPBACK

_LOG = logging.getLogger(__name__)
_EVERY = 10.0  # seconds between heartbeats, as the kubelet's
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_RESOURCES = {"cpu": "64", "memory": "256Gi", "pods": "1000"}  # of a sandbox: requests in manifests must not keep pods from running
_CONDITIONS = {
    "Ready": ("True", "KubeletReady", "the node agent is posting ready status"),
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


def node_status(name: str, port: int, since: str, moment: str) -> Object:
    """Node.status; `since` is when this agent started, `moment` the heartbeat."""
    return {
        "addresses": [{"type": "InternalIP", "address": LOOPBACK}, {"type": "Hostname", "address": name}],
        "capacity": _RESOURCES,
        "allocatable": _RESOURCES,
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": moment,
                "lastTransitionTime": since,
            }
            for kind, (status, reason, message) in _CONDITIONS.items()
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "images": [{"names": [f"{IMAGE}:latest"]}],
        "nodeInfo": {
            "architecture": platform.machine(),
            "operatingSystem": platform.system().lower(),
            "kernelVersion": platform.release(),
            "osImage": "modeldeck sandbox",
            "containerRuntimeVersion": "modeldeck://1.0",
            "kubeletVersion": "v1.36.3",
            "kubeProxyVersion": "",
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
        },
    }


async def heartbeat(api: DynamicClient, name: str, port: int, registered: asyncio.Event) -> None:
    """Create the node where it is missing, then renew its status and lease until cancelled; sets `registered` once it is known."""
    since, delay = now(), 0.2
    while True:
        try:
            await _put_node(api, name, node_status(name, port, since, now()))
            registered.set()
            await _renew(api, name)
            delay = _EVERY
        except Failure as failure:
            _LOG.warning("heartbeat: %s", failure)
            delay = min(delay * 2, _EVERY)
        await asyncio.sleep(delay)
        delay = min(delay, 1.0)


async def _put_node(api: DynamicClient, name: str, status: Object) -> None:
    try:
        await api.patch(f"/api/v1/nodes/{name}/status", {"status": status})
    except NotFound:
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}
        await api.request("POST", "/api/v1/nodes", node)
        await api.patch(f"/api/v1/nodes/{name}/status", {"status": status})


async def _renew(api: DynamicClient, name: str) -> None:
    spec = {"holderIdentity": f"{name}-{os.getpid()}", "leaseDurationSeconds": 40, "renewTime": timestamp()}
    try:
        await api.patch(f"{_LEASES}/{name}", {"spec": spec})
    except NotFound:
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}
        await api.request("POST", _LEASES, lease)
