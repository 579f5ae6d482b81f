"""Server-side apply: merge a declared configuration into the live object and own its fields, or refuse with the conflicts."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from kubesim.api.kinds import Kind, Object
from kubesim.api.schema import Field, Struct, struct
from kubesim.api.statuses import ApiError, Cause
from kubesim.patching.managed_fields import Flat, Owner, Path, element_key, flatten, owners, same_author, write


def merged_with(kind: Kind, live: Object, config: Object, author: Owner) -> Object:
    """The live object with the configuration merged in, and what this manager no longer declares taken out."""
    merged = _merge_struct(struct(kind.schema), live, config)
    declared = _declared(kind, config)
    previous = next((owner for owner in owners(live) if same_author(owner, author)), None)
    if previous is None:
        return merged
    others = {path for owner in owners(live) if not same_author(owner, author) for path in owner.paths}
    for path in sorted(previous.paths - declared.keys()):
        if path[-1] != ".":
            prefix = path
        elif len(path) > 1 and path[-2].startswith("k:"):
            prefix = path[:-1]
        else:
            continue
        if not any(other[: len(prefix)] == prefix for other in others):
            _remove(struct(kind.schema), merged, prefix)
    return merged


def check_conflicts(kind: Kind, live: Object, config: Object, author: Owner) -> None:
    """Raise 409 naming each field that another manager owns with a different value."""
    before, declared = flatten(kind, live), _declared(kind, config)
    causes: list[Cause] = []
    for owner in owners(live):
        if same_author(owner, author):
            continue
        lost = [path for path in sorted(owner.paths & declared.keys()) if before.get(path) != declared[path]]
        causes += [Cause("FieldManagerConflict", f"conflict with {_named(owner)}", _dotted(path)) for path in lost]
    if causes:
        raise _conflict(causes)


def own(kind: Kind, live: Object | None, stored: Object, config: Object, author: Owner) -> None:
    """Write managedFields after an apply: the declared paths are the author's; others lose those whose value changed."""
    declared = frozenset(_declared(kind, config))
    before: Flat = flatten(kind, live) if live else {}
    after = flatten(kind, stored)
    changed = {path for path in declared if before.get(path) != after.get(path)}
    kept: list[Owner] = []
    previous: Owner | None = None
    for owner in owners(live) if live else []:
        if same_author(owner, author):
            previous = owner
        else:
            kept.append(replace(owner, paths=frozenset(path for path in owner.paths if path in after) - changed))
    unchanged = previous is not None and previous.paths == declared and not changed
    write(stored, [*kept, replace(author, paths=declared, time=previous.time if previous and unchanged else author.time)])


def _declared(kind: Kind, config: Object) -> Flat:
    """What a configuration claims: its values and elements, but not that a map or list is there at all."""
    return {path: value for path, value in flatten(kind, config).items() if path[-1] != "." or path[-2].startswith("k:")}


def _conflict(causes: list[Cause]) -> ApiError:
    shown = [f"{cause.message}: {cause.field}" for cause in causes]
    message = f"Apply failed with {len(causes)} conflict" + ("s" if len(causes) > 1 else "") + ": "
    message += shown[0] if len(shown) == 1 else "conflicts " + "\n".join(f"- {line}" for line in shown)
    details = {"causes": [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]}
    return ApiError(409, "Conflict", message, details)


def _named(owner: Owner) -> str:
    shown = f'"{owner.manager}"' + (f' with subresource "{owner.subresource}"' if owner.subresource else "")
    if owner.operation != "Update":
        return shown
    return f"{shown} using {owner.api_version}" + (f" at {owner.time}" if owner.time else "")


def _dotted(path: Path) -> str:
    shown = ""
    for step in path:
        if step.startswith("k:"):
            shown += "[" + step[3:-1].replace('":', "=").replace('"', "", 1) + "]"
        elif step != ".":
            shown += "." + step[2:]
    return shown


def _merge_struct(shape: Struct, live: Object, config: Object) -> Object:
    merged = dict(live)
    for label, value in config.items():
        field = shape.fields.get(label)
        if field is not None and value is not None:
            merged[label] = _merge_value(field, merged.get(label), value)
    return merged


def _merge_value(field: Field, live: Any, value: Any) -> Any:
    if field.type.startswith("@") and isinstance(value, dict) and isinstance(live, dict):
        shape = struct(field.type[1:])
        return value if field.map == "atomic" or shape.atomic else _merge_struct(shape, live, value)
    if field.type.startswith("{}") and isinstance(live, dict) and field.map != "atomic":
        return {**live, **value}
    if field.list == "map" and isinstance(live, list):
        return _merge_keyed(field, live, value)
    if field.list == "set" and isinstance(live, list):
        return live + [item for item in value if item not in live]
    return copy.deepcopy(value)


def _merge_keyed(field: Field, live: list[Any], value: list[Any]) -> list[Any]:
    shape = struct(field.type[3:])
    merged = {element_key(field, item): item for item in live}
    for item in value:
        key = element_key(field, item)
        merged[key] = _merge_struct(shape, merged.get(key, {}), item)
    return list(merged.values())


def _remove(shape: Struct, obj: Object, path: Path) -> None:
    """Take a value or a whole element out of `obj`; parents that are left empty stay, as Go's decoding drops them."""
    node: Any = obj
    field: Field | None = None
    here: Struct | None = shape
    for step in path[:-1]:
        if step.startswith("k:"):
            node = _element(field, node, step)
            here = struct(field.type[3:]) if field else None
        else:
            field = here.fields.get(step[2:]) if here else None
            node = node.get(step[2:]) if isinstance(node, dict) else None
            here = struct(field.type[1:]) if field and field.type.startswith("@") else None
        if node is None:
            return
    last = path[-1]
    if last.startswith("f:") and isinstance(node, dict):
        node.pop(last[2:], None)
    elif last.startswith("k:") and isinstance(node, list):
        node[:] = [item for item in node if field is None or element_key(field, item) != last]
    elif last.startswith("v:") and isinstance(node, list):
        node[:] = [item for item in node if f"v:{json.dumps(item)}" != last]


def _element(field: Field | None, node: Any, key: str) -> Any:
    if field is None or not isinstance(node, list):
        return None
    return next((item for item in node if element_key(field, item) == key), None)
