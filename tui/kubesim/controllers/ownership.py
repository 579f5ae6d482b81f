"""Controller references: who owns what, and taking in what matches but has lost its owner."""

from __future__ import annotations

from kubesim.api import selectors
from kubesim.api.kinds import Kind, Object
from kubesim.registry.registry import Registry, Write


def controller_of(obj: Object) -> Object | None:
    """The one owner reference that has `controller: true`."""
    return next((ref for ref in obj["metadata"].get("ownerReferences") or () if ref.get("controller")), None)


def controller_reference(kind: Kind, owner: Object) -> Object:
    meta = owner["metadata"]
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned(registry: Registry, owner_kind: Kind, owner: Object, kind: Kind, write: Write) -> list[Object]:
    """The objects of `kind` that `owner` controls, after adopting matching orphans and releasing what no longer matches."""
    selector = selectors.from_object(owner["spec"].get("selector"))
    uid = owner["metadata"]["uid"]
    leaving = "deletionTimestamp" in owner["metadata"]
    found: list[Object] = []
    for entry in registry.store.scan(kind, owner["metadata"]["namespace"]):
        mine = uid in entry.owners
        if not mine and (entry.owners or not selector.matches(entry.labels)):
            continue
        obj = entry.object()
        reference = controller_of(obj)
        if reference is not None and reference["uid"] == uid:
            if selector.matches(entry.labels):
                found.append(obj)
            elif not leaving:
                _release(registry, kind, obj, uid, write)
        elif reference is None and not leaving and not mine and "deletionTimestamp" not in obj["metadata"]:
            obj["metadata"]["ownerReferences"] = [controller_reference(owner_kind, owner)]
            found.append(registry.update(kind, entry.namespace, entry.name, obj, write))
    return found


def _release(registry: Registry, kind: Kind, obj: Object, uid: str, write: Write) -> None:
    meta = obj["metadata"]
    meta["ownerReferences"] = [ref for ref in meta["ownerReferences"] if ref["uid"] != uid]
    registry.update(kind, meta["namespace"], meta["name"], obj, write)
