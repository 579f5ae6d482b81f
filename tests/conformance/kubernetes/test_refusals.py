"""Every refusal, word for word: kubectl prints them, and the console maps them to failures with hints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.clusters import Cluster
from tests.conformance.kubernetes.api import MERGE, Api
from tests.conformance.kubernetes.workloads import deployment


def deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def test_an_unknown_token_is_401(api: Api) -> None:
    answer = api.call("GET", "/api/v1/pods", headers={"Authorization": "Bearer nobody"})
    assert answer.code == 401
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


@pytest.mark.parametrize(
    ("method", "path", "message", "details"),
    [
        (
            "GET",
            "/apis/apps/v1/namespaces/n/deployments/web",
            'deployments.apps "web" is forbidden: User "viewer" cannot get resource "deployments" in API group "apps" in the namespace "n"',
            {"name": "web", "group": "apps", "kind": "deployments"},
        ),
        (
            "GET",
            "/api/v1/nodes",
            'nodes is forbidden: User "viewer" cannot list resource "nodes" in API group "" at the cluster scope',
            {"kind": "nodes"},
        ),
        (
            "GET",
            "/api/v1/pods?watch=1",
            'pods is forbidden: User "viewer" cannot watch resource "pods" in API group "" at the cluster scope',
            {"kind": "pods"},
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/n/deployments/web/scale",
            'deployments.apps "web" is forbidden: User "viewer" cannot patch resource "deployments/scale" '
            'in API group "apps" in the namespace "n"',
            {"name": "web", "group": "apps", "kind": "deployments"},
        ),
        (
            "DELETE",
            "/api/v1/namespaces/n/pods",
            'pods is forbidden: User "viewer" cannot deletecollection resource "pods" in API group "" in the namespace "n"',
            {"kind": "pods"},
        ),
        ("GET", "/metrics", 'forbidden: User "viewer" cannot get path "/metrics"', {}),
    ],
)
def test_what_is_not_allowed_is_403(viewer: Api, method: str, path: str, message: str, details: dict[str, str]) -> None:
    answer = viewer.call(method, path, {} if method == "PATCH" else None, MERGE)
    assert answer.code == 403
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "Forbidden",
        "details": details,
        "code": 403,
    }


def test_what_is_not_there_is_404(api: Api, namespace: str) -> None:
    answer = api.get(f"{deployments(namespace)}/nope")
    assert answer.code == 404
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "nope" not found',
        "reason": "NotFound",
        "details": {"name": "nope", "group": "apps", "kind": "deployments"},
        "code": 404,
    }
    assert api.get("/api/v1/namespaces/nope").body["message"] == 'namespaces "nope" not found'
    assert api.create("/api/v1/namespaces/nope/configmaps", {"metadata": {"name": "x"}}).body["message"] == 'namespaces "nope" not found'
    assert api.get("/api/v1/namespaces/nope/pods").ok["items"] == []


def test_a_resource_that_is_not_served_is_404(api: Api) -> None:
    for path in ("/apis/apps/v1/foos", "/api/v1/namespaces/x/foos", "/apis/apps/v9/deployments"):
        answer = api.get(path)
        assert (answer.code, answer.body["message"]) == (404, "the server could not find the requested resource")
    assert api.get("/nonsense").code == 404


def test_a_method_that_a_resource_does_not_have_is_405(api: Api, namespace: str) -> None:
    answer = api.create(f"{deployments(namespace)}/web", {})
    assert (answer.code, answer.body["reason"]) == (405, "MethodNotAllowed")


def test_a_name_that_is_taken_is_409(api: Api, namespace: str) -> None:
    path = deployments(namespace)
    api.create(path, deployment(image="stuck")).must()
    answer = api.create(path, deployment(image="stuck"))
    assert answer.code == 409
    assert (answer.body["reason"], answer.body["message"]) == ("AlreadyExists", 'deployments.apps "web" already exists')


def test_a_stale_version_is_409(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    old = api.create(path, {"metadata": {"name": "a"}}).ok
    api.patch(f"{path}/a", {"data": {"k": "v"}}).must()
    message = (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    for answer in (
        api.replace(f"{path}/a", old),
        api.patch(f"{path}/a", {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}}),
    ):
        assert (answer.code, answer.body["reason"], answer.body["message"]) == (409, "Conflict", message)
        assert answer.body["details"] == {"name": "a", "kind": "configmaps"}


def test_a_precondition_that_does_not_hold_is_409(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    created = api.create(path, {"metadata": {"name": "a"}}).ok
    answer = api.delete(f"{path}/a", {"preconditions": {"uid": "other"}})
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert "the UID in the precondition (other) does not match the UID in record" in answer.body["message"]
    assert api.delete(f"{path}/a", {"preconditions": {"resourceVersion": "1"}}).code == 409
    assert api.delete(f"{path}/a", {"preconditions": {"uid": created["metadata"]["uid"]}}).code == 200


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
    (
        {"selector": {"matchLabels": {"app": "other"}}},
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ),
    ({"selector": {}}, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"),
    (
        {"selector": None},
        '[spec.selector: Required value, spec.template.metadata.labels: Invalid value: {"app":"web"}: '
        "`selector` does not match template `labels`]",
    ),
    (
        {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ),
    (
        {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ),
    (
        {"progressDeadlineSeconds": 5, "minReadySeconds": 9},
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
    ),
]
INVALID_PODS: list[tuple[dict[str, Any], str]] = [
    ({"containers": [{"name": "c"}]}, "spec.template.spec.containers[0].image: Required value"),
    ({"containers": [{"image": "i"}]}, "spec.template.spec.containers[0].name: Required value"),
    ({"containers": []}, "spec.template.spec.containers: Required value"),
    (
        {"containers": [{"name": "c", "image": "i"}, {"name": "c", "image": "i"}]},
        'spec.template.spec.containers[1].name: Duplicate value: "c"',
    ),
    (
        {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]},
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ),
]


@pytest.mark.parametrize(
    ("spec", "message"),
    [*INVALID, *(({"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}}, message) for pod, message in INVALID_PODS)],
)
def test_an_invalid_deployment_is_422(api: Api, namespace: str, spec: dict[str, Any], message: str) -> None:
    answer = api.create(deployments(namespace), deployment(**{"image": "stuck", **spec}))
    assert answer.code == 422
    assert answer.body["reason"] == "Invalid"
    assert answer.body["message"] == f'Deployment.apps "web" is invalid: {message}'
    assert answer.body["details"]["kind"] == "Deployment"
    assert all(set(cause) == {"reason", "message", "field"} for cause in answer.body["details"]["causes"])


def test_a_bad_name_is_422(api: Api, namespace: str) -> None:
    answer = api.create(deployments(namespace), deployment("Bad_Name"))
    assert answer.code == 422
    assert 'metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of' in answer.body["message"]


def test_the_selector_is_immutable(api: Api, namespace: str) -> None:
    api.create(deployments(namespace), deployment(image="stuck")).must()
    change = {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}}}}
    answer = api.patch(f"{deployments(namespace)}/web", change)
    assert answer.code == 422
    assert answer.body["message"] == (
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable'
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"spec": {"replicas": "x"}}, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"spec": {"paused": 1}}, "json: cannot unmarshal number into Go struct field DeploymentSpec.spec.paused of type bool"),
        ("{bad", "json parse error"),
        (
            {"metadata": {"name": "web", "namespace": "other"}},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
def test_what_cannot_be_read_is_400(api: Api, namespace: str, body: Any, message: str) -> None:
    answer = api.create(deployments(namespace), body)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
    assert message in answer.body["message"]


def test_strict_validation_names_unknown_fields(api: Api, namespace: str) -> None:
    body = deployment(image="stuck", replica=3)
    answer = api.create(deployments(namespace), body, fieldValidation="Strict")
    assert (answer.code, answer.body["message"]) == (
        400,
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"',
    )
    assert api.create(deployments(namespace), body, dryRun="All").code == 201


def test_some_namespaces_stay(api: Api) -> None:
    answer = api.delete("/api/v1/namespaces/default")
    assert (answer.code, answer.body["message"]) == (403, 'namespaces "default" is forbidden: this namespace may not be deleted')


def test_other_media_types_are_415(api: Api, namespace: str) -> None:
    answer = api.call("POST", deployments(namespace), "x", "text/plain")
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")


def test_only_one_kind_of_dry_run_exists(api: Api, namespace: str) -> None:
    answer = api.create(deployments(namespace), deployment(), dryRun="some")
    assert answer.code == 422
    assert 'dryRun: Unsupported value: ["some"]: supported values: "All"' in answer.body["message"]


def test_kubectl_prints_the_refusal(cluster: Cluster, namespace: str) -> None:
    import subprocess

    done = subprocess.run(cluster.command("-n", namespace, "get", "deploy", "web", user="view"), capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith('Error from server (Forbidden): deployments.apps "web" is forbidden: User "viewer" cannot get resource')
