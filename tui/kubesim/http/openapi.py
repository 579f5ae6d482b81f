"""The OpenAPI v3 documents that kubectl validates and merges by, made from schema.json."""

from __future__ import annotations

from functools import cache
from typing import Any

from kubesim.api.kinds import GROUP_VERSIONS, KINDS, Kind, Object
from kubesim.api.schema import Field, Struct, struct

_SCALARS: dict[str, Object] = {
    "string": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "number": {"type": "number"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intorstring": {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"},
    "any": {"type": "object"},
}
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


def index() -> Object:
    """`/openapi/v3`: where each group version's document is."""
    return {
        "paths": {
            root(group, version): {"serverRelativeURL": f"/openapi/v3/{root(group, version)}?hash=1"} for group, version in GROUP_VERSIONS
        }
    }


def root(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def document(path: str) -> Object | None:
    """The document of one group version (`apis/apps/v1`), None when it is not served."""
    kinds = [kind for kind in KINDS if root(kind.group, kind.version) == path]
    if not kinds:
        return None
    schemas: Object = {}
    paths: Object = {}
    for kind in kinds:
        _collect(kind.schema, schemas)
        schemas[full_name(kind.schema)]["x-kubernetes-group-version-kind"] = [
            {"group": kind.group, "kind": kind.kind, "version": kind.version}
        ]
        paths.update(_paths(kind))
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.3"}, "paths": paths, "components": {"schemas": schemas}}


def full_name(name: str) -> str:
    """The name of a type of schema.json in OpenAPI documents."""
    head = name.split(".", 1)[0]
    if head == "meta":
        return f"io.k8s.apimachinery.pkg.apis.{name}"
    return f"io.k8s.apimachinery.pkg.{name}" if head in ("runtime", "api", "util") else f"io.k8s.api.{name}"


def _collect(name: str, schemas: Object) -> None:
    full = full_name(name)
    if full in schemas:
        return
    shape = struct(name)
    schemas[full] = _struct(shape)
    for field in shape.fields.values():
        _, _, reference = field.type.partition("@")
        if reference:
            _collect(reference, schemas)


def _struct(shape: Struct) -> Object:
    found: Object = {"type": "object", "properties": {label: _field(field) for label, field in shape.fields.items()}}
    if shape.required:
        found["required"] = sorted(shape.required)
    if shape.atomic:
        found["x-kubernetes-map-type"] = "atomic"
    return found


def _field(field: Field) -> Object:
    hints = {
        "x-kubernetes-patch-strategy": field.patch,
        "x-kubernetes-patch-merge-key": field.key,
        "x-kubernetes-list-type": field.list,
        "x-kubernetes-list-map-keys": list(field.keys),
        "x-kubernetes-map-type": field.map,
    }
    return {**_type(field.type), **{key: value for key, value in hints.items() if value}}


def _type(name: str) -> Object:
    if name.startswith("@"):
        return {"allOf": [{"$ref": f"#/components/schemas/{full_name(name[1:])}"}], "default": {}}
    if name.startswith("[]"):
        return {"type": "array", "items": _type(name[2:])}
    if name.startswith("{}"):
        return {"type": "object", "additionalProperties": _type(name[2:])}
    return _SCALARS[name]


def _paths(kind: Kind) -> Object:
    base = f"/{root(kind.group, kind.version)}" + ("/namespaces/{namespace}" if kind.namespaced else "") + f"/{kind.plural}"
    found: Object = {base: {"post": _operation(kind, "post", ("dryRun", "fieldManager", "fieldValidation"))}}
    if "patch" in kind.verbs:
        found[base + "/{name}"] = {
            "put": _operation(kind, "put", ("dryRun", "fieldManager", "fieldValidation")),
            "patch": _operation(kind, "patch", ("dryRun", "fieldManager", "fieldValidation", "force")),
            "delete": _operation(kind, "delete", ("dryRun", "gracePeriodSeconds", "propagationPolicy")),
        }
    return found


def _operation(kind: Kind, action: str, parameters: tuple[str, ...]) -> Object:
    operation: dict[str, Any] = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": kind.group, "kind": kind.kind, "version": kind.version},
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in parameters],
        "responses": {"200": {"description": "OK"}},
    }
    if action == "patch":
        operation["requestBody"] = {"required": True, "content": {kind_: {"schema": {"type": "object"}} for kind_ in _PATCHES}}
    return operation
