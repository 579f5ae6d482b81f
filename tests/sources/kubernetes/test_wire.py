"""What is read of the API's JSON, and what is refused."""

from __future__ import annotations

import json

import msgspec
import pytest

from modeldeck.sources.kubernetes import convert, wire
from tests.sources.kubernetes.test_convert import become, pod


def test_a_time_that_is_no_moment_is_refused() -> None:
    """Without an offset it is the machine's own, which has no such year."""
    assert become(pod(meta={"creationTimestamp": "0001-01-01T00:00:00Z"})).created_at == -62135596800.0
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        become(pod(meta={"creationTimestamp": "0001-01-01T00:00:00"}))


def test_nulls_are_nothing() -> None:
    body = {
        "metadata": {"name": "d", "labels": None, "annotations": None, "creationTimestamp": None, "managedFields": None},
        "spec": {"template": {"metadata": {"creationTimestamp": None}, "spec": {"containers": None}}, "selector": None},
        "status": {"conditions": None},
    }
    found = convert.deployment_of(msgspec.json.decode(json.dumps(body), type=wire.DeploymentWire))
    assert (found.desired, found.labels, found.template.containers, found.owners, found.created_at) == (1, {}, (), (), None)
