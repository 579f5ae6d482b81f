"""Reading and writing objects by the rules of a real API server: the one door that requests and controllers go through."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubesim.admission import strategies, validation
from kubesim.admission.defaults import apply_defaults
from kubesim.api import naming, timestamps
from kubesim.api.kinds import NAMESPACES, Kind, Object
from kubesim.api.schema import Decoder, WrongType
from kubesim.api.statuses import (
    Cause,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    invalid_named,
    not_found,
)
from kubesim.patching import managed_fields, server_side_apply
from kubesim.patching.managed_fields import Owner
from kubesim.storage.store import Entry, Store, encode

_GENERATED_TRIES = 8


@dataclass(frozen=True, slots=True)
class Write:
    """How a write is meant: who writes, through which subresource, and whether only in earnest (`dry_run` stores nothing)."""

    manager: str = "unknown"
    operation: str = "Update"
    subresource: str = ""
    dry_run: bool = False
    strict: bool = False
    force: bool = False


class Registry:
    """Create, update and patch with defaulting, validation, ownership and optimistic locking."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """A copy of the object; raises 404."""
        return self.entry(kind, namespace, name).object()

    def entry(self, kind: Kind, namespace: str, name: str) -> Entry:
        found = self.store.get(kind, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return found

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        found = self.store.get(kind, namespace, name)
        return None if found is None else found.object()

    def create(self, kind: Kind, namespace: str, obj: Object, write: Write, *, config: Object | None = None) -> Object:
        """Store a new object. `config`: the declared fields, when this comes from server-side apply."""
        obj = self.decode(kind, obj, write)
        meta = obj.setdefault("metadata", {})
        self._place(kind, meta, namespace)
        self._check_namespace(kind, namespace, meta.get("name", ""))
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = self._generated(kind, namespace, meta["generateName"])
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"):
            meta.pop(field, None)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = timestamps.now()
        strategies.prepare_create(kind, obj)
        apply_defaults(kind, obj)
        strategies.admit(kind, obj, self.store)
        causes = validation.check(kind, obj, None)
        if causes:
            raise invalid(kind, meta.get("name", ""), causes)
        if self.store.get(kind, namespace, meta["name"]) is not None:
            raise already_exists(kind, meta["name"])
        author = self.author(kind, write)
        if config is None:
            managed_fields.track_update(kind, None, obj, author)
        else:
            server_side_apply.own(kind, None, obj, config, author)
        if not write.dry_run:
            self.store.put(kind, obj)
        return obj

    def update(self, kind: Kind, namespace: str, name: str, obj: Object, write: Write, *, config: Object | None = None) -> Object:
        """Replace an object (or only its status). A resourceVersion in it is an optimistic lock: 409 when it is not the current one."""
        old = self.get(kind, namespace, name)
        new = self.decode(kind, obj, write)
        meta = new.setdefault("metadata", {})
        if meta.setdefault("name", name) != name:
            raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
        self._place(kind, meta, namespace)
        self._check_lock(kind, name, meta, old)
        for field in ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
            if field in old["metadata"]:
                meta.setdefault(field, old["metadata"][field])
        return self._store_changed(kind, old, new, write, config)

    def modify(
        self, kind: Kind, namespace: str, name: str, change: Callable[[Object], Object], write: Write, *, config: Object | None = None
    ) -> Object:
        """Apply `change` (a patch) to the current object and store the outcome."""
        entry = self.entry(kind, namespace, name)
        old = entry.object()
        # A copy of its own: a change may well work in place.
        patched = change({"kind": kind.kind, "apiVersion": kind.api_version, **entry.object()})
        new = self._decode_patched(kind, patched, write)
        meta = new.setdefault("metadata", {})
        if not meta.get("name"):
            raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
        if meta["name"] != name:
            raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
        self._place(kind, meta, namespace)
        self._check_lock(kind, name, meta, old)
        return self._store_changed(kind, old, new, write, config)

    def decode(self, kind: Kind, obj: Any, write: Write) -> Object:
        """The object as a clean value of its kind; raises 400 in the decoder's words."""
        self._check_type(kind, obj)
        decoder = Decoder()
        try:
            clean = decoder.decode(kind, obj)
        except WrongType as problem:
            raise bad_request(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {problem}') from None
        if decoder.unknown and write.strict:
            message = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}'
            raise bad_request(f"{message}: {_unknown(decoder)}")
        clean.pop("kind", None)
        clean.pop("apiVersion", None)
        return clean

    def _decode_patched(self, kind: Kind, patched: Any, write: Write) -> Object:
        decoder = Decoder()
        problem = ""
        clean: Object = {}
        try:
            clean = decoder.decode(kind, patched)
        except WrongType as wrong:
            problem = str(wrong)
        if decoder.unknown and write.strict:
            problem = problem or _unknown(decoder)
        found = (clean.get("apiVersion", kind.api_version), clean.get("kind", kind.kind))
        if not problem and found != (kind.api_version, kind.kind):
            problem = f"{found[1]} is not a {kind.kind}"
        if problem:
            shown = encode(encode(patched).decode()).decode()
            cause = Cause("FieldValueInvalid", f"Invalid value: {shown}: {problem}", "patch")
            raise invalid_named("", "", "", "", [cause])
        clean.pop("kind", None)
        clean.pop("apiVersion", None)
        return clean

    def _check_type(self, kind: Kind, obj: Any) -> None:
        if not isinstance(obj, dict):
            raise bad_request(f"couldn't get version/kind; json parse error: json: cannot unmarshal {type(obj).__name__} into Go value")
        found = (obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind)
        if found != (kind.api_version, kind.kind):
            raise bad_request(
                f'{found[1]} in version "{found[0].rpartition("/")[2]}" cannot be handled as a {kind.kind}: '
                f'no kind "{found[1]}" is registered for the requested version'
            )

    def _place(self, kind: Kind, meta: Object, namespace: str) -> None:
        if kind.namespaced:
            if meta.setdefault("namespace", namespace) != namespace:
                raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        else:
            meta.pop("namespace", None)

    def _check_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        if not kind.namespaced:
            return
        home = self.find(NAMESPACES, "", namespace)
        if home is None:
            raise not_found(NAMESPACES, namespace)
        if "deletionTimestamp" in home["metadata"]:
            raise forbidden(
                kind,
                name,
                f"unable to create new content in namespace {namespace} because it is being terminated",
                causes=[Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")],
            )

    def _generated(self, kind: Kind, namespace: str, prefix: str) -> str:
        for _ in range(_GENERATED_TRIES):
            name = naming.generated(prefix)
            if self.store.get(kind, namespace, name) is None:
                return name
        raise already_exists(kind, prefix)

    def _check_lock(self, kind: Kind, name: str, meta: Object, old: Object) -> None:
        version = meta.get("resourceVersion", "")
        if version and version != old["metadata"]["resourceVersion"]:
            raise conflict(kind, name)
        if not version and not strategies.unconditional(kind):
            cause = Cause("FieldValueInvalid", "Invalid value: 0: must be specified for an update", "metadata.resourceVersion")
            raise invalid_named(kind.qualified, kind.group, kind.plural, name, [cause])
        meta["resourceVersion"] = old["metadata"]["resourceVersion"]

    def _store_changed(self, kind: Kind, old: Object, new: Object, write: Write, config: Object | None) -> Object:
        meta = new["metadata"]
        meta.pop("managedFields", None)
        before_managed = old["metadata"].get("managedFields")
        # Defaults first: only what differs after them is a change of the wish.
        apply_defaults(kind, new)
        strategies.prepare_update(kind, new, old, write.subresource)
        if not meta.get("generation") and "generation" in old["metadata"]:
            meta["generation"] = old["metadata"]["generation"]
        causes = validation.check(kind, new, old)
        if causes:
            raise invalid(kind, meta["name"], causes)
        author = self.author(kind, write)
        if config is None:
            managed_fields.track_update(kind, old, new, author)
        else:
            server_side_apply.own(kind, old, new, config, author)
        if _ends(new):
            return self._finish(kind, new, write)
        if _same(old, new, before_managed, write.operation == "Apply"):
            return old
        if not write.dry_run:
            self.store.put(kind, new)
        return new

    def _finish(self, kind: Kind, last: Object, write: Write) -> Object:
        """The last finalizer of a deleted object is gone: so is the object."""
        if not write.dry_run:
            self.store.remove(kind, last["metadata"].get("namespace", ""), last["metadata"]["name"], last)
        return last

    def author(self, kind: Kind, write: Write) -> Owner:
        """Who this write is booked to."""
        # The real server books scaling without a time.
        time = "" if write.subresource == "scale" else timestamps.now()
        return Owner(write.manager, write.operation, kind.api_version, write.subresource, time, frozenset())


def _unknown(decoder: Decoder) -> str:
    fields = ", ".join(f'unknown field "{path}"' for path in sorted(decoder.unknown, key=lambda path: path.count(".")))
    return f"strict decoding error: {fields}"


def _ends(obj: Object) -> bool:
    meta = obj["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    return not (obj.get("spec") or {}).get("finalizers") and meta.get("deletionGracePeriodSeconds", 0) == 0


def _same(old: Object, new: Object, managed_before: Any, applied: bool) -> bool:
    """Nothing but bookkeeping would change: then nothing is written, as on a real server."""
    if applied and managed_before != new["metadata"].get("managedFields"):
        return False
    left = {**old, "metadata": {**old["metadata"], "managedFields": None}}
    right = {**new, "metadata": {**new["metadata"], "managedFields": None}}
    return bool(left == right)
