"""The shapes of the served kinds, distilled from a real API server's OpenAPI document and its Go types (schema.json).

Decoding follows Go's: unknown fields are dropped (or refused, with strict field validation), a value of the wrong type is a 400 that
names the field, values that Go omits (null, what is empty) disappear, and values that Go always writes are there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api.kinds import Kind, Object
from kubesim.api.quantities import canonical_quantity

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}$")
_BASE64_START = re.compile(r"[A-Za-z0-9+/]*")


@dataclass(frozen=True, slots=True)
class Field:
    """One field's type (`@Ref`, `[]T`, `{}T`, string, int32, ...) and how patches and server-side apply merge it."""

    type: str
    patch: str = ""
    key: str = ""
    list: str = ""
    keys: tuple[str, ...] = ()
    map: str = ""
    # What Go writes for the zero value: "" for pointers, which keep theirs; omit, null or keep for the others.
    zero: str = ""
    # The protobuf number, and the number of the inlined member that the field really belongs to.
    number: int = 0
    member: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    name: str
    fields: dict[str, Field]
    required: frozenset[str]
    atomic: bool
    filled: tuple[str, ...] = ()


@cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "schema.json").read_bytes())
    return loaded


def names() -> list[str]:
    return list(_document())


@cache
def struct(name: str) -> Struct:
    raw = _document()[name]
    fields = {label: _field(entry) for label, entry in raw["fields"].items()}
    filled = tuple(label for label, field in fields.items() if field.zero in ("keep", "null"))
    return Struct(name, fields, frozenset(raw.get("required", ())), raw.get("map") == "atomic", filled)


def _field(entry: dict[str, Any]) -> Field:
    return Field(
        entry["type"],
        entry.get("patch", ""),
        entry.get("key", ""),
        entry.get("list", ""),
        tuple(entry.get("keys", ())),
        entry.get("map", ""),
        entry.get("zero", ""),
        entry.get("n", 0),
        int(entry.get("in", 0)),
    )


class WrongType(Exception):
    """A value whose JSON type does not fit; the words are encoding/json's."""


class Decoder:
    """Decodes one object; `unknown` collects the paths of fields that the kind does not have."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def decode(self, kind: Kind, obj: Object) -> Object:
        """A clean copy of `obj` as a value of `kind`; raises WrongType."""
        return self._struct(struct(kind.schema), obj, "")

    def _struct(self, shape: Struct, obj: Any, path: str) -> Object:
        if not isinstance(obj, dict):
            raise WrongType(f"{_json_type(obj)} into Go value of type {shape.name.rpartition('.')[2]}")
        clean: Object = {}
        for label, value in obj.items():
            field = shape.fields.get(label)
            where = f"{path}.{label}" if path else label
            if field is None:
                self.unknown.append(where)
                continue
            if value is None:
                continue
            decoded = self._value(field.type, value, where, shape)
            if decoded or not _omitted(field, decoded):
                clean[label] = decoded
        return _fill(shape, clean)

    def _value(self, kind: str, value: Any, path: str, owner: Struct) -> Any:
        if kind.startswith("@"):
            shape = struct(kind[1:])
            if not isinstance(value, dict):
                raise _mismatch(value, owner, path, shape.name)
            return self._struct(shape, value, path)
        if kind.startswith("[]"):
            if not isinstance(value, list):
                raise _mismatch(value, owner, path, "[]" + _go_name(kind[2:]))
            return [self._value(kind[2:], item, f"{path}[{at}]", owner) for at, item in enumerate(value)]
        if kind.startswith("{}"):
            if not isinstance(value, dict):
                raise _mismatch(value, owner, path, f"map[string]{_go_name(kind[2:])}")
            return {key: self._value(kind[2:], item, path, owner) for key, item in value.items() if item is not None}
        return _scalar(kind, value, path, owner)


def _scalar(kind: str, value: Any, path: str, owner: Struct) -> Any:
    match kind:
        case "string" | "bytes" | "time" | "microtime":
            if not isinstance(value, str):
                raise _mismatch(value, owner, path, "string")
            if kind == "bytes":
                _check_base64(value)
        case "int32" | "int64":
            if isinstance(value, float) and value.is_integer():
                return int(value)
            if not isinstance(value, int) or isinstance(value, bool):
                raise _mismatch(value, owner, path, kind)
        case "boolean":
            if not isinstance(value, bool):
                raise _mismatch(value, owner, path, "bool")
        case "quantity":
            canonical = canonical_quantity(value)
            if canonical is None:
                raise WrongType("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            return canonical
        case "intorstring":
            if not isinstance(value, int | str) or isinstance(value, bool):
                raise _mismatch(value, owner, path, "intstr.IntOrString")
    return value


def _check_base64(value: str) -> None:
    match = _BASE64.match(value)
    if match is None or len(value) % 4:
        raise WrongType(f"illegal base64 data at input byte {len(_BASE64_START.match(value)[0])}")  # type: ignore[index]


def _omitted(field: Field, value: Any) -> bool:
    """Whether Go leaves this empty value out."""
    return field.zero == "omit" or (value in ([], {}) and field.type[0] in "[{" and field.zero != "keep")


def _fill(shape: Struct, value: Object) -> Object:
    """Members that Go always writes, zero or not: structs that are no pointers, required strings, times."""
    for label in shape.filled:
        if label not in value:
            value[label] = _zero(shape.fields[label])
    return value


def zero_object(kind: Kind) -> Object:
    """What Go writes for a value of the kind that nobody has touched."""
    return _fill(struct(kind.schema), {})


def _zero(field: Field) -> Any:
    if field.zero == "null" or field.type[0] in "[{":
        return None
    if field.type.startswith("@"):
        return _fill(struct(field.type[1:]), {})
    return {"boolean": False, "int32": 0, "int64": 0, "number": 0, "intorstring": 0, "any": None, "quantity": "0"}.get(field.type, "")


def _json_type(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"


def _go_name(kind: str) -> str:
    return {"boolean": "bool"}.get(kind, kind.lstrip("@").split(".", 1)[-1] if kind.startswith("@") else kind)


def _mismatch(value: Any, owner: Struct, path: str, wanted: str) -> WrongType:
    # Go's words: "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32".
    holder = owner.name.rpartition(".")[2]
    shown = f"{_json_type(value)} {value}" if isinstance(value, float) else _json_type(value)
    wanted = ".".join(wanted.split(".")[-2:]) if wanted.count(".") > 1 else wanted
    return WrongType(f"json: cannot unmarshal {shown} into Go struct field {holder}.{path} of type {wanted}")
