"""Garbage collection: what lost its last owner goes, and owners wait for (or let go of) their dependents when asked to."""

from __future__ import annotations

from kubesim.api.kinds import STORED, Object
from kubesim.controllers.queue import WorkQueue
from kubesim.registry import deletion
from kubesim.registry.registry import Registry, Write
from kubesim.storage.store import Change

_WRITE = Write(manager="kube-controller-manager")
_KINDS = {kind.table: kind for kind in reversed(STORED)}


class GarbageCollector:
    """Keys are uids: of an owner whose fate is to be settled, or of a dependent whose owners may be gone."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.queue = WorkQueue(self._sync)
        registry.store.listen(self._changed)
        for kind in _KINDS.values():
            for entry in registry.store.scan(kind):
                if entry.owners or b"deletionTimestamp" in entry.raw:
                    self.queue.add(entry.uid)

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            for _table, dependent in self._registry.store.dependents(change.entry.uid):
                self.queue.add(dependent.uid)
            for owner in change.entry.owners:
                self.queue.add(owner)
            return
        disowned = change.entry.owners and (change.before is None or change.before.owners != change.entry.owners)
        if disowned or b'"deletionTimestamp"' in change.entry.raw:
            self.queue.add(change.entry.uid)

    def _sync(self, uid: str) -> None:
        found = self._registry.store.by_uid(uid)
        if found is None:
            return
        table, entry = found
        obj = entry.object()
        if "deletionTimestamp" in obj["metadata"]:
            self._settle_owner(table, obj)
        elif entry.owners:
            self._settle_dependent(table, obj)

    def _settle_dependent(self, table: str, obj: Object) -> None:
        meta = obj["metadata"]
        alive = [ref for ref in meta["ownerReferences"] if self._registry.store.by_uid(ref["uid"]) is not None]
        if not alive:
            options = deletion.Options(propagation="Background")
            deletion.delete(self._registry, _KINDS[table], meta.get("namespace", ""), meta["name"], options)
        elif len(alive) < len(meta["ownerReferences"]):
            meta["ownerReferences"] = alive
            self._registry.update(_KINDS[table], meta.get("namespace", ""), meta["name"], obj, _WRITE)

    def _settle_owner(self, table: str, obj: Object) -> None:
        finalizers = obj["metadata"].get("finalizers") or []
        if deletion.ORPHAN in finalizers:
            self._let_go(obj["metadata"]["uid"])
            self._without(table, obj, deletion.ORPHAN)
        elif deletion.FOREGROUND in finalizers and not self._waits(obj["metadata"]["uid"]):
            self._without(table, obj, deletion.FOREGROUND)

    def _let_go(self, uid: str) -> None:
        for table, entry in self._registry.store.dependents(uid):
            obj = entry.object()
            left = [ref for ref in obj["metadata"]["ownerReferences"] if ref["uid"] != uid]
            obj["metadata"]["ownerReferences"] = left
            self._registry.update(_KINDS[table], entry.namespace, entry.name, obj, _WRITE)

    def _waits(self, uid: str) -> bool:
        """Delete the dependents; True while one that blocks its owner is still there."""
        blocked = False
        for table, entry in self._registry.store.dependents(uid):
            obj = entry.object()
            if "deletionTimestamp" not in obj["metadata"]:
                # Foreground again only where something hangs on it: else it goes at once (or in its grace period).
                deeper = any(True for _ in self._registry.store.dependents(entry.uid))
                options = deletion.Options(propagation="Foreground" if deeper else "")
                deletion.delete(self._registry, _KINDS[table], entry.namespace, entry.name, options)
            still = self._registry.store.by_uid(entry.uid) is not None
            blocked |= still and any(ref["uid"] == uid and ref.get("blockOwnerDeletion") for ref in obj["metadata"]["ownerReferences"])
        return blocked

    def _without(self, table: str, obj: Object, finalizer: str) -> None:
        meta = obj["metadata"]
        meta["finalizers"] = [name for name in meta["finalizers"] if name != finalizer]
        self._registry.update(_KINDS[table], meta.get("namespace", ""), meta["name"], obj, _WRITE)
