"""Creating, reading, changing and deleting objects; what the server adds to them."""

from __future__ import annotations

import re

import pytest

from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import AGENT, Api
from tests.conformance.kubernetes.kubelet import NOWHERE
from tests.conformance.kubernetes.workloads import Workloads, deployment


def config_maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def test_an_object_gets_its_identity_on_creation(api: Api, namespace: str) -> None:
    created = api.create(config_maps(namespace), {"metadata": {"name": "a", "labels": {"x": "y"}}, "data": {"k": "v"}}).ok
    meta = created["metadata"]
    assert created["kind"], created["apiVersion"] == ("ConfigMap", "v1")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", meta["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
    assert int(meta["resourceVersion"]) > 0
    assert api.get(f"{config_maps(namespace)}/a").ok == created


def test_a_name_is_made_from_generate_name(api: Api, namespace: str) -> None:
    names = [api.create(config_maps(namespace), {"metadata": {"generateName": "cm-"}}).ok["metadata"]["name"] for _ in range(3)]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"cm-[bcdfghjklmnpqrstvwxz2456789]{5}", name) for name in names)


def test_every_change_raises_the_resource_version(api: Api, namespace: str) -> None:
    path = config_maps(namespace)
    first = api.create(path, {"metadata": {"name": "a"}}).ok
    second = api.replace(f"{path}/a", {"metadata": {"name": "a"}, "data": {"k": "1"}}).ok
    third = api.patch(f"{path}/a", {"data": {"k": "2"}}).ok
    versions = [int(each["metadata"]["resourceVersion"]) for each in (first, second, third)]
    assert versions == sorted(set(versions))
    assert len({each["metadata"]["uid"] for each in (first, second, third)}) == 1


def test_a_change_that_changes_nothing_writes_nothing(api: Api, namespace: str) -> None:
    path = config_maps(namespace)
    created = api.create(path, {"metadata": {"name": "a"}, "data": {"k": "v"}}).ok
    again = api.replace(f"{path}/a", {"metadata": {"name": "a"}, "data": {"k": "v"}}).ok
    patched = api.patch(f"{path}/a", {"data": {"k": "v"}}).ok
    assert {each["metadata"]["resourceVersion"] for each in (again, patched)} == {created["metadata"]["resourceVersion"]}


def test_a_deleted_object_is_gone(api: Api, namespace: str) -> None:
    path = config_maps(namespace)
    created = api.create(path, {"metadata": {"name": "a"}}).ok
    deleted = api.delete(f"{path}/a").ok
    assert deleted["kind"] == "Status"
    assert deleted["status"] == "Success"
    assert deleted["details"] == {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]}
    assert api.get(f"{path}/a").code == 404
    assert api.delete(f"{path}/a").code == 404


def test_delete_collection_takes_what_the_selector_holds(api: Api, namespace: str) -> None:
    path = config_maps(namespace)
    for name, label in (("a", "1"), ("b", "1"), ("c", "2")):
        api.create(path, {"metadata": {"name": name, "labels": {"l": label}}}).must()
    api.delete(path, labelSelector="l=1").must()
    assert [each["metadata"]["name"] for each in api.get(path, labelSelector="l").ok["items"]] == ["c"]


def test_a_finalizer_holds_an_object_until_it_is_taken_off(api: Api, namespace: str) -> None:
    path = f"{config_maps(namespace)}/a"
    api.create(config_maps(namespace), {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}}).must()
    marked = api.delete(path).ok
    assert marked["metadata"]["deletionTimestamp"]
    assert api.get(path).ok["metadata"]["finalizers"] == ["example.com/hold"]
    api.patch(path, {"metadata": {"finalizers": None}}).must()
    assert api.get(path).code == 404


def test_a_dry_run_answers_as_if_and_stores_nothing(api: Api, namespace: str) -> None:
    path = config_maps(namespace)
    answer = api.create(path, {"metadata": {"name": "a"}, "data": {"k": "v"}}, dryRun="All")
    assert answer.code == 201
    assert answer.body["metadata"]["uid"]
    assert "resourceVersion" not in answer.body["metadata"]
    assert api.get(f"{path}/a").code == 404
    created = api.create(path, {"metadata": {"name": "a"}, "data": {"k": "v"}}).ok
    assert api.patch(f"{path}/a", {"data": {"k": "w"}}, dryRun="All").ok["data"] == {"k": "w"}
    assert api.replace(f"{path}/a", {"metadata": {"name": "a"}}, dryRun="All").code == 200
    assert api.delete(f"{path}/a", dryRun="All").code == 200
    assert api.get(f"{path}/a").ok == created


def test_a_dry_run_finds_what_is_wrong(api: Api, namespace: str) -> None:
    wrong = deployment(replicas=-1)
    assert api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", wrong, dryRun="All").code == 422


