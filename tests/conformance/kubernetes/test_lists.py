"""Lists: selectors, pages, tables and the semantics of resourceVersion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.kubernetes.api import TABLE, Api
from tests.conformance.kubernetes.kubelet import NOWHERE
from tests.conformance.kubernetes.workloads import Workloads


@pytest.fixture
def path(api: Api, namespace: str) -> str:
    """Six config maps: a to f, with labels tier=front|back (none for f) and even=true for every second."""
    at = f"/api/v1/namespaces/{namespace}/configmaps"
    for number, name in enumerate("abcdef"):
        labels = {} if name == "f" else {"tier": "front" if number < 3 else "back"}
        if number % 2:
            labels["even"] = "true"
        api.create(at, {"metadata": {"name": name, "labels": labels}, "data": {"k": name}}).must()
    return at


def names(body: dict[str, Any]) -> str:
    return "".join(each["metadata"]["name"] for each in body["items"])


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=front", "abc"),
        ("tier==back", "de"),
        ("tier!=front", "def"),
        ("tier", "abcde"),
        ("!tier", "f"),
        ("tier in (front, back)", "abcde"),
        ("tier notin (front),tier", "de"),
        ("tier=front,even=true", "b"),
        ("even", "bdf"),
        ("tier=nope", ""),
        ("", "abcdef"),
    ],
)
def test_label_selectors(api: Api, path: str, selector: str, found: str) -> None:
    assert names(api.get(path, labelSelector=selector).ok) == found


@pytest.mark.parametrize(
    ("selector", "found"),
    [("metadata.name=a", "a"), ("metadata.name!=a", "bcdef"), ("metadata.name==b", "b"), ("metadata.name=a,metadata.name=b", "")],
)
def test_field_selectors(api: Api, path: str, selector: str, found: str) -> None:
    assert names(api.get(path, fieldSelector=selector).ok) == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"labelSelector": "a in (b"}, "unable to parse requirement: found '', expected: ',' or ')'"),
        ({"labelSelector": "a==b==c"}, "found '==', expected: ',' or 'end of string'"),
        ({"fieldSelector": "spec.foo=x"}, '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ({"limit": "1", "continue": "zzz"}, "continue key is not valid"),
    ],
)
def test_selectors_that_cannot_be_read_are_400(api: Api, path: str, query: dict[str, str], message: str) -> None:
    answer = api.get(path, **query)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
    assert message in answer.body["message"]


def test_pods_are_found_by_node_and_phase(api: Api, workloads: Workloads) -> None:
    workloads.create()
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": NOWHERE, "containers": [{"name": "c", "image": "i"}]}}
    api.create(workloads.pods_path, pod).must()
    assert names(api.get(workloads.pods_path, fieldSelector=f"spec.nodeName={NOWHERE}").ok) == "p"
    assert names(api.get(workloads.pods_path, fieldSelector="status.phase=Pending").ok) == "p"
    assert len(api.get(workloads.pods_path, fieldSelector="status.phase=Running").ok["items"]) == 2
    refused = api.get(workloads.pods_path, fieldSelector="spec.foo=x")
    assert (refused.code, refused.body["message"]) == (400, "field label not supported: spec.foo")


def test_items_of_a_list_do_not_repeat_their_type(api: Api, path: str) -> None:
    body = api.get(path).ok
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in each and "apiVersion" not in each for each in body["items"])


def test_pages_show_one_state_even_when_it_changes_meanwhile(api: Api, path: str) -> None:
    first = api.get(path, limit=2).ok
    assert names(first) == "ab"
    assert first["metadata"]["remainingItemCount"] == 4
    api.delete(f"{path}/d").must()
    api.create(path, {"metadata": {"name": "bb"}}).must()
    second = api.get(path, limit=2, **{"continue": first["metadata"]["continue"]}).ok
    assert names(second) == "cd"
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = api.get(path, limit=2, **{"continue": second["metadata"]["continue"]}).ok
    assert names(third) == "ef"
    assert "continue" not in third["metadata"]


def test_a_page_of_a_selection_does_not_say_how_many_remain(api: Api, path: str) -> None:
    page = api.get(path, limit=1, labelSelector="tier=front").ok
    assert names(page) == "a"
    assert page["metadata"]["continue"]
    assert "remainingItemCount" not in page["metadata"]


def test_a_version_from_the_future_is_504(api: Api, path: str) -> None:
    answer = api.get(path, resourceVersion="999999999")
    assert (answer.code, answer.body["reason"]) == (504, "Timeout")
    assert answer.body["details"]["causes"] == [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]


def test_a_list_is_at_least_as_new_as_asked(api: Api, path: str) -> None:
    written = api.create(path, {"metadata": {"name": "g"}}).ok["metadata"]["resourceVersion"]
    body = api.get(path, resourceVersion=written, resourceVersionMatch="NotOlderThan").ok
    assert "g" in names(body)
    assert int(body["metadata"]["resourceVersion"]) >= int(written)
    assert api.get(path, resourceVersion="0").code == 200


def test_a_table_has_the_columns_that_kubectl_shows(api: Api, workloads: Workloads) -> None:
    workloads.create()
    table = api.get(workloads.deployments, accept=TABLE, includeObject="None").ok
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [(each["name"], each["priority"]) for each in table["columnDefinitions"]] == [
        ("Name", 0),
        ("Ready", 0),
        ("Up-to-date", 0),
        ("Available", 0),
        ("Age", 0),
        ("Containers", 1),
        ("Images", 1),
        ("Selector", 1),
    ]
    row = table["rows"][0]
    assert row["object"] is None
    assert [*row["cells"][:4], *row["cells"][5:]] == ["web", "2/2", 2, 2, "main", "ready:1", "app=web"]
    pods = api.get(workloads.pods_path, accept=TABLE).ok
    assert [cell for each in pods["rows"] for cell in each["cells"][1:4]] == ["1/1", "Running", "0"] * 2
    assert {each["object"]["kind"] for each in pods["rows"]} == {"PartialObjectMetadata"}


def test_metadata_only(api: Api, path: str) -> None:
    body = api.get(path, accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io").ok
    assert body["kind"] == "PartialObjectMetadataList"
    assert set(body["items"][0]) == {"kind", "apiVersion", "metadata"}
