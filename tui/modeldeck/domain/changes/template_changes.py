"""In what two pod templates differ, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modeldeck.domain.kubernetes.surroundings import FieldPath, TemplateFields

MOST = 40
"""Differences that are told one by one."""
_LONGEST = 120
_CONTAINERS = {"containers": "", "initContainers": "init container "}
_SECRET = re.compile(r"pass|secret|token|credential|api_?key|private_?key", re.IGNORECASE)
# Names of variables whose values are shown nowhere.
_RESTARTED = ("metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
_OURS = frozenset({"pod-template-hash"})


def is_restart(before: TemplateFields, after: TemplateFields) -> bool:
    """Whether they only differ in what `kubectl rollout restart` writes."""
    return before.get(_RESTARTED) != after.get(_RESTARTED) and all(path == _RESTARTED for path in _differing(before, after))


def differences(before: TemplateFields, after: TemplateFields) -> tuple[str, ...]:
    """One line each; what is asked about most comes first: images, then environment, resources and arguments, then all others."""
    found: dict[str, FieldPath] = {}
    for path in _differing(before, after):
        found.setdefault(_told(path, before.get(path), after.get(path)), path)
    lines = sorted(found, key=lambda line: (_place(found[line]), line))
    return (*lines[:MOST], f"and {len(lines) - MOST} more") if len(lines) > MOST else tuple(lines)


def _differing(before: TemplateFields, after: TemplateFields) -> Iterator[FieldPath]:
    for path in sorted({*before, *after}):
        if path[-1] not in _OURS and before.get(path) != after.get(path):
            yield path


_FIRST = ("image", "env", "envFrom", "resources", "args", "command")


def _place(path: FieldPath) -> int:
    rest = _in_container(path)[1]
    return _FIRST.index(rest[0]) if rest and rest[0] in _FIRST else len(_FIRST)


def _in_container(path: FieldPath) -> tuple[str, FieldPath]:
    """(whose, the path in it); ("", ()) where it is in none."""
    if len(path) > 3 and path[0] == "spec" and path[1] in _CONTAINERS:
        return _CONTAINERS[path[1]] + path[2], path[3:]
    return "", ()


def _told(path: FieldPath, before: str | None, after: str | None) -> str:
    if path == _RESTARTED:
        return "restarted by `kubectl rollout restart`, or what writes the same"
    container, rest = _in_container(path)
    name = f"{_field(rest)} of {container}" if container else ".".join(path)
    if rest[:1] == ("env",) and len(rest) > 1 and _SECRET.search(rest[1]):
        return f"{name}: {'added' if before is None else 'removed' if after is None else 'changed'}"
    if before is None:
        return f"{name}: added, {_short(after)}"
    return f"{name}: removed, was {_short(before)}" if after is None else f"{name}: {_short(before)} → {_short(after)}"


def _field(path: FieldPath) -> str:
    match path:
        case ("env", name, "value"):
            return f"variable {name}"
        case ("env", name, "valueFrom", *rest):
            return f"source of variable {name} ({'.'.join(rest)})"
        case ("resources", "limits" | "requests" as which, resource):
            return f"{resource} {which.removesuffix('s')}"
        case ("args",):
            return "arguments"
        case _:
            return ".".join(path)


def _short(text: str | None) -> str:
    text = text or '""'
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
