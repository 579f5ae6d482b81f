"""Namespaces: a default service account when one comes, and an empty one before it goes."""

from __future__ import annotations

from kubesim.api.kinds import NAMESPACES, SERVICEACCOUNTS, STORED
from kubesim.controllers.queue import WorkQueue
from kubesim.registry import deletion
from kubesim.registry.registry import Registry, Write
from kubesim.storage.store import Change

_WRITE = Write(manager="kube-controller-manager")
_CONTENT = {kind.table: kind for kind in reversed(STORED) if kind.namespaced}


class NamespaceController:
    """Reacts to namespaces, and to the end of each object in one that is terminating."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.queue = WorkQueue(self._sync)
        self._leaving: set[str] = set()
        registry.store.listen(self._changed)
        for entry in registry.store.scan(NAMESPACES):
            self.queue.add(entry.name)

    def _changed(self, change: Change) -> None:
        if change.table == NAMESPACES.table:
            self.queue.add(change.entry.name)
        elif change.type == "DELETED" and change.entry.namespace in self._leaving:
            self.queue.add(change.entry.namespace)

    def _sync(self, name: str) -> None:
        namespace = self._registry.find(NAMESPACES, "", name)
        if namespace is None:
            self._leaving.discard(name)
        elif "deletionTimestamp" in namespace["metadata"]:
            self._leaving.add(name)
            if not self._empty_out(name):
                namespace["metadata"].pop("finalizers", None)
                self._registry.store.remove(NAMESPACES, "", name, namespace)
        elif self._registry.find(SERVICEACCOUNTS, name, "default") is None:
            self._registry.create(SERVICEACCOUNTS, name, {"metadata": {"name": "default"}}, _WRITE)

    def _empty_out(self, name: str) -> bool:
        """Delete what is there; True while something takes its time."""
        for kind in _CONTENT.values():
            for entry in self._registry.store.scan(kind, name):
                if self._registry.store.get(kind, name, entry.name) is not None:
                    deletion.delete(self._registry, kind, name, entry.name, deletion.Options(propagation="Background"))
        return any(self._registry.store.scan(kind, name) for kind in _CONTENT.values())
