"""What is refused, and of which field it is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubesim.admission.defaults import apply_defaults
from kubesim.admission.validation import check
from kubesim.api.kinds import AUTOSCALERS, CONFIGMAPS, DEPLOYMENTS, EVENTS, LEASES, REPLICASETS, ROLEBINDINGS, ROLES, SERVICES, Kind
from kubesim.api.schema import Decoder

CONTAINER = {"name": "server", "image": "iris:1"}
TEMPLATE = {"metadata": {"labels": {"app": "iris"}}, "spec": {"containers": [CONTAINER]}}


def complete(kind: Kind, **more: Any) -> dict[str, Any]:
    obj = Decoder().decode(kind, {"metadata": {"name": "iris", "namespace": "serving"}, **more})
    apply_defaults(kind, obj)
    return obj


def fields(kind: Kind, old: dict[str, Any] | None = None, **more: Any) -> list[str]:
    return [cause.field for cause in check(kind, complete(kind, **more), old)]


def deployment(**spec: Any) -> dict[str, Any]:
    return {"selector": {"matchLabels": {"app": "iris"}}, "template": TEMPLATE, **spec}


def test_nothing_is_wrong_with_a_plain_deployment_and_with_changing_it() -> None:
    assert fields(DEPLOYMENTS, spec=deployment()) == []
    assert fields(DEPLOYMENTS, complete(DEPLOYMENTS, spec=deployment()), spec=deployment(replicas=3)) == []


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"replicas": -1}, "spec.replicas"),
        ({"minReadySeconds": -1}, "spec.minReadySeconds"),
        ({"revisionHistoryLimit": -1}, "spec.revisionHistoryLimit"),
        ({"progressDeadlineSeconds": 5, "minReadySeconds": 5}, "spec.progressDeadlineSeconds"),
        ({"selector": {}}, "spec.selector"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "spec.template.metadata.labels"),
        ({"strategy": {"type": "Sideways"}}, "spec.strategy"),
        ({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}, "spec.strategy.rollingUpdate"),
        ({"strategy": {"rollingUpdate": {"maxSurge": -1}}}, "spec.strategy.rollingUpdate.maxSurge"),
        ({"strategy": {"rollingUpdate": {"maxSurge": "some"}}}, "spec.strategy.rollingUpdate.maxSurge"),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}}, "spec.strategy.rollingUpdate.maxUnavailable"),
        ({"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}, "spec.strategy.rollingUpdate.maxUnavailable"),
        ({"template": {**TEMPLATE, "spec": {}}}, "spec.template.spec.containers"),
    ],
)
def test_which_field_of_a_deployment_is_wrong(spec: dict[str, Any], field: str) -> None:
    assert field in fields(DEPLOYMENTS, spec=deployment(**spec))


@pytest.mark.parametrize("surge", [0, 1, "0%", "100%"])
def test_amounts_and_shares_that_let_something_move(surge: int | str) -> None:
    assert fields(DEPLOYMENTS, spec=deployment(strategy={"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 1}})) == []


def test_a_selector_is_for_ever() -> None:
    other = {"selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}
    for kind in (DEPLOYMENTS, REPLICASETS):
        assert fields(kind, complete(kind, spec=deployment()), spec=deployment(**other)) == ["spec.selector"]


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"name": ""}, "metadata.name"),
        ({"name": "Iris"}, "metadata.name"),
        ({"labels": {"a b": "x"}}, "metadata.labels"),
        ({"labels": {"a": "x y"}}, "metadata.labels"),
        ({"labels": {"a": "x" * 64}}, "metadata.labels"),
        ({"annotations": {"a b": "any text"}}, "metadata.annotations"),
    ],
)
def test_which_metadata_is_wrong(metadata: dict[str, Any], field: str) -> None:
    obj = complete(CONFIGMAPS)
    obj["metadata"].update(metadata)
    assert [cause.field for cause in check(CONFIGMAPS, obj, None)] == [field]


def test_roles_may_be_called_almost_anything() -> None:
    role = complete(ROLES)
    for name, fits in (("system:node", True), ("A b", True), ("a/b", False), ("..", False), ("a%", False)):
        role["metadata"]["name"] = name
        assert (check(ROLES, role, None) == []) == fits, name


@pytest.mark.parametrize("field", ["uid", "creationTimestamp", "deletionTimestamp"])
def test_what_the_server_gave_cannot_be_changed_and_is_told_twice_as_it_does(field: str) -> None:
    old = complete(CONFIGMAPS)
    new = copy.deepcopy(old)
    new["metadata"][field] = "other"
    assert [cause.field for cause in check(CONFIGMAPS, new, old)] == [f"metadata.{field}"] * 2


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"ports": [{"port": 80}]}, []),
        ({}, ["spec.ports"]),
        ({"clusterIP": "None"}, []),
        ({"type": "ExternalName"}, []),
        ({"ports": [{"port": 0}]}, ["spec.ports[0].port", "spec.ports[0].targetPort"]),
        ({"ports": [{"port": 65536, "targetPort": "http"}]}, ["spec.ports[0].port"]),
        ({"ports": [{"port": 1, "name": "a"}, {"port": 2}]}, ["spec.ports[1].name"]),
    ],
)
def test_services(spec: dict[str, Any], found: list[str]) -> None:
    assert fields(SERVICES, spec=spec) == found


TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris"}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"maxReplicas": 3, "scaleTargetRef": TARGET}, []),
        ({"maxReplicas": 1, "minReplicas": 2, "scaleTargetRef": TARGET}, ["spec.maxReplicas"]),
        ({"maxReplicas": 1, "scaleTargetRef": {**TARGET, "apiVersion": "v1"}}, ["spec.scaleTargetRef.apiVersion"]),
        ({"maxReplicas": 1, "scaleTargetRef": {**TARGET, "name": ""}}, ["spec.scaleTargetRef.name"]),
        ({"scaleTargetRef": TARGET}, ["spec.maxReplicas", "spec.maxReplicas"]),
    ],
)
def test_autoscalers(spec: dict[str, Any], found: list[str]) -> None:
    assert fields(AUTOSCALERS, spec=spec) == found


def test_bindings_name_a_role_and_keep_it() -> None:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "iris"}
    old = complete(ROLEBINDINGS, roleRef=reference)
    assert fields(ROLEBINDINGS, roleRef=reference) == []
    assert fields(ROLEBINDINGS, roleRef={**reference, "kind": "User"}) == ["roleRef.kind"]
    assert fields(ROLEBINDINGS, roleRef={**reference, "name": ""}) == ["roleRef.name"]
    assert fields(ROLEBINDINGS, old, roleRef={**reference, "name": "other"}) == ["roleRef"]


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({}, []),
        ({"leaseDurationSeconds": 1, "leaseTransitions": 0}, []),
        ({"leaseDurationSeconds": 0}, ["spec.leaseDurationSeconds"]),
        ({"leaseTransitions": -1}, ["spec.leaseTransitions"]),
    ],
)
def test_leases(spec: dict[str, Any], found: list[str]) -> None:
    assert fields(LEASES, spec=spec) == found


def test_an_event_stands_where_its_object_does() -> None:
    assert fields(EVENTS, involvedObject={"namespace": "serving"}) == []
    assert fields(EVENTS, involvedObject={"namespace": "other"}) == ["involvedObject.namespace"]
