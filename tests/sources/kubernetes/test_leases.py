"""Leases on the wire and back."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.leases import Lease
from modeldeck.sources.kubernetes.leases import LeaseWire, body_of, lease_of, path

NEW = Lease("serving", "modeldeck-iris", "ann@box", 15.0, 1000.25, 1010.5, 2, {"modeldeck.dev/operation": "id"})
MOMENTS = st.integers(0, 4 * 10**15).map(lambda microseconds: microseconds / 1e6)


def read(body: object) -> Lease:
    return lease_of(msgspec.json.decode(msgspec.json.encode(body), type=LeaseWire))


def test_the_path_of_one_and_of_all() -> None:
    assert path("serving") == "/apis/coordination.k8s.io/v1/namespaces/serving/leases"
    assert path("a/b", "c d") == "/apis/coordination.k8s.io/v1/namespaces/a%2Fb/leases/c%20d"


@given(MOMENTS, MOMENTS, st.integers(1, 10**6), st.integers(0, 10**6))
def test_what_is_written_is_read_again(acquired: float, renewed: float, duration: int, transitions: int) -> None:
    lease = replace(NEW, acquired_at=acquired, renewed_at=renewed, duration=float(duration), transitions=transitions)
    found = read(body_of(lease))
    assert found.acquired_at == pytest.approx(acquired, abs=1e-6)
    assert found.renewed_at == pytest.approx(renewed, abs=1e-6)
    assert replace(found, acquired_at=acquired, renewed_at=renewed) == lease


def test_a_new_lease_goes_with_its_deployment() -> None:
    body = body_of(replace(NEW, owner=("iris", "u-1")))
    assert body["metadata"]["ownerReferences"] == [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris", "uid": "u-1"}]
    assert "ownerReferences" not in body_of(NEW)["metadata"]
    assert (body["kind"], body["metadata"]["name"], body["metadata"]["namespace"]) == ("Lease", "modeldeck-iris", "serving")


def test_one_that_was_read_is_patched_at_the_version_it_was_read_at_and_may_lose_annotations() -> None:
    body = body_of(replace(NEW, resource_version="7", annotations={"kept": "x", "gone": ""}))
    assert body.keys() == {"metadata", "spec"}
    assert body["metadata"] == {"resourceVersion": "7", "annotations": {"kept": "x", "gone": None}}


def test_times_are_micro_times_and_one_that_is_over_has_none() -> None:
    assert body_of(NEW)["spec"]["renewTime"] == "1970-01-01T00:16:50.500000Z"
    assert body_of(replace(NEW, renewed_at=None))["spec"]["renewTime"] is None


@pytest.mark.parametrize(("duration", "seconds"), [(0.0, 1), (0.4, 1), (1.6, 2), (15.0, 15)])
def test_a_duration_is_a_whole_number_of_seconds(duration: float, seconds: int) -> None:
    assert body_of(replace(NEW, duration=duration))["spec"]["leaseDurationSeconds"] == seconds


def test_what_is_not_set_is_nothing() -> None:
    assert read({"metadata": {"name": "a", "namespace": "b"}, "spec": {}}) == Lease("b", "a", "", 0.0, None, None, 0, {})
