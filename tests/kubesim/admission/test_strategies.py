"""What a write may touch, and when it counts as another generation."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.admission.strategies import admit, creates_on_update, prepare_create, prepare_update, unconditional
from kubesim.api.kinds import CONFIGMAPS, DEPLOYMENTS, LEASES, NODES, PODS, ROLES, SERVICES, Kind
from kubesim.storage.store import Store


def obj(generation: int | None = None, **more: Any) -> dict[str, Any]:
    meta = {"name": "iris", "namespace": "serving", "uid": "u"} | ({"generation": generation} if generation else {})
    return {"metadata": meta, "spec": {"replicas": 1}, "status": {"replicas": 1}, **more}


def updated(kind: Kind, new: dict[str, Any], old: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    prepare_update(kind, new, old, subresource)
    return new


@pytest.mark.parametrize(("kind", "generation"), [(DEPLOYMENTS, 1), (PODS, 1), (CONFIGMAPS, None), (NODES, None)])
def test_the_first_generation_is_the_servers_to_give(kind: Kind, generation: int | None) -> None:
    made = obj(generation=7)
    prepare_create(kind, made)
    assert made["metadata"].get("generation") == generation


def test_only_a_node_brings_its_status_along() -> None:
    for kind, kept in ((DEPLOYMENTS, False), (PODS, False), (NODES, True)):
        made = obj()
        prepare_create(kind, made)
        assert ("status" in made) == kept


def test_a_plain_write_leaves_the_status_alone_and_one_of_the_status_the_rest() -> None:
    old = obj(3)
    plain = updated(DEPLOYMENTS, obj(spec={"replicas": 2}, status={"replicas": 9}), old)
    assert (plain["spec"], plain["status"], plain["metadata"]["generation"]) == ({"replicas": 2}, {"replicas": 1}, 4)
    status = updated(DEPLOYMENTS, obj(spec={"replicas": 2}, status={"replicas": 9}), old, "status")
    assert (status["spec"], status["status"], status["metadata"]["generation"]) == ({"replicas": 1}, {"replicas": 9}, 3)


def test_the_generation_counts_changes_of_the_spec_and_a_deployments_annotations() -> None:
    def annotated(generation: int | None = None) -> dict[str, Any]:
        found = obj(generation)
        found["metadata"]["annotations"] = {"a": "1"}
        return found

    assert updated(DEPLOYMENTS, obj(), obj(3))["metadata"]["generation"] == 3
    assert updated(DEPLOYMENTS, annotated(), obj(3))["metadata"]["generation"] == 4
    assert updated(PODS, annotated(), obj(3))["metadata"]["generation"] == 3


def test_when_an_object_goes_is_the_servers_to_say() -> None:
    old = obj(1)
    old["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    new = obj()
    new["metadata"]["deletionGracePeriodSeconds"] = 5
    assert updated(PODS, new, old)["metadata"] == old["metadata"]


def test_a_pods_address_is_told_in_both_ways() -> None:
    new = updated(PODS, obj(status={"podIP": "10.0.0.1"}), obj(status={"qosClass": "Burstable"}), "status")
    assert new["status"] == {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "qosClass": "Burstable"}


def test_which_kinds_are_written_without_a_version_or_made_by_a_put() -> None:
    assert unconditional(DEPLOYMENTS)
    assert not unconditional(LEASES)
    assert creates_on_update(LEASES)
    assert creates_on_update(ROLES)
    assert not creates_on_update(DEPLOYMENTS)


def test_services_get_addresses_of_their_own() -> None:
    store = Store(None)
    addresses = []
    for number in range(300):
        service: dict[str, Any] = {"metadata": {"name": f"s{number}", "namespace": "n", "uid": f"u{number}"}, "spec": {}}
        admit(SERVICES, service, store)
        store.put(SERVICES, service)
        addresses.append(service["spec"]["clusterIP"])
        assert service["spec"]["clusterIPs"] == addresses[-1:]
    assert len(set(addresses)) == 300
    chosen = {"spec": {"clusterIP": "10.96.9.9"}}
    admit(SERVICES, chosen, store)
    assert chosen["spec"] == {"clusterIP": "10.96.9.9", "clusterIPs": ["10.96.9.9"]}
    store.close()
