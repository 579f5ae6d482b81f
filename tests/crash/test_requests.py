"""The points at which operations are crashed have the same names in every case."""

from __future__ import annotations

import json

import pytest

from tests.crash.cases import points
from tests.crash.requests import Counted, changes

_DEPLOYMENT = "/apis/apps/v1/namespaces/serving/deployments/iris?fieldManager=modeldeck"
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/serving/leases/modeldeck-iris"
_TAG = "/api/2.0/mlflow/model-versions/set-tag"
_ANNOUNCED = "/api/2.0/mlflow/registered-models/set-tag"
_WITHDRAWN = "/api/2.0/mlflow/registered-models/delete-tag"


def body(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", _DEPLOYMENT, False),
        ("PATCH", _DEPLOYMENT, True),
        ("PATCH", f"{_DEPLOYMENT}&dryRun=All", False),
        ("POST", "/api/2.0/mlflow/runs/search", False),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", False),
        ("DELETE", "/api/2.0/mlflow/registered-models/alias", True),
    ],
)
def test_what_changes_something(method: str, target: str, expected: bool) -> None:
    assert changes(method, target) is expected


def test_requests_are_named_after_what_they_are_about_and_counted() -> None:
    counted = Counted()
    held = body({"spec": {"holderIdentity": "box"}})
    patch = body({"spec": {"template": {}}})
    sent = [
        ("GET", _DEPLOYMENT, b""),
        ("POST", _LEASE, held),
        ("GET", "/version", b""),
        ("POST", _ANNOUNCED, body({"key": "modeldeck.moving.champion.id"})),
        ("GET", _DEPLOYMENT, b""),
        ("PATCH", _DEPLOYMENT, patch),
        ("PATCH", _LEASE, held),
        ("GET", _DEPLOYMENT, b""),
        ("PATCH", _DEPLOYMENT, patch),
        ("GET", _DEPLOYMENT, b""),
        ("POST", _TAG, body({"version": "2", "key": "modeldeck.kind"})),
        ("POST", _TAG, body({"version": "2", "key": "modeldeck.operation"})),
        ("DELETE", _WITHDRAWN, body({"key": "modeldeck.moving.champion.id"})),
        ("PATCH", _DEPLOYMENT, body({"metadata": {"annotations": {"modeldeck.dev/operation": None}}})),
        ("PATCH", _LEASE, body({"spec": {"holderIdentity": ""}})),
    ]
    names = [counted.name(*one) for one in sent]
    assert names == [
        "read 1",
        "hold the lock",
        "read who answers",
        "announce the alias",
        "after announce the alias: read 1",
        "patch the template",
        "hold the lock #2",
        "after patch the template: read 1",
        "patch the template #2",
        "after patch the template #2: read 1",
        "tag 2 kind",
        "tag 2 operation",
        "take the announcement off",
        "take the mark off",
        "give the lock back",
    ]
    assert "patch the template #2" not in points(names)
    assert points(names, targets=2) == (
        "hold the lock",
        "announce the alias",
        "after announce the alias: read 1",
        "patch the template",
        "after patch the template: read 1",
        "patch the template #2",
        "after patch the template #2: read 1",
        "tag 2 operation",
        "take the announcement off",
        "take the mark off",
        "give the lock back",
    )
