"""Which pods are refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubesim.admission.defaults import apply_defaults
from kubesim.admission.pod_validation import check_pod_spec, pod_spec_changed
from kubesim.api.kinds import PODS

CONTAINER: dict[str, Any] = {"name": "server", "image": "iris:1"}


def pod(**spec: Any) -> dict[str, Any]:
    obj = {"metadata": {"name": "iris"}, "spec": copy.deepcopy({"containers": [CONTAINER], **spec})}
    apply_defaults(PODS, obj)
    return obj


def fields(*, template: bool = False, **spec: Any) -> list[str]:
    return [cause.field for cause in check_pod_spec(pod(**spec)["spec"], "spec", template=template)]


def test_nothing_is_wrong_with_a_plain_pod() -> None:
    assert fields() == []
    assert fields(template=True) == []


@pytest.mark.parametrize(
    ("container", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Server"}, "name"),
        ({"image": ""}, "image"),
        ({"image": " iris"}, "image"),
        ({"imagePullPolicy": "Sometimes"}, "imagePullPolicy"),
        ({"ports": [{"containerPort": 0}]}, "ports[0].containerPort"),
        ({"ports": [{"containerPort": 65536}]}, "ports[0].containerPort"),
        ({"ports": [{"containerPort": 1, "protocol": "ICMP"}]}, "ports[0].protocol"),
        ({"env": [{"name": "A", "value": "1"}, {"name": ""}]}, "env[1].name"),
        ({"env": [{"name": "A=B"}]}, "env[0].name"),
        ({"env": [{"name": "Ä"}]}, "env[0].name"),
        ({"volumeMounts": [{"name": "other", "mountPath": "/a"}]}, "volumeMounts[0].name"),
        ({"volumeMounts": [{"name": "data"}]}, "volumeMounts[0].mountPath"),
    ],
)
def test_which_field_of_a_container_is_wrong(container: dict[str, Any], field: str) -> None:
    wrong, volumes = {**CONTAINER, **container}, [{"name": "data"}]
    assert fields(containers=[wrong], volumes=volumes) == [f"spec.containers[0].{field}"]
    first = {**wrong, "name": container.get("name", "first")}
    assert fields(initContainers=[first], volumes=volumes) == [f"spec.initContainers[0].{field}"]


@pytest.mark.parametrize("name", ["A", "a.b-c", "with space", "1"])
def test_a_variable_may_be_called_anything_printable(name: str) -> None:
    assert fields(containers=[{**CONTAINER, "env": [{"name": name}]}]) == []


def test_a_name_is_used_once_also_by_init_containers() -> None:
    assert fields(containers=[CONTAINER, CONTAINER]) == ["spec.containers[1].name"]
    assert fields(initContainers=[CONTAINER]) == ["spec.initContainers[0].name"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"containers": []}, "spec.containers"),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
        ({"dnsPolicy": "Some"}, "spec.dnsPolicy"),
        ({"terminationGracePeriodSeconds": -1}, "spec.terminationGracePeriodSeconds"),
    ],
)
def test_which_field_of_a_pod_is_wrong(spec: dict[str, Any], field: str) -> None:
    assert fields(**spec) == [field]


def test_a_template_restarts_always() -> None:
    assert fields(restartPolicy="Never") == []
    assert fields(restartPolicy="Never", template=True) == ["spec.restartPolicy"]


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"containers": [{**CONTAINER, "image": "iris:2"}]}, True),
        ({"tolerations": [{"key": "a"}]}, True),
        ({"activeDeadlineSeconds": 5}, True),
        ({"containers": [{**CONTAINER, "args": ["x"]}]}, False),
        ({"nodeName": "node-1"}, False),
    ],
)
def test_what_may_change_of_a_pod_that_is_there(change: dict[str, Any], allowed: bool) -> None:
    assert ([*pod_spec_changed(pod(**change), pod())] == []) == allowed
