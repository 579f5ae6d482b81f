"""Leases: what a lock between operators is made of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.conformance.kubernetes.api import Api, Reply


def leases(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def lease(holder: str, version: str = "") -> dict[str, object]:
    return {
        "metadata": {"name": "lock", **({"resourceVersion": version} if version else {})},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-01-02T03:04:05.678901Z"},
    }


def test_times_keep_their_microseconds(api: Api, namespace: str) -> None:
    created = api.create(leases(namespace), lease("me")).ok
    assert created["spec"] == {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-02T03:04:05.678901Z"}


def test_a_lease_is_never_overwritten_blindly(api: Api, namespace: str) -> None:
    api.create(leases(namespace), lease("me")).must()
    answer = api.replace(f"{leases(namespace)}/lock", lease("you"))
    assert answer.code == 422
    assert "metadata.resourceVersion: Invalid value: 0: must be specified for an update" in answer.body["message"]
    assert api.patch(f"{leases(namespace)}/lock", {"spec": {"leaseDurationSeconds": 0}}).code == 422


def test_a_lease_can_be_made_by_writing_it(api: Api, namespace: str) -> None:
    assert api.replace(f"{leases(namespace)}/lock", lease("me")).code == 201
    assert api.replace(f"/api/v1/namespaces/{namespace}/configmaps/x", {"metadata": {"name": "x"}}).code == 404


def test_of_many_takers_one_wins(api: Api, namespace: str) -> None:
    """Creation: one 201. Renewal from the same version: one 200, 409 for all others."""

    def create(holder: int) -> Reply:
        return api.create(leases(namespace), lease(f"h{holder}"))

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(create, range(8)))
    assert sorted(each.code for each in created) == [201] + [409] * 7
    version = next(each.body for each in created if each.code == 201)["metadata"]["resourceVersion"]

    def renew(holder: int) -> Reply:
        return api.replace(f"{leases(namespace)}/lock", lease(f"r{holder}", version))

    with ThreadPoolExecutor(8) as pool:
        renewed = list(pool.map(renew, range(8)))
    assert sorted(each.code for each in renewed) == [200] + [409] * 7
    winner = next(each.body for each in renewed if each.code == 200)["spec"]["holderIdentity"]
    assert api.get(f"{leases(namespace)}/lock").ok["spec"]["holderIdentity"] == winner


def test_a_lease_is_released_only_by_its_holder(api: Api, namespace: str) -> None:
    created = api.create(leases(namespace), lease("me")).ok
    path = f"{leases(namespace)}/lock"
    current = api.replace(path, lease("me too", created["metadata"]["resourceVersion"])).ok
    stale = {"preconditions": {"resourceVersion": created["metadata"]["resourceVersion"]}}
    assert api.delete(path, stale).code == 409
    assert api.delete(path, {"preconditions": {"resourceVersion": current["metadata"]["resourceVersion"]}}).code == 200
