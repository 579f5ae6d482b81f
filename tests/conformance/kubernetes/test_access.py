"""Who may do what: roles, bindings and the self-reviews that a console asks before it offers an action."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import Api

RBAC = "/apis/rbac.authorization.k8s.io/v1"
VIEW = [
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
]
OPERATE = [
    *VIEW,
    {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": ["patch", "update"]},
    {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get"]},
]


@pytest.fixture
def roles(api: Api, viewer: Api, operator: Api, namespace: str) -> None:
    """Roles in the case's namespace: the user viewer may look, the group operators may work."""
    for name, rules, subject in (
        ("view", VIEW, {"kind": "User", "name": "viewer"}),
        ("operate", OPERATE, {"kind": "Group", "name": "operators"}),
    ):
        home = f"{RBAC}/namespaces/{namespace}"
        api.create(f"{home}/roles", {"metadata": {"name": name}, "rules": rules}).must()
        api.create(
            f"{home}/rolebindings",
            {
                "metadata": {"name": name},
                "subjects": [{**subject, "apiGroup": "rbac.authorization.k8s.io"}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            },
        ).must()
    # A real API server reads its roles from a cache.
    until(
        "the roles to hold",
        lambda: (
            viewer.get(f"/api/v1/namespaces/{namespace}/pods").code == 200
            and operator.get(f"/api/v1/namespaces/{namespace}/configmaps/mine").code == 404
        ),
    )


def may(api: Api, namespace: str, verb: str, group: str, resource: str, subresource: str = "", name: str = "") -> bool:
    asked = {"namespace": namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name}
    answer = api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": asked}})
    assert answer.code == 201
    return bool(answer.body["status"]["allowed"])


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize(
    ("verb", "group", "resource", "subresource", "name", "allowed"),
    [
        # whether the administrator, the viewer and the operator may
        ("list", "apps", "deployments", "", "", (True, True, True)),
        ("patch", "apps", "deployments", "", "", (True, False, True)),
        ("patch", "apps", "deployments", "scale", "", (True, False, True)),
        ("patch", "apps", "deployments", "status", "", (True, False, False)),
        ("delete", "", "pods", "", "", (True, False, False)),
        ("get", "", "pods", "log", "", (True, False, False)),
        ("get", "", "configmaps", "", "mine", (True, False, True)),
        ("get", "", "configmaps", "", "other", (True, False, False)),
        ("get", "", "configmaps", "", "", (True, False, False)),
    ],
)
def test_a_review_says_what_would_be_allowed(
    api: Api,
    viewer: Api,
    operator: Api,
    namespace: str,
    verb: str,
    group: str,
    resource: str,
    subresource: str,
    name: str,
    allowed: tuple[bool, bool, bool],
) -> None:
    assert tuple(may(each, namespace, verb, group, resource, subresource, name) for each in (api, viewer, operator)) == allowed


@pytest.mark.usefixtures("roles")
def test_what_the_review_says_is_what_happens(viewer: Api, operator: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    assert viewer.get(path).code == 200
    assert viewer.patch(f"{path}/web", {}).code == 403
    assert operator.patch(f"{path}/web", {}).code == 404
    assert operator.create(path, {}).code == 403
    assert operator.get(f"/api/v1/namespaces/{namespace}/configmaps/other").code == 403
    with viewer.watch(path, timeoutSeconds="1") as watch:
        watch.until_ended()


@pytest.mark.usefixtures("roles")
def test_a_right_ends_at_the_namespace(viewer: Api, namespace: str) -> None:
    assert not may(viewer, "default", "list", "", "pods")
    assert not may(viewer, "", "list", "", "pods")
    assert viewer.get("/api/v1/pods").code == 403


@pytest.mark.usefixtures("roles")
def test_the_rules_review_lists_everything_at_once(viewer: Api, namespace: str) -> None:
    answer = viewer.create("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": namespace}})
    assert answer.code == 201
    status: dict[str, Any] = answer.body["status"]
    assert status["incomplete"] is False
    rules = [(tuple(each["apiGroups"]), tuple(each["resources"]), tuple(each["verbs"])) for each in status["resourceRules"]]
    assert (("apps",), ("deployments", "replicasets"), ("get", "list", "watch")) in rules
    assert (("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), ("create",)) in rules
    assert any("/version" in each["nonResourceURLs"] for each in status["nonResourceRules"])


def test_the_reason_names_the_binding(viewer: Api, roles: None, namespace: str) -> None:
    asked = {"resourceAttributes": {"namespace": namespace, "verb": "list", "group": "apps", "resource": "deployments"}}
    answer = viewer.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": asked}).ok
    assert answer["status"]["reason"] == f'RBAC: allowed by RoleBinding "view/{namespace}" of Role "view" to User "viewer"'


def test_everybody_can_ask_who_they_are(viewer: Api, operator: Api) -> None:
    for user, name, group in ((viewer, "viewer", "viewers"), (operator, "operator", "operators")):
        info = user.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}).ok["status"]["userInfo"]
        assert info["username"] == name
        assert info["groups"] == [group, "system:authenticated"]


def test_everybody_can_read_discovery_and_version(viewer: Api) -> None:
    for path in ("/version", "/readyz", "/api", "/apis", "/apis/apps/v1", "/openapi/v3"):
        assert viewer.get(path).code == 200, path


def test_a_cluster_role_holds_in_every_namespace(api: Api, operator: Api, namespace: str) -> None:
    name = f"{namespace}-nodes"
    api.create(
        f"{RBAC}/clusterroles",
        {
            "metadata": {"name": name},
            "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}],
        },
    ).must()
    api.create(
        f"{RBAC}/clusterrolebindings",
        {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "User", "name": "operator", "apiGroup": "rbac.authorization.k8s.io"}],
        },
    ).must()
    try:
        until("the role to hold", lambda: operator.get("/api/v1/nodes").code == 200)
    finally:
        api.delete(f"{RBAC}/clusterrolebindings/{name}")
        api.delete(f"{RBAC}/clusterroles/{name}")
    until("the role to end", lambda: operator.get("/api/v1/nodes").code == 403)


def test_a_binding_cannot_be_pointed_elsewhere(api: Api, roles: None, namespace: str) -> None:
    answer = api.patch(f"{RBAC}/namespaces/{namespace}/rolebindings/view", {"roleRef": {"name": "operate"}})
    assert answer.code == 422
    assert "cannot change roleRef" in answer.body["message"]
