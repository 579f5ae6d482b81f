"""Who wrote which field: `metadata.managedFields`, kept as a real API server keeps them (fieldsV1 sets by manager).

An object is flattened into paths of fieldsV1 (`f:spec`, `k:{"name":"c"}`, `f:image`) with their values; ownership is a set of paths.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from kubesim.api.kinds import Kind, Object
from kubesim.api.schema import Field, Struct, struct, zero_object

Path = tuple[str, ...]
Flat = dict[Path, Any]

# Written by the server itself, owned by nobody.
_UNTRACKED = {
    "apiVersion": None,
    "kind": None,
    "metadata": {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    },
}
_PRESENT = "."
# What the server adds on creation after it has noted who wrote what.
_SERVER_MADE: dict[str, tuple[Path, ...]] = {
    "Namespace": (("f:spec",), ("f:status",)),
    "Pod": (("f:status",), ("f:spec", "f:tolerations"), ("f:spec", "f:priority"), ("f:spec", "f:preemptionPolicy")),
    "Service": (("f:status",), *(("f:spec", f"f:{name}") for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"))),
    "Deployment": (("f:status",),),
    "Node": (("f:status",),),
    "ReplicaSet": (("f:status",),),
    "HorizontalPodAutoscaler": (("f:status",),),
}


@dataclass(frozen=True, slots=True)
class Owner:
    """One entry of managedFields. `operation` is Update or Apply."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]


def flatten(kind: Kind, obj: Object) -> Flat:
    """Every owned path of `obj` with its value; the presence of a map or keyed list element is a path of its own."""
    flat: Flat = {}
    shape = struct(kind.schema)
    for label, value in obj.items():
        if label in _UNTRACKED:
            hidden = _UNTRACKED[label]
            if hidden is None:
                continue
            value = {key: item for key, item in value.items() if key not in hidden}
        if value is not None and label in shape.fields:
            _field(shape.fields[label], value, (f"f:{label}",), flat)
    return flat


def _field(field: Field, value: Any, path: Path, flat: Flat) -> None:
    if field.type.startswith("@") and isinstance(value, dict):
        shape = struct(field.type[1:])
        if not value and len(path) == 1:
            return
        if field.map == "atomic" or shape.atomic or not value:
            flat[path] = value
        else:
            if not field.zero or _in_element(path):
                # A pointer, or part of an element: that it is there at all is a choice of its own.
                flat[(*path, _PRESENT)] = True
            _members(shape, value, path, flat)
    elif field.type.startswith("{}") and isinstance(value, dict) and field.map != "atomic":
        flat[(*path, _PRESENT)] = True
        for key, item in value.items():
            flat[(*path, f"f:{key}")] = item
    elif field.list == "map" and isinstance(value, list):
        if field.zero != "keep":
            flat[(*path, _PRESENT)] = True
        shape = struct(field.type[3:])
        for item in value:
            here = (*path, element_key(field, item))
            if shape.atomic:
                flat[here] = item
                continue
            flat[(*here, _PRESENT)] = True
            _members(shape, item, here, flat)
    elif field.list == "set" and isinstance(value, list):
        flat[(*path, _PRESENT)] = True
        for item in value:
            flat[(*path, f"v:{json.dumps(item)}")] = True
    else:
        flat[path] = value


def _members(shape: Struct, value: Object, path: Path, flat: Flat) -> None:
    for label, item in value.items():
        if label in shape.fields and (item is not None or _in_element(path)):
            _field(shape.fields[label], item, (*path, f"f:{label}"), flat)


def _in_element(path: Path) -> bool:
    return any(step[0] == "k" for step in path)


def element_key(field: Field, item: Object) -> str:
    """`k:{"name":"c"}`: the identity of a keyed list's element."""
    values = {key: item.get(key, "TCP" if key == "protocol" else None) for key in sorted(field.keys)}
    return "k:" + json.dumps(values, separators=(",", ":"), sort_keys=True)


def owners(obj: Object) -> list[Owner]:
    """The managedFields of a stored object."""
    return [
        Owner(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("time", ""),
            frozenset(_paths(entry.get("fieldsV1") or {}, ())),
        )
        for entry in obj["metadata"].get("managedFields") or ()
    ]


def _paths(tree: Object, prefix: Path) -> list[Path]:
    found: list[Path] = []
    for step, below in tree.items():
        path = (*prefix, step)
        found += _paths(below, path) if below else [path]
    return found


def write(obj: Object, found: list[Owner]) -> None:
    """Put the owners (those that still own something) into the object."""
    entries = []
    for owner in sorted(found, key=lambda one: (one.operation != "Apply", one.time, one.manager, one.subresource)):
        if not owner.paths:
            continue
        entry: Object = {
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": owner.api_version,
            **({"time": owner.time} if owner.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": _tree(owner.paths),
        }
        if owner.subresource:
            entry["subresource"] = owner.subresource
        entries.append(entry)
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def _tree(paths: frozenset[Path]) -> Object:
    root: Object = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
    return root


def track_update(kind: Kind, old: Object | None, new: Object, author: Owner) -> None:
    """After an Update by `author`: what it changed is its own, what others lost is no longer theirs. `author.paths` is ignored."""
    before = flatten(kind, old or zero_object(kind))
    after = flatten(kind, new)
    if old is None:
        after = {path: value for path, value in after.items() if not _is_server_made(kind, path)}
    changed = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    previous = owners(old) if old else []
    kept: list[Owner] = []
    mine: Owner | None = None
    for owner in previous:
        alive = frozenset(path for path in owner.paths if path in after)
        if same_author(owner, author):
            mine = replace(owner, paths=alive | changed, time=author.time if changed - owner.paths else owner.time)
        else:
            kept.append(replace(owner, paths=alive - changed))
    if mine is None and changed:
        mine = replace(author, paths=changed)
    write(new, [*kept, mine] if mine else kept)


def _is_server_made(kind: Kind, path: Path) -> bool:
    return any(path[: len(prefix)] == prefix for prefix in _SERVER_MADE.get(kind.kind, ()))


def same_author(one: Owner, other: Owner) -> bool:
    return (one.manager, one.operation, one.subresource) == (other.manager, other.operation, other.subresource)
