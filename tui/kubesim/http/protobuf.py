"""Kubernetes' protobuf bodies, decoded into the same objects as JSON ones: kubectl's typed clients send nothing else.

The wire is proto2 as gogo writes it; field numbers come with the schema. Answers are always JSON, which every client takes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from kubesim.api.kinds import BY_KIND, Object
from kubesim.api.schema import Struct, struct

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_NUMBERS = ("int32", "int64", "boolean")
# Kinds that come in bodies without being resources of their own.
_MORE = {
    ("meta.k8s.io/v1", "DeleteOptions"): "meta.v1.DeleteOptions",
    ("v1", "DeleteOptions"): "meta.v1.DeleteOptions",
    ("policy/v1", "Eviction"): "policy.v1.Eviction",
    ("v1", "Binding"): "core.v1.Binding",
    ("autoscaling/v1", "Scale"): "autoscaling.v1.Scale",
}


def decode_body(body: bytes) -> Object:
    """The object in a body, with its kind and apiVersion; raises ValueError for what is no such body."""
    if not body.startswith(_MAGIC):
        raise ValueError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(_fields(body[len(_MAGIC) :]))
    type_ = dict(_fields(envelope.get(1, b"")))
    api_version, kind = _text(type_.get(1, b"")), _text(type_.get(2, b""))
    name = BY_KIND[api_version, kind].schema if (api_version, kind) in BY_KIND else _MORE.get((api_version, kind))
    if name is None and kind == "DeleteOptions":
        name = "meta.v1.DeleteOptions"
    if name is None:
        raise ValueError(f'no kind "{kind}" is registered for version "{api_version}"')
    raw = envelope.get(2, b"")
    return {"kind": kind, "apiVersion": api_version, **_message(struct(name), raw if isinstance(raw, bytes) else b"")}


def _fields(data: Any) -> Iterator[tuple[int, Any]]:
    """(number, value): integers for varints, bytes for everything with a length."""
    if not isinstance(data, bytes):
        raise ValueError("proto: a number where a message was expected")
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("unexpected EOF")
            yield number, data[at : at + length]
            at += length
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            yield number, data[at : at + width]
            at += width
        else:
            raise ValueError(f"proto: illegal wireType {wire}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


@cache
def _numbers(shape: Struct, member: int) -> dict[int, tuple[str, str]]:
    """Protobuf number → (JSON name, type) of a struct's own fields, or of one of its inlined members."""
    return {field.number: (label, field.type) for label, field in shape.fields.items() if field.number and field.member == member}


@cache
def _members(shape: Struct) -> frozenset[int]:
    return frozenset(field.member for field in shape.fields.values() if field.member)


def _message(shape: Struct, data: bytes, member: int = 0) -> Object:
    found: Object = {}
    numbers = _numbers(shape, member)
    for number, value in _fields(data):
        if not member and number in _members(shape):
            found.update(_message(shape, value, number))
        elif number in numbers:
            label, type_ = numbers[number]
            if type_.startswith("[]"):
                found.setdefault(label, []).append(_value(type_[2:], value))
            elif type_.startswith("{}"):
                entry = dict(_fields(value))
                found.setdefault(label, {})[_text(entry.get(1, b""))] = _value(type_[2:], entry.get(2, b""))
            else:
                found[label] = _value(type_, value)
    return found


def _value(type_: str, value: Any) -> Any:
    if type_.startswith("@"):
        return _message(struct(type_[1:]), value)
    if type_.startswith("[]"):
        # A named list type travels as a message around its items.
        return [_value(type_[2:], item) for _, item in _fields(value)]
    if isinstance(value, int) != (type_ in _NUMBERS):
        raise ValueError(f"proto: wrong wireType for {type_}")
    match type_:
        case "string":
            return _text(value)
        case "bytes":
            return base64.b64encode(value).decode()
        case "int32" | "int64":
            return value - (1 << 64) if value >= 1 << 63 else value
        case "boolean":
            return bool(value)
        case "time" | "microtime":
            return _time(value, micro=type_ == "microtime")
        case "quantity":
            return _text(dict(_fields(value)).get(1, b""))
        case "intorstring":
            parts = dict(_fields(value))
            return _text(parts.get(3, b"")) if parts.get(1) else _value("int64", parts.get(2, 0))
        case _:
            return json.loads(dict(_fields(value)).get(1, b"null") or b"null")


def _time(value: bytes, *, micro: bool) -> str | None:
    parts = dict(_fields(value))
    if not parts:
        return None
    moment = datetime.fromtimestamp(_value("int64", parts.get(1, 0)), UTC)
    if micro:
        return moment.replace(microsecond=parts.get(2, 0) // 1000).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else ""
