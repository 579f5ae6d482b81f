"""The three kinds of patch, and server-side apply."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.kubernetes.api import APPLY, JSON_PATCH, MERGE, STRATEGIC, Api
from tests.conformance.kubernetes.workloads import deployment


@pytest.fixture
def path(api: Api, namespace: str) -> str:
    """A deployment with something to merge in every kind of list; its pods stay pending, nothing else changes it for long."""
    body = deployment(image="stuck:1", paused=True)
    main = body["spec"]["template"]["spec"]["containers"][0]
    main |= {
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 80}],
        "args": ["x", "y"],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    body["spec"]["template"]["spec"] |= {
        "containers": [main, {"name": "side", "image": "stuck:2"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    }
    body["metadata"]["annotations"] = {"a": "1"}
    at = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.create(at, body).must()
    return f"{at}/web"


def pod_patch(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def containers(obj: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = obj["spec"]["template"]["spec"]["containers"]
    return found


def test_merge_patch_replaces_lists_and_removes_with_null(api: Api, path: str) -> None:
    patched = api.patch(
        path,
        {"metadata": {"annotations": {"a": None, "b": "2"}}, **pod_patch(containers=[{"name": "only", "image": "i"}], volumes=None)},
        MERGE,
        dryRun="All",
    ).ok
    assert [each["name"] for each in containers(patched)] == ["only"]
    assert "volumes" not in patched["spec"]["template"]["spec"]
    assert patched["metadata"]["annotations"]["b"] == "2"
    assert "a" not in patched["metadata"]["annotations"]


def test_strategic_patch_merges_lists_by_key(api: Api, path: str) -> None:
    patched = api.patch(
        path,
        pod_patch(containers=[{"name": "main", "image": "new", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]),
        STRATEGIC,
        dryRun="All",
    ).ok
    main, side = sorted(containers(patched), key=lambda each: str(each["name"]))
    assert (main["image"], side["image"]) == ("new", "stuck:2")
    assert {each["name"]: each["value"] for each in main["env"]} == {"A": "1", "B": "3", "C": "4"}
    assert main["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        ([{"name": "new", "image": "i"}], ["new", "main", "side"]),
        ([{"name": "side", "image": "i"}], ["main", "side"]),
        ([{"name": "side", "$patch": "delete"}], ["main"]),
        ([{"$patch": "replace"}, {"name": "z", "image": "i"}], ["z"]),
    ],
)
def test_strategic_patch_orders_and_deletes_elements(api: Api, path: str, patch: list[dict[str, str]], names: list[str]) -> None:
    patched = api.patch(path, pod_patch(containers=patch), STRATEGIC, dryRun="All").ok
    assert [each["name"] for each in containers(patched)] == names


def test_strategic_patch_takes_an_order(api: Api, path: str) -> None:
    patch = pod_patch(
        **{"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}], "containers": [{"name": "side", "image": "i"}]}
    )
    assert [each["name"] for each in containers(api.patch(path, patch, STRATEGIC, dryRun="All").ok)] == ["side", "main"]


def test_strategic_patch_replaces_atomic_lists(api: Api, path: str) -> None:
    patched = api.patch(path, pod_patch(containers=[{"name": "main", "args": ["z"]}]), STRATEGIC, dryRun="All").ok
    assert containers(patched)[0]["args"] == ["z"]


def test_strategic_patch_swaps_the_strategy(api: Api, path: str) -> None:
    keep = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert api.patch(path, keep, STRATEGIC, dryRun="All").ok["spec"]["strategy"] == {"type": "Recreate"}
    assert api.patch(path, {"spec": {"strategy": {"type": "Recreate"}}}, STRATEGIC, dryRun="All").code in (200, 422)


def test_strategic_patch_needs_the_key(api: Api, path: str) -> None:
    answer = api.patch(path, pod_patch(containers=[{"image": "i"}]), STRATEGIC)
    assert answer.code == 500
    assert answer.body["message"] == "map: map[image:i] does not contain declared merge key: name"


def test_json_patch_applies_all_operations(api: Api, path: str) -> None:
    patched = api.patch(
        path,
        [
            {"op": "test", "path": "/metadata/annotations/a", "value": "1"},
            {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "new"},
            {"op": "remove", "path": "/spec/template/spec/containers/1"},
            {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "last", "image": "i"}},
            {"op": "add", "path": "/metadata/annotations/example.com~1x", "value": "y"},
            {"op": "copy", "from": "/metadata/annotations/a", "path": "/metadata/annotations/b"},
            {"op": "move", "from": "/metadata/annotations/a", "path": "/metadata/annotations/c"},
        ],
        JSON_PATCH,
        dryRun="All",
    ).ok
    assert [(each["name"], each["image"]) for each in containers(patched)] == [("main", "new"), ("last", "i")]
    found = patched["metadata"]["annotations"]
    assert {key: found[key] for key in ("example.com/x", "b", "c")} == {"example.com/x": "y", "b": "1", "c": "1"}
    assert "a" not in found


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "test", "path": "/spec/replicas", "value": 77}],
        [{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}],
        [{"op": "remove", "path": "/spec/nope"}],
        [{"op": "add", "path": "/spec/nope/deeper", "value": 1}],
        [{"op": "add", "path": "/spec/template/spec/containers/9", "value": {}}],
        [{"op": "replace", "path": "/spec/template/spec/containers/9", "value": {}}],
        [{"op": "bogus", "path": "/spec"}],
    ],
)
def test_a_json_patch_that_does_not_apply_is_422(api: Api, path: str, operations: list[dict[str, Any]]) -> None:
    answer = api.patch(path, operations, JSON_PATCH)
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert answer.body["message"] == "the server rejected our request due to an error in our request"


def test_a_json_patch_with_a_failed_test_changes_nothing(api: Api, path: str) -> None:
    before = api.get(path).ok
    api.patch(
        path, [{"op": "replace", "path": "/spec/replicas", "value": 9}, {"op": "test", "path": "/spec/paused", "value": False}], JSON_PATCH
    )
    assert api.get(path).ok["spec"] == before["spec"]


@pytest.mark.parametrize(
    ("media", "body", "code"),
    [
        (MERGE, "{bad", 400),
        (STRATEGIC, "{bad", 400),
        (JSON_PATCH, "{bad", 400),
        (JSON_PATCH, {"op": "x"}, 400),
        (MERGE, [], 400),
        ("text/plain", {}, 415),
        ("application/json", {}, 415),
        (MERGE, {"spec": {"replicas": "x"}}, 422),
        (MERGE, {"kind": "Pod"}, 422),
        (MERGE, {"metadata": {"name": "other"}}, 400),
        (MERGE, {"metadata": {"namespace": "other"}}, 400),
        (MERGE, {"metadata": {"uid": "x"}}, 422),
    ],
)
def test_a_patch_that_is_none_is_refused(api: Api, path: str, media: str, body: Any, code: int) -> None:
    answer = api.patch(path, body, media)
    assert answer.code == code, answer.body
    assert answer.body["status"] == "Failure"


def test_unknown_fields_are_dropped_unless_strict(api: Api, path: str) -> None:
    patched = api.patch(path, {"spec": {"foo": 1}}, MERGE, dryRun="All").ok
    assert "foo" not in patched["spec"]
    refused = api.patch(path, {"spec": {"foo": 1}}, MERGE, fieldValidation="Strict")
    assert refused.code == 422
    assert 'strict decoding error: unknown field "spec.foo"' in refused.body["message"]


def test_server_side_apply_owns_what_it_declares(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/cm"
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"a": "1", "b": "2"}}
    created = api.patch(path, config, APPLY, fieldManager="one")
    assert created.code == 201
    entry = created.body["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("one", "Apply")
    assert entry["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}}}
    del config["data"]["b"]  # type: ignore[attr-defined]
    assert api.patch(path, config, APPLY, fieldManager="one").ok["data"] == {"a": "1"}, "no longer declared, no longer there"
    other = {**config, "data": {"a": "9"}}
    refused = api.patch(path, other, APPLY, fieldManager="two")
    assert refused.code == 409
    assert refused.body["details"]["causes"] == [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}]
    assert api.patch(path, other, APPLY, fieldManager="two", force="true").ok["data"] == {"a": "9"}
    assert api.patch(path, config, APPLY).code == 422


def test_server_side_apply_merges_containers_by_name(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    api.patch(path, deployment(image="stuck:1"), APPLY, fieldManager="one").must()
    extra = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        **pod_patch(containers=[{"name": "side", "image": "stuck:2"}]),
    }
    applied = api.patch(path, extra, APPLY, fieldManager="two").ok
    assert sorted(each["name"] for each in containers(applied)) == ["main", "side"]
    again = api.patch(path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}, APPLY, fieldManager="two").ok
    assert [each["name"] for each in containers(again)] == ["main"]
