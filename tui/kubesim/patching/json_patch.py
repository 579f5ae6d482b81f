"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386)."""

from __future__ import annotations

import copy
from typing import Any

from kubesim.api.statuses import bad_request, patch_rejected


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, everything else replaces. Neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902, all or nothing, on a copy. Raises 400 for what is no patch, 422 for what does not apply (a failed `test` included)."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")
    document = copy.deepcopy(target)
    for operation in operations:
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise patch_rejected()
    path = _pointer(operation["path"])
    match operation.get("op"):
        case "add":
            return _add(document, path, copy.deepcopy(_value(operation)))
        case "remove":
            return _remove(document, path)
        case "replace":
            # Like the library of the real server: a list's element has to be there, an object's member may be new.
            return _put(document, path, copy.deepcopy(_value(operation)))
        case "move":
            source = _pointer(operation.get("from", ""))
            moved = _get(document, source)
            return _add(_remove(document, source), path, moved)
        case "copy":
            return _add(document, path, copy.deepcopy(_get(document, _pointer(operation.get("from", "")))))
        case "test":
            if not _same(_find(document, path), operation.get("value")):
                raise patch_rejected()
            return document
        case _:
            raise patch_rejected()


def _value(operation: dict[str, Any]) -> Any:
    return operation.get("value")


def _same(left: Any, right: Any) -> bool:
    # Python says True == 1; JSON does not.
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(one, other) for one, other in zip(left, right, strict=True))
    return bool(left == right)


def _pointer(text: str) -> list[str]:
    if text == "":
        return []
    if not text.startswith("/"):
        raise patch_rejected()
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _index(sequence: list[Any], part: str, *, inserting: bool = False) -> int:
    if part == "-" and inserting:
        return len(sequence)
    # evanphx/json-patch, which the real server uses, accepts negative indices too; nobody should write those.
    if not part.isdigit() or int(part) >= len(sequence) + inserting:
        raise patch_rejected()
    return int(part)


def _step(node: Any, part: str) -> Any:
    if isinstance(node, list):
        return node[_index(node, part)]
    if isinstance(node, dict) and part in node:
        return node[part]
    raise patch_rejected()


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        document = _step(document, part)
    return document


def _find(document: Any, path: list[str]) -> Any:
    """Like _get, with None for a last member that is missing: `test` of null holds for an absent field."""
    if not path:
        return document
    parent = _get(document, path[:-1])
    if isinstance(parent, dict):
        return parent.get(path[-1])
    return _step(parent, path[-1])


def _put(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, list):
        parent[_index(parent, path[-1])] = value
    else:
        parent[path[-1]] = value
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, list):
        parent.insert(_index(parent, path[-1], inserting=True), value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise patch_rejected()
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        raise patch_rejected()
    parent = _get(document, path[:-1])
    _step(parent, path[-1])
    if isinstance(parent, list):
        del parent[_index(parent, path[-1])]
    else:
        del parent[path[-1]]
    return document
