from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.sandbox.node import spec
from modeldeck.sandbox.node.spec import BadConfiguration, Probe

POD: dict[str, Any] = {
    "metadata": {
        "name": "iris-7d4f-abcde",
        "namespace": "serving",
        "uid": "u1",
        "labels": {"pod-template-hash": "7d4f"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "iris-7d4f"}],
    },
    "spec": {"nodeName": "node-1"},
}


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("modeldeck/model-server", True),
        ("modeldeck/model-server:1", True),
        ("registry.example:5000/modeldeck/model-server:3.1", True),
        ("registry.example:5000/modeldeck/model-server", True),
        ("modeldeck/model-server@sha256:0123", True),
        ("modeldeck/model-server:1@sha256:0123", True),
        ("nginx:1", False),
        ("modeldeck/model-server-gpu:1", False),
        ("evil-modeldeck/model-server:1", False),
        ("", False),
    ],
)
def test_only_the_model_server_image_is_here(image: str, known: bool) -> None:
    assert spec.can_run(image) is known


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("models:/$(NAME)/$(VERSION)", "models:/iris/3"),
        ("$$(NAME)", "$(NAME)"),
        ("$(UNKNOWN) $NAME ${NAME}", "$(UNKNOWN) $NAME ${NAME}"),
        ("$$$(NAME)", "$iris"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expanded: str) -> None:
    assert spec.expand(text, {"NAME": "iris", "VERSION": "3"}) == expanded


@given(st.text().filter(lambda text: "$" not in text))
def test_text_without_references_stays(text: str) -> None:
    assert spec.expand(text, {"": "x", "a": "b"}) == text


def test_variables_see_those_before_them_and_the_pods_own_fields() -> None:
    container = {
        "env": [
            {"name": "NAME", "value": "iris"},
            {"name": "MODEL_URI", "value": "models:/$(NAME)/$(LATER)"},
            {"name": "LATER", "value": "3"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "EMPTY"},
        ]
    }
    found = spec.environment(POD, container)
    assert found == {
        "NAME": "iris",
        "MODEL_URI": "models:/iris/$(LATER)",
        "LATER": "3",
        "POD": "iris-7d4f-abcde",
        "EMPTY": "",
    }
    assert spec.arguments({"command": ["serve"], "args": ["-m", "$(MODEL_URI)"]}, found)[2] == "models:/iris/$(LATER)"


@pytest.mark.parametrize(
    "container",
    [
        {"envFrom": [{"configMapRef": {"name": "settings"}}]},
        {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        {"env": [{"name": "KEY", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
    ],
)
def test_what_the_node_does_not_have_is_a_configuration_error(container: dict[str, Any]) -> None:
    with pytest.raises(BadConfiguration):
        spec.environment(POD, container)


def test_probes_have_kubernetes_defaults() -> None:
    probe = {"httpGet": {"path": "health", "port": 8080}, "initialDelaySeconds": 2, "failureThreshold": 5}
    assert spec.readiness({"readinessProbe": probe}) == Probe("/health", 2, 10, 1, 5, 1)
    assert spec.readiness({}) == Probe("/ping")
    assert spec.readiness({"readinessProbe": {"tcpSocket": {"port": 8080}}}) == Probe("/ping")
    assert spec.liveness({}) is None
    assert spec.liveness({"livenessProbe": probe}) == Probe("/health", 2, 10, 1, 5, 1)


def test_a_pod_belongs_to_the_deployment_of_its_replica_set() -> None:
    assert spec.deployment(POD) == "iris"
    assert spec.deployment({"metadata": {"name": "alone"}}) == "alone"
