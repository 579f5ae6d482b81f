"""Protobuf bodies: what an encoder that follows the same schema writes comes back as the same object."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api.schema import Struct, struct
from kubesim.http.protobuf import decode_body


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def tagged(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(shape: Struct, obj: dict[str, Any]) -> bytes:
    own, members = b"", dict[int, bytes]()
    for label, value in obj.items():
        field = shape.fields[label]
        encoded = b"".join(tagged(field.number, each) for each in values(field.type, value))
        if field.member:
            members[field.member] = members.get(field.member, b"") + encoded
        else:
            own += encoded
    return own + b"".join(tagged(number, body) for number, body in members.items())


def values(type_: str, value: Any) -> list[int | bytes]:
    if type_.startswith("[]"):
        return [found for item in value for found in values(type_[2:], item)]
    if type_.startswith("{}"):
        return [tagged(1, key.encode()) + tagged(2, values(type_[2:], item)[0]) for key, item in value.items()]
    if type_.startswith("@"):
        return [message(struct(type_[1:]), value)]
    match type_:
        case "bytes":
            return [base64.b64decode(value)]
        case "time" | "microtime":
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return [tagged(1, int(moment.timestamp())) + tagged(2, moment.microsecond * 1000)]
        case "quantity":
            return [tagged(1, value.encode())]
        case "intorstring":
            number = isinstance(value, int)
            return [tagged(1, int(not number)) + (tagged(2, value) if number else tagged(3, value.encode()))]
        case _:
            return [int(value) if isinstance(value, bool | int) else value.encode()]


def body(kind: str, api_version: str, schema: str, obj: dict[str, Any]) -> bytes:
    type_ = tagged(1, api_version.encode()) + tagged(2, kind.encode())
    return b"k8s\x00" + tagged(1, type_) + tagged(2, message(struct(schema), obj))


TEXT = st.text("abc-ä", min_size=1, max_size=5)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXT, "image": TEXT},
        optional={
            "env": st.lists(st.fixed_dictionaries({"name": TEXT, "value": TEXT}), min_size=1, max_size=2),
            "resources": st.fixed_dictionaries({"limits": st.dictionaries(TEXT, st.sampled_from(["1", "500m", "1Gi"]), min_size=1)}),
            "readinessProbe": st.fixed_dictionaries(
                {"httpGet": st.fixed_dictionaries({"path": TEXT, "port": st.integers(1, 9) | TEXT}), "periodSeconds": st.integers(1, 99)}
            ),
            "tty": st.just(True),
        },
    ),
    min_size=1,
    max_size=3,
)
DEPLOYMENTS = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries({"name": TEXT}, optional={"labels": st.dictionaries(TEXT, TEXT, min_size=1, max_size=3)}),
        "spec": st.fixed_dictionaries(
            {
                "replicas": st.integers(-3, 1000),
                "template": st.fixed_dictionaries(
                    {
                        "spec": st.fixed_dictionaries(
                            {"containers": CONTAINERS, "volumes": st.just([{"name": "v", "emptyDir": {"medium": "Memory"}}])}
                        )
                    }
                ),
                "strategy": st.fixed_dictionaries(
                    {"type": TEXT, "rollingUpdate": st.fixed_dictionaries({"maxSurge": st.integers(0, 5) | st.just("25%")})}
                ),
            }
        ),
    }
)


@settings(max_examples=30)
@given(DEPLOYMENTS)
def test_deployments_come_through(obj: dict[str, Any]) -> None:
    decoded = decode_body(body("Deployment", "apps/v1", "apps.v1.Deployment", obj))
    assert decoded == {"kind": "Deployment", "apiVersion": "apps/v1", **obj}


@pytest.mark.parametrize(
    ("kind", "api_version", "schema", "obj"),
    [
        (
            "Lease",
            "coordination.k8s.io/v1",
            "coordination.v1.Lease",
            {"spec": {"renewTime": "2026-01-02T03:04:05.678901Z", "holderIdentity": "me"}},
        ),
        ("Secret", "v1", "core.v1.Secret", {"metadata": {"creationTimestamp": "2026-01-02T03:04:05Z"}, "data": {"a": "AP8="}}),
        (
            "DeleteOptions",
            "meta.k8s.io/v1",
            "meta.v1.DeleteOptions",
            {"gracePeriodSeconds": 0, "preconditions": {"uid": "x"}, "dryRun": ["All"]},
        ),
    ],
)
def test_other_kinds_come_through(kind: str, api_version: str, schema: str, obj: dict[str, Any]) -> None:
    assert decode_body(body(kind, api_version, schema, obj)) == {"kind": kind, "apiVersion": api_version, **obj}


@given(st.binary(max_size=40))
def test_garbage_is_an_error_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — any words will do
        decode_body(b"k8s\x00" + tagged(1, tagged(2, b"Nothing")) + data)
