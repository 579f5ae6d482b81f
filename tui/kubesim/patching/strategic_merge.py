"""Strategic merge patch: a merge patch that knows which lists are sets and which are maps by key.

Directives: `$patch: replace|delete|merge`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`, `$retainKeys`.
"""

from __future__ import annotations

from typing import Any

from kubesim.api.kinds import Kind, Object
from kubesim.api.schema import Field, Struct, struct
from kubesim.api.statuses import internal

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"
_PATCH = "$patch"


def strategic_merge(kind: Kind, target: Object, patch: Object) -> Object:
    """The patched object. Neither argument is changed; raises 500 for a list element without its merge key, as the real server."""
    return _merge(struct(kind.schema), target, patch)


def _merge(shape: Struct | None, target: Object, patch: Object) -> Object:
    directive = patch.get(_PATCH)
    if directive == "replace":
        replaced: Object = _clean(patch)
        return replaced
    if directive == "delete":
        return {}
    merged = dict(target)
    retain = patch.get(_RETAIN)
    if isinstance(retain, list):
        merged = {key: value for key, value in merged.items() if key in retain}
    for key, value in patch.items():
        if key in (_PATCH, _RETAIN) or key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE):
            name = key[len(_DELETE) :]
            if isinstance(merged.get(name), list):
                merged[name] = [item for item in merged[name] if item not in value]
            continue
        field = shape.fields.get(key) if shape else None
        _merge_field(merged, key, value, field, patch)
    for key, order in patch.items():
        if key.startswith(_ORDER):
            _reorder(merged, target, key[len(_ORDER) :], order, shape)
    return merged


def _merge_field(merged: Object, key: str, value: Any, field: Field | None, patch: Object) -> None:
    if value is None:
        merged.pop(key, None)
        return
    current = merged.get(key)
    if isinstance(value, dict):
        inner = _inner(field)
        replaces = field is not None and "replace" in field.patch.split(",")
        base = current if isinstance(current, dict) and not replaces else {}
        merged[key] = _merge(inner, base, value)
    elif isinstance(value, list) and field is not None and "merge" in field.patch.split(","):
        base_list = current if isinstance(current, list) else []
        merged[key] = _merge_list(field, base_list, value)
    else:
        merged[key] = _clean(value)


def _inner(field: Field | None) -> Struct | None:
    kind = field.type.removeprefix("[]") if field else ""
    return struct(kind[1:]) if kind.startswith("@") else None


def _merge_list(field: Field, target: list[Any], patch: list[Any]) -> list[Any]:
    if not field.key:
        merged = target + [item for item in patch if item not in target]
        return _ordered(merged, patch, target, "")
    shape = _inner(field)
    if any(isinstance(item, dict) and item.get(_PATCH) == "replace" for item in patch):
        replaced: list[Any] = _clean([item for item in patch if item.get(_PATCH) != "replace"])
        return replaced
    merged = list(target)
    for item in patch:
        if not isinstance(item, dict) or field.key not in item:
            raise internal(f"map: {_go(item)} does not contain declared merge key: {field.key}")
        matching = [at for at, old in enumerate(merged) if old.get(field.key) == item[field.key]]
        if item.get(_PATCH) == "delete":
            merged = [old for old in merged if old.get(field.key) != item[field.key]]
        elif matching:
            merged[matching[0]] = _merge(shape, merged[matching[0]], item)
        else:
            merged.append(_merge(shape, {}, item))
    return _ordered(merged, patch, target, field.key)


def _reorder(merged: Object, before: Object, name: str, order: Any, shape: Struct | None) -> None:
    """Bring a list into the order that the patch wishes for."""
    items = merged.get(name)
    if isinstance(items, list) and isinstance(order, list):
        field = shape.fields.get(name) if shape else None
        merged[name] = _ordered(items, order, before.get(name) or [], field.key if field else "")


def _ordered(items: list[Any], wished: list[Any], server: list[Any], key: str) -> list[Any]:
    """What the patch names comes in the patch's order; the rest keeps the server's, in front of a named element only when the server
    had it there too (strategicpatch's normalizeElementOrder)."""

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    patch_order, server_order = [identity(item) for item in wished], [identity(item) for item in server]
    named = sorted((item for item in items if identity(item) in patch_order), key=lambda item: patch_order.index(identity(item)))
    rest = [item for item in items if identity(item) not in patch_order]
    merged: list[Any] = []
    while named and rest:
        left, right = identity(rest[0]), identity(named[0])
        both_known = left in server_order and right in server_order
        merged.append(rest.pop(0) if both_known and server_order.index(left) < server_order.index(right) else named.pop(0))
    return merged + named + rest


def _clean(value: Any) -> Any:
    """A patch's literal without directives and nulls."""
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if item is not None and not key.startswith("$")}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def _go(value: Any) -> str:
    """How Go prints a map, for the message."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go(value[key])}" for key in sorted(value)) + "]"
    return str(value)
