"""The schemas that kubectl reads: what the simulator knows about each kind is what a real server says about it."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.api.kinds import KINDS
from kubesim.api.schema import Field, struct
from kubesim.http.openapi import full_name, root
from tests.conformance.kubernetes.api import Api

HINTS = ("patch-strategy", "patch-merge-key", "list-type", "map-type")


@pytest.mark.parametrize("path", sorted({root(kind.group, kind.version) for kind in KINDS}))
def test_every_field_and_merge_key_agrees(api: Api, path: str) -> None:
    schemas = api.get(f"/openapi/v3/{path}").ok["components"]["schemas"]
    waiting = [kind.schema for kind in KINDS if root(kind.group, kind.version) == path]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        said = schemas[full_name(name)]
        known = struct(name)
        assert sorted(said["properties"]) == sorted(known.fields), name
        assert sorted(said.get("required", ())) == sorted(known.required), name
        for label, field in known.fields.items():
            assert hints(said["properties"][label]) == (field.patch, field.key, field.list, field.map), f"{name}.{label}"
            assert scalar(said["properties"][label]) in (None, expected(field)), f"{name}.{label}"
            _, _, reference = field.type.partition("@")
            if reference:
                waiting.append(reference)
    assert seen


def hints(said: dict[str, Any]) -> tuple[str, ...]:
    return tuple(said.get(f"x-kubernetes-{hint}", "") for hint in HINTS)


def scalar(said: dict[str, Any]) -> str | None:
    """The plain type, None where it is a reference or more than one."""
    found: str | None = said.get("type")
    return found


def expected(field: Field) -> str:
    if field.type.startswith("[]"):
        return "array"
    if field.type.startswith("{}"):
        return "object"
    plain = {"int32": "integer", "int64": "integer", "boolean": "boolean", "number": "number", "any": "object"}
    return plain.get(field.type, "string")