def test_generation_counts_wishes_and_observed_generation_follows(workloads: Workloads) -> None:
    created = workloads.create()
    assert created["metadata"]["generation"] == 1
    scaled = workloads.patch({"spec": {"replicas": 3}})
    assert scaled["metadata"]["generation"] == 2
    labelled = workloads.patch({"metadata": {"labels": {"some": "thing"}}})
    assert labelled["metadata"]["generation"] == 2
    annotated = workloads.patch({"metadata": {"annotations": {"some": "thing"}}})
    assert annotated["metadata"]["generation"] == 3, "a deployment's annotations are copied to its replica sets"
    until("the controller to observe it", lambda: workloads.get()["status"]["observedGeneration"] == 3)
    ready = workloads.rolled_out()
    assert ready["metadata"]["generation"] == 3, "reports do not count as wishes"


def test_status_is_written_through_its_own_door_only(workloads: Workloads, api: Api) -> None:
    workloads.create()
    path = f"{workloads.deployments}/web"
    assert api.patch(path, {"status": {"replicas": 77}}).ok["status"]["replicas"] == 2
    answer = api.patch(f"{path}/status", {"spec": {"replicas": 9}, "metadata": {"labels": {"no": "way"}}}).ok
    assert answer["spec"]["replicas"] == 2
    assert "no" not in answer["metadata"].get("labels", {})


def test_managed_fields_tell_who_wrote_what(workloads: Workloads, api: Api) -> None:
    workloads.create()
    api.patch(f"{workloads.deployments}/web", {"spec": {"replicas": 3}}, fieldManager="scaler").must()
    owners = {(each["manager"], each.get("subresource", "")): each for each in workloads.get()["metadata"]["managedFields"]}
    creator, scaler = owners[AGENT.partition("/")[0], ""], owners["scaler", ""]
    assert "f:replicas" not in creator["fieldsV1"]["f:spec"]
    assert scaler["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert all(each["operation"] == "Update" and each["fieldsType"] == "FieldsV1" for each in owners.values())
    assert any(subresource == "status" for _, subresource in owners), "the controller's report is booked under status"


def test_a_deployment_is_completed_with_the_defaults(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    body = deployment(image="ready")
    del body["spec"]["replicas"]
    spec = api.create(path, body, dryRun="All").ok["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert {key: spec[key] for key in ("replicas", "revisionHistoryLimit", "progressDeadlineSeconds")} == {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert container == {
        "name": "main",
        "image": "ready",
        "imagePullPolicy": "Always",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    assert {key: value for key, value in spec["template"]["spec"].items() if key != "containers"} == {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }


@pytest.mark.parametrize(("given", "kept"), [("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1500Mi", "1500Mi"), ("1e3", "1e3")])
def test_quantities_are_kept_in_canonical_form(api: Api, namespace: str, given: str, kept: str) -> None:
    body = deployment()
    body["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": given}}
    stored = api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", body, dryRun="All").ok
    assert stored["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] == kept


def test_secrets_take_plain_strings_and_keep_base64(api: Api, namespace: str) -> None:
    secret = api.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}).ok
    assert secret["data"] == {"a": "Yg=="}
    assert secret["type"] == "Opaque"
    assert "stringData" not in secret


def test_events_are_found_by_what_they_are_about(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/events"
    for name, about in (("one", "web"), ("two", "other")):
        api.create(
            path,
            {
                "metadata": {"name": name},
                "involvedObject": {"kind": "Deployment", "name": about, "namespace": namespace},
                "reason": "Promoted",
                "message": "v7",
                "type": "Normal",
                "source": {"component": "modeldeck"},
            },
        ).must()
    found = api.get(path, fieldSelector="involvedObject.name=web,involvedObject.kind=Deployment,reason=Promoted").ok["items"]
    assert [each["metadata"]["name"] for each in found] == ["one"]
    newer = api.get(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events/one").ok
    assert newer["regarding"]["name"] == "web"
    assert newer["note"] == "v7"
    assert newer["deprecatedSource"] == {"component": "modeldeck"}


def test_a_namespace_takes_its_content_with_it(api: Api, namespace: str, workloads: Workloads) -> None:
    workloads.create()
    api.delete(f"/api/v1/namespaces/{namespace}").must()
    refused = api.create(config_maps(namespace), {"metadata": {"name": "late"}})
    assert refused.code in (403, 404)
    until("the end of the namespace", lambda: api.get(f"/api/v1/namespaces/{namespace}").code == 404)
    assert workloads.pods() == []


def test_a_pod_has_time_to_end(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    pod = {
        "metadata": {"name": "p"},
        "spec": {"nodeName": NOWHERE, "terminationGracePeriodSeconds": 7, "containers": [{"name": "c", "image": "busy"}]},
    }
    api.create(path, pod).must()
    marked = api.delete(f"{path}/p").ok
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 7
    assert marked["metadata"]["generation"] == 2
    assert api.delete(f"{path}/p", {"gracePeriodSeconds": 3}).ok["metadata"]["deletionGracePeriodSeconds"] == 3
    assert api.delete(f"{path}/p", {"gracePeriodSeconds": 9}).ok["metadata"]["deletionGracePeriodSeconds"] == 3
    assert api.delete(f"{path}/p", {"gracePeriodSeconds": 0}).code == 200
    assert api.get(f"{path}/p").code == 404
