"""The scheduler: every pod without a node gets one that is ready and open for it, the emptiest first."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from kubesim.api import timestamps
from kubesim.api.kinds import EVENTS, NODES, PODS, Object
from kubesim.controllers import conditions
from kubesim.controllers.queue import WorkQueue
from kubesim.controllers.recorder import reference
from kubesim.registry.registry import Registry, Write
from kubesim.storage.store import Change, Entry

_WRITE = Write(manager="kube-scheduler")


class Scheduler:
    """Reacts to pods that wait and to nodes that come up."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._load: dict[str, int] = {}
        for entry in registry.store.scan(PODS):
            self._count(entry, 1)
        self.queue = WorkQueue(self._sync)
        registry.store.listen(self._changed)
        self._add_waiting()

    def _changed(self, change: Change) -> None:
        if change.table == PODS.table:
            if change.before is not None:
                self._count(change.before, -1)
            if change.type != "DELETED":
                self._count(change.entry, 1)
                if not change.entry.fields["spec.nodeName"]:
                    self.queue.add(change.entry.key)
        elif change.table == NODES.table:
            self._add_waiting()

    def _count(self, entry: Entry, step: int) -> None:
        node = entry.fields["spec.nodeName"]
        self._load[node] = self._load.get(node, 0) + step

    def _add_waiting(self) -> None:
        for entry in self._registry.store.scan(PODS):
            if not entry.fields["spec.nodeName"]:
                self.queue.add(entry.key)

    def _sync(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        pod = self._registry.find(PODS, namespace, name)
        if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
            return
        if pod["spec"]["schedulerName"] != "default-scheduler":
            return
        nodes = [entry.object() for entry in self._registry.store.scan(NODES)]
        node = self._choose(pod, nodes)
        if node is None:
            self._unschedulable(pod, len(nodes))
        else:
            bind(self._registry, pod, node)
            self._event(pod, "Normal", "Scheduled", "Binding", f"Successfully assigned {namespace}/{name} to {node}")

    def _choose(self, pod: Object, nodes: list[Object]) -> str | None:
        open_ = [node["metadata"]["name"] for node in nodes if _accepts(node, pod)]
        return min(open_, key=lambda name: (self._load.get(name, 0), name), default=None)

    def _unschedulable(self, pod: Object, nodes: int) -> None:
        message = f"0/{nodes} nodes are available" if nodes else "no nodes available to schedule pods"
        condition = conditions.find(pod["status"], "PodScheduled")
        if condition is not None and condition.get("message") == message:
            return
        conditions.drop(pod["status"], "PodScheduled")
        pod["status"].setdefault("conditions", []).append(
            {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": timestamps.now(),
                "reason": "Unschedulable",
                "message": message,
            }
        )
        meta = pod["metadata"]
        self._registry.update(PODS, meta["namespace"], meta["name"], pod, Write("kube-scheduler", subresource="status"))
        self._event(pod, "Warning", "FailedScheduling", "Scheduling", message)

    def _event(self, pod: Object, type_: str, reason: str, action: str, message: str) -> None:
        """The scheduler writes the newer form of events: one time, no count."""
        meta = pod["metadata"]
        name = f"{meta['name']}.{time.time_ns():x}"
        self._registry.create(
            EVENTS,
            meta["namespace"],
            {
                "metadata": {"name": name, "namespace": meta["namespace"]},
                "involvedObject": reference(PODS, pod),
                "reason": reason,
                "message": message,
                "source": {},
                "type": type_,
                "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "action": action,
                "reportingComponent": "default-scheduler",
                "reportingInstance": "default-scheduler-sandbox",
            },
            _WRITE,
        )


def _accepts(node: Object, pod: Object) -> bool:
    ready = conditions.find(node.get("status", {}), "Ready")
    if node.get("spec", {}).get("unschedulable") or ready is None or ready["status"] != "True":
        return False
    wanted = pod["spec"].get("nodeSelector") or {}
    labels = node["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def bind(registry: Registry, pod: Object, node: str) -> None:
    """Give the pod its node, and note that it is scheduled: one write, as the binding subresource does it."""
    pod["spec"]["nodeName"] = node
    conditions.drop(pod["status"], "PodScheduled")
    pod["status"].setdefault("conditions", []).append(
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": timestamps.now()}
    )
    registry.store.put(PODS, pod)
