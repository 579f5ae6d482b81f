"""What is filled in, and that it is filled in once."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest

from kubesim.admission.defaults import apply_defaults, qos_class
from kubesim.api.kinds import CLUSTERROLEBINDINGS, DEPLOYMENTS, KINDS, PODS, ROLEBINDINGS, SECRETS, SERVICES, STORED, Kind
from kubesim.api.schema import Decoder


def completed(kind: Kind, **more: Any) -> dict[str, Any]:
    """As an object comes from the decoder, with what a client may leave out."""
    obj = Decoder().decode(kind, {"metadata": {"name": "iris"}, **more})
    apply_defaults(kind, obj)
    return obj


def container(**more: Any) -> dict[str, Any]:
    [found] = completed(PODS, spec={"containers": [{"name": "server", **more}]})["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.qualified)
def test_what_is_complete_stays_as_it_is(kind: Kind) -> None:
    once = completed(kind)
    twice = copy.deepcopy(once)
    apply_defaults(kind, twice)
    assert twice == once


def test_a_deployment_rolls_by_quarters() -> None:
    spec = completed(DEPLOYMENTS)["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


def test_what_is_said_is_kept() -> None:
    spec = completed(DEPLOYMENTS, spec={"replicas": 0, "strategy": {"type": "Recreate"}})["spec"]
    assert (spec["replicas"], spec["strategy"]) == (0, {"type": "Recreate"})


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("iris", "Always"),
        ("iris:latest", "Always"),
        ("iris:1", "IfNotPresent"),
        ("registry:5000/iris", "Always"),
        ("registry:5000/iris:1", "IfNotPresent"),
        ("iris@sha256:abc", "IfNotPresent"),
    ],
)
def test_a_tag_that_may_move_is_always_pulled(image: str, policy: str) -> None:
    assert container(image=image)["imagePullPolicy"] == policy


def test_probes_get_their_periods_and_zero_is_not_said() -> None:
    probe = container(readinessProbe={"httpGet": {"port": 80}, "periodSeconds": 0, "failureThreshold": 7})["readinessProbe"]
    assert (probe["periodSeconds"], probe["timeoutSeconds"], probe["successThreshold"], probe["failureThreshold"]) == (10, 1, 1, 7)
    assert (probe["httpGet"]["path"], probe["httpGet"]["scheme"]) == ("/", "HTTP")


def test_limits_are_requests_where_none_are_said() -> None:
    resources = container(resources={"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}})["resources"]
    assert resources["requests"] == {"cpu": "500m", "memory": "1Gi"}


def resources(**parts: Any) -> dict[str, Any]:
    return {"resources": parts}


@pytest.mark.parametrize(
    ("containers", "found"),
    [
        ([], "BestEffort"),
        ([resources()], "BestEffort"),
        ([resources(limits={"nvidia.com/gpu": "1"})], "BestEffort"),
        ([resources(requests={"cpu": "1"})], "Burstable"),
        ([resources(requests={"cpu": "1"}, limits={"cpu": "1"})], "Burstable"),
        ([resources(requests={"cpu": "1", "memory": "1"}, limits={"cpu": "1", "memory": "1"})], "Guaranteed"),
        ([resources(requests={"cpu": "1", "memory": "1"}, limits={"cpu": "1", "memory": "1"}), resources()], "Burstable"),
        ([resources(requests={"cpu": "1", "memory": "1"}, limits={"cpu": "2", "memory": "1"})], "Burstable"),
    ],
)
def test_the_class_of_service(containers: list[dict[str, Any]], found: str) -> None:
    assert qos_class({"containers": containers}) == found


def test_a_services_port_leads_to_the_same_port() -> None:
    spec = completed(SERVICES, spec={"ports": [{"port": 80}]})["spec"]
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert "ipFamilies" not in completed(SERVICES, spec={"type": "ExternalName"})["spec"]


def test_text_of_a_secret_is_encoded_and_wins() -> None:
    secret = completed(SECRETS, data={"a": "YWJj"}, stringData={"a": "new", "b": "ü"})
    assert "stringData" not in secret
    assert {key: base64.b64decode(value).decode() for key, value in secret["data"].items()} == {"a": "new", "b": "ü"}


def test_who_is_bound_is_named_in_its_group() -> None:
    subjects = [{"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "name": "bot"}]
    for kind in (ROLEBINDINGS, CLUSTERROLEBINDINGS):
        found = completed(kind, roleRef={"kind": "ClusterRole", "name": "view"}, subjects=subjects)
        assert found["roleRef"]["apiGroup"] == found["subjects"][0]["apiGroup"] == "rbac.authorization.k8s.io"
        assert "apiGroup" not in found["subjects"][1]


def test_a_kind_without_rules_is_left_alone() -> None:
    for kind in KINDS:
        if not kind.stored:
            obj: dict[str, Any] = {"metadata": {}}
            apply_defaults(kind, obj)
            assert obj == {"metadata": {}}
