"""What is particular about writing each kind: generations, what an update may touch, what admission adds."""

from __future__ import annotations

from kubesim.api.kinds import Kind, Object
from kubesim.storage.store import Store

_GENERATIONS = {"Deployment", "ReplicaSet", "Pod"}
# Kinds whose status belongs to a subresource: a plain write cannot touch it, and one to it cannot touch the rest.
_STATUS = {"Deployment", "ReplicaSet", "Pod", "Node", "Namespace", "Service", "HorizontalPodAutoscaler"}
# A node registers itself with its status; the others start without.
_STATUS_ON_CREATE = {"Node"}
_SERVICE_NETWORK = "10.96"


def prepare_create(kind: Kind, obj: Object) -> None:
    """Clear what a client cannot set, in place."""
    meta = obj["metadata"]
    meta.pop("generation", None)
    if kind.kind in _GENERATIONS:
        meta["generation"] = 1
    if kind.kind in _STATUS - _STATUS_ON_CREATE:
        obj.pop("status", None)


def prepare_update(kind: Kind, new: Object, old: Object, subresource: str) -> None:
    """Keep what this endpoint cannot change, and count a new generation when the wish (not the report) changed."""
    meta, before = new["metadata"], old["metadata"]
    if subresource == "status":
        _keep(new, old, *(key for key in {*old, *new} if key not in ("metadata", "status")))
        if kind.kind in ("Deployment", "ReplicaSet"):
            _keep(meta, before, "labels")
        if kind.kind == "Pod":
            _keep(meta, before, "ownerReferences")
            new["status"].setdefault("qosClass", old["status"].get("qosClass", "BestEffort"))
            if new["status"].get("podIP") and not new["status"].get("podIPs"):
                new["status"]["podIPs"] = [{"ip": new["status"]["podIP"]}]
    elif kind.kind in _STATUS:
        _keep(new, old, "status")
    _keep(meta, before, "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
    if kind.kind in _GENERATIONS and subresource != "status" and _wish_changed(kind, new, old):
        meta["generation"] = before.get("generation", 1) + 1


def _wish_changed(kind: Kind, new: Object, old: Object) -> bool:
    if new.get("spec") != old.get("spec"):
        return True
    # A deployment's annotations are copied to its replica sets, so the controller has to look at it.
    return kind.kind == "Deployment" and new["metadata"].get("annotations") != old["metadata"].get("annotations")


def _keep(new: Object, old: Object, *fields: str) -> None:
    for field in fields:
        if field in old:
            new[field] = old[field]
        else:
            new.pop(field, None)


def unconditional(kind: Kind) -> bool:
    """Whether an update may leave out the resourceVersion."""
    return kind.kind != "Lease"


def creates_on_update(kind: Kind) -> bool:
    """Whether a PUT to a name that is not there makes the object."""
    return kind.kind in ("Lease", "Event", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def admit(kind: Kind, obj: Object, store: Store) -> None:
    """What admission fills in that depends on other objects."""
    if kind.kind == "Service" and obj["spec"].get("type") != "ExternalName" and not obj["spec"].get("clusterIP"):
        taken = {entry.fields["spec.clusterIP"] for entry in store.scan(kind)}
        address = next(
            found for number in range(1, 65_000) if (found := f"{_SERVICE_NETWORK}.{number // 250}.{number % 250 + 1}") not in taken
        )
        obj["spec"]["clusterIP"] = address
        obj["spec"]["clusterIPs"] = [address]
    elif kind.kind == "Service" and obj["spec"].get("clusterIP"):
        obj["spec"].setdefault("clusterIPs", [obj["spec"]["clusterIP"]])
