"""The ReplicaSet controller: as many pods as wished, and a status that counts them."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from kubesim.api import selectors, timestamps
from kubesim.api.kinds import PODS, REPLICASETS, Object
from kubesim.api.statuses import ApiError
from kubesim.controllers import conditions, ownership
from kubesim.controllers.queue import WorkQueue
from kubesim.controllers.recorder import Recorder
from kubesim.registry import deletion
from kubesim.registry.registry import Registry, Write
from kubesim.storage.store import Change

_WRITE = Write(manager="kube-controller-manager")
_STATUS = Write(manager="kube-controller-manager", subresource="status")
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
_COST = "controller.kubernetes.io/pod-deletion-cost"
_BURST = 500


class ReplicaSetController:
    """Reacts to replica sets and pods."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._recorder = Recorder(registry, "replicaset-controller", "kube-controller-manager")
        self.queue = WorkQueue(self._sync)
        registry.store.listen(self._changed)
        for entry in registry.store.scan(REPLICASETS):
            self.queue.add(entry.key)

    def _changed(self, change: Change) -> None:
        if change.table == REPLICASETS.table:
            self.queue.add(change.entry.key)
        elif change.table == PODS.table:
            owners = {*change.entry.owners, *(change.before.owners if change.before else ())}
            for uid in owners:
                found = self._registry.store.by_uid(uid)
                if found and found[0] == REPLICASETS.table:
                    self.queue.add(found[1].key)
            if not owners:
                self._wake_matching(change)

    def _wake_matching(self, change: Change) -> None:
        """An orphan: whoever selects it may adopt it."""
        for entry in self._registry.store.scan(REPLICASETS, change.entry.namespace):
            if selectors.from_object(entry.object()["spec"]["selector"]).matches(change.entry.labels):
                self.queue.add(entry.key)

    def _sync(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        replicaset = self._registry.find(REPLICASETS, namespace, name)
        if replicaset is None:
            return
        pods = ownership.owned(self._registry, REPLICASETS, replicaset, PODS, _WRITE)
        active = [pod for pod in pods if _is_active(pod)]
        failure: ApiError | None = None
        if "deletionTimestamp" not in replicaset["metadata"]:
            failure = self._manage(replicaset, active)
        leaving = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
        status = _status(replicaset, active, len(leaving), failure)
        if status != replicaset["status"]:
            self._registry.update(REPLICASETS, namespace, name, {**replicaset, "status": status}, _STATUS)
        self._plan_availability(key, replicaset, active)
        if failure is not None and not _namespace_ends(failure):
            raise failure

    def _plan_availability(self, key: str, replicaset: Object, active: Sequence[Object]) -> None:
        seconds = replicaset["spec"].get("minReadySeconds", 0)
        waits = [seconds - age for pod in active if is_ready(pod) and (age := _ready_age(pod)) is not None and age < seconds]
        if waits:
            self.queue.add_after(key, max(min(waits), 0) + 0.05)

    def _manage(self, replicaset: Object, active: list[Object]) -> ApiError | None:
        difference = replicaset["spec"]["replicas"] - len(active)
        for _ in range(min(difference, _BURST)):
            try:
                self._create_pod(replicaset)
            except ApiError as refusal:
                if not _namespace_ends(refusal):
                    self._recorder.event(REPLICASETS, replicaset, "FailedCreate", f"Error creating: {refusal.message}", type_="Warning")
                return refusal
        if difference < 0:
            for pod in victims(active, self._neighbours(replicaset), -difference):
                self._delete_pod(replicaset, pod)
        return None

    def _create_pod(self, replicaset: Object) -> None:
        template = replicaset["spec"]["template"]
        meta = copy.deepcopy(template["metadata"])
        meta.pop("name", None)
        meta["generateName"] = replicaset["metadata"]["name"] + "-"
        meta["ownerReferences"] = [ownership.controller_reference(REPLICASETS, replicaset)]
        pod = {"metadata": meta, "spec": copy.deepcopy(template["spec"])}
        created = self._registry.create(PODS, replicaset["metadata"]["namespace"], pod, _WRITE)
        self._recorder.event(REPLICASETS, replicaset, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    def _delete_pod(self, replicaset: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        deletion.delete(self._registry, PODS, pod["metadata"]["namespace"], name, deletion.Options())
        self._recorder.event(REPLICASETS, replicaset, "SuccessfulDelete", f"Deleted pod: {name}")

    def _neighbours(self, replicaset: Object) -> dict[str, int]:
        """Active pods per node, of all sets of the same deployment: crowded nodes are relieved first."""
        owner = ownership.controller_of(replicaset)
        uids = {replicaset["metadata"]["uid"]}
        if owner is not None:
            uids |= {entry.uid for table, entry in self._registry.store.dependents(owner["uid"]) if table == REPLICASETS.table}
        crowd: dict[str, int] = {}
        for uid in uids:
            for table, entry in self._registry.store.dependents(uid):
                if table == PODS.table and _is_active(entry.object()):
                    node = entry.fields["spec.nodeName"]
                    crowd[node] = crowd.get(node, 0) + 1
        return crowd


def victims(active: Sequence[Object], crowd: dict[str, int], number: int) -> list[Object]:
    """Which pods go first: unscheduled, pending, not ready, cheap, crowded, young, often restarted (ActivePodsWithRanks)."""
    return sorted(active, key=lambda pod: _deletion_rank(pod, crowd))[:number]


def _deletion_rank(pod: Object, crowd: dict[str, int]) -> tuple[object, ...]:
    node = pod["spec"].get("nodeName", "")
    status = pod.get("status", {})
    cost = (pod["metadata"].get("annotations") or {}).get(_COST, "0")
    restarts = max((each.get("restartCount", 0) for each in status.get("containerStatuses") or ()), default=0)
    ready_age = _ready_age(pod) if is_ready(pod) else None
    return (
        bool(node),
        _PHASES.get(status.get("phase", ""), 0),
        is_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        -crowd.get(node, 0),
        ready_age or 0.0,
        -restarts,
        timestamps.age_seconds(pod["metadata"]["creationTimestamp"]) or 0.0,
        pod["metadata"]["name"],
    )


def is_ready(pod: Object) -> bool:
    condition = conditions.find(pod.get("status", {}), "Ready")
    return condition is not None and condition["status"] == "True"


def _ready_age(pod: Object) -> float | None:
    condition = conditions.find(pod.get("status", {}), "Ready")
    return timestamps.age_seconds(condition.get("lastTransitionTime")) if condition else None


def _is_active(pod: Object) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def _is_available(pod: Object, seconds: int) -> bool:
    if not is_ready(pod):
        return False
    age = _ready_age(pod)
    return seconds == 0 or (age is not None and age >= seconds)


def _namespace_ends(refusal: ApiError) -> bool:
    return refusal.code == 403 and any(cause["reason"] == "NamespaceTerminating" for cause in (refusal.details or {}).get("causes", ()))


def _status(replicaset: Object, active: Sequence[Object], leaving: int, failure: ApiError | None) -> Object:
    spec = replicaset["spec"]
    labels = selectors.from_object({"matchLabels": spec["template"]["metadata"].get("labels", {})})
    numbers = {
        "fullyLabeledReplicas": sum(labels.matches(pod["metadata"].get("labels") or {}) for pod in active),
        "readyReplicas": sum(is_ready(pod) for pod in active),
        "availableReplicas": sum(_is_available(pod, spec.get("minReadySeconds", 0)) for pod in active),
        "observedGeneration": replicaset["metadata"]["generation"],
    }
    status: Object = {"replicas": len(active), "terminatingReplicas": leaving, **{name: value for name, value in numbers.items() if value}}
    kept = [each for each in replicaset["status"].get("conditions", ()) if failure is not None or each["type"] != "ReplicaFailure"]
    if failure is not None and not _namespace_ends(failure) and conditions.find({"conditions": kept}, "ReplicaFailure") is None:
        kept.append(
            {
                "type": "ReplicaFailure",
                "status": "True",
                "lastTransitionTime": timestamps.now(),
                "reason": "FailedCreate",
                "message": failure.message,
            }
        )
    if kept:
        status["conditions"] = kept
    return status
