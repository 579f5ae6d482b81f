"""Pods of a replica set: replaced, scaled, chosen for deletion; and who goes with whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import MERGE, STRATEGIC, Api
from tests.conformance.kubernetes.workloads import Workloads, deployment


def names(pods: list[dict[str, Any]]) -> set[str]:
    return {each["metadata"]["name"] for each in pods}


def test_a_deleted_pod_is_replaced(workloads: Workloads, api: Api) -> None:
    workloads.create()
    before = names(workloads.pods())
    victim = sorted(before)[0]
    api.delete(f"{workloads.pods_path}/{victim}").must()
    until("another pod", lambda: len(names(workloads.pods()) - before) == 1 and victim not in names(workloads.pods()))
    workloads.rolled_out()
    assert before - {victim} <= names(workloads.pods())


def test_a_failed_pod_is_replaced(workloads: Workloads, api: Api) -> None:
    workloads.create()
    before = names(workloads.pods())
    api.patch(f"{workloads.pods_path}/{sorted(before)[0]}/status", {"status": {"phase": "Failed"}}, STRATEGIC).must()
    until("another pod", lambda: len(names(workloads.pods()) - before) == 1)


def test_a_pod_that_loses_its_label_is_let_go_and_replaced(workloads: Workloads, api: Api) -> None:
    workloads.create()
    victim = sorted(names(workloads.pods()))[0]
    api.patch(f"{workloads.pods_path}/{victim}", {"metadata": {"labels": {"app": "apart"}}}).must()
    until("another pod", lambda: len(workloads.pods()) == 2)
    until("the release", lambda: "ownerReferences" not in api.get(f"{workloads.pods_path}/{victim}").ok["metadata"])


def test_scaling_through_the_subresource(workloads: Workloads, api: Api) -> None:
    workloads.create()
    path = f"{workloads.deployments}/web/scale"
    scale = api.get(path).ok
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 2, "selector": "app=web"})
    changed = api.replace(path, {**scale, "spec": {"replicas": 3}}).ok
    assert changed["spec"] == {"replicas": 3}
    assert api.replace(path, {**scale, "spec": {"replicas": 4}}).code == 409, "its version is the deployment's"
    assert api.patch(path, {"spec": {"replicas": 1}}, MERGE).ok["spec"] == {"replicas": 1}
    assert api.patch(path, {"spec": {"replicas": -1}}, MERGE).code == 422
    assert api.patch(path, {"spec": {"replicas": 9}}, MERGE, dryRun="All").ok["spec"] == {"replicas": 9}
    assert workloads.rolled_out()["spec"]["replicas"] == 1
    assert api.patch(path, {"spec": {"replicas": 0}}, MERGE).ok["spec"] == {}
    until("no pods", lambda: workloads.pods() == [])


def test_pods_that_are_not_ready_go_first(workloads: Workloads, api: Api) -> None:
    workloads.create(deployment(replicas=3))
    sick = sorted(names(workloads.pods()))[1]
    api.patch(f"{workloads.pods_path}/{sick}/status", {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, STRATEGIC).must()
    until("the report", lambda: workloads.get()["status"].get("readyReplicas") == 2)
    workloads.patch({"spec": {"replicas": 2}})
    until("one less", lambda: len(workloads.pods()) == 2)
    assert sick not in names(workloads.pods())


def test_cheap_pods_go_first(workloads: Workloads, api: Api) -> None:
    workloads.create(deployment(replicas=3))
    cheap = sorted(names(workloads.pods()))[1]
    cost = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-10"}}}
    api.patch(f"{workloads.pods_path}/{cheap}", cost).must()
    workloads.patch({"spec": {"replicas": 2}})
    until("one less", lambda: len(workloads.pods()) == 2)
    assert cheap not in names(workloads.pods())


@pytest.mark.parametrize("policy", ["Background", "Foreground", None])
def test_a_deleted_deployment_takes_everything_with_it(workloads: Workloads, api: Api, policy: str | None) -> None:
    workloads.create()
    answer = api.delete(f"{workloads.deployments}/web", {"propagationPolicy": policy} if policy else None).ok
    if policy == "Foreground":
        assert answer["metadata"]["finalizers"] == ["foregroundDeletion"]
        assert answer["metadata"]["deletionTimestamp"]
    else:
        assert (answer["kind"], answer["status"]) == ("Status", "Success")
    until("the end of all", lambda: not workloads.pods() and not workloads.sets() and api.get(f"{workloads.deployments}/web").code == 404)


def test_foreground_waits_for_the_pods(workloads: Workloads, api: Api) -> None:
    workloads.create()
    with api.watch(workloads.deployments, resourceVersion=workloads.get()["metadata"]["resourceVersion"]) as watch:
        api.delete(f"{workloads.deployments}/web", {"propagationPolicy": "Foreground"}).must()
        watch.until(lambda events: events[-1]["type"] == "DELETED" if events else False)
    assert not workloads.sets()
    assert not workloads.pods()


def test_orphans_stay_and_are_adopted_again(workloads: Workloads, api: Api) -> None:
    workloads.create()
    (old,) = workloads.sets()
    pods = names(workloads.pods())
    api.delete(f"{workloads.deployments}/web", {"propagationPolicy": "Orphan"}).must()
    until("the end of the deployment", lambda: api.get(f"{workloads.deployments}/web").code == 404)
    until("the release", lambda: "ownerReferences" not in workloads.sets()[0]["metadata"])
    assert names(workloads.pods()) == pods
    workloads.create()
    (adopted,) = workloads.sets()
    assert adopted["metadata"]["uid"] == old["metadata"]["uid"]
    assert names(workloads.pods()) == pods


def test_a_dependent_without_its_owner_is_collected(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    owner = api.create(path, {"metadata": {"name": "owner"}}).ok
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    api.create(path, {"metadata": {"name": "child", "ownerReferences": [reference]}}).must()
    api.delete(f"{path}/owner").must()
    until("the child to follow", lambda: api.get(f"{path}/child").code == 404)
