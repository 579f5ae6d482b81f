"""From the API's JSON to Deployments, ReplicaSets, Pods and Events: every part with what it is."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.workloads import ContainerKind, Controller, Deployment, EnvVar
from modeldeck.sources.kubernetes import convert, responses, wire


def pod(*statuses: dict[str, Any], spec: dict[str, Any] | None = None, meta: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u", **(meta or {})},
        "spec": {"containers": [{"name": "server", "image": "i"}], **(spec or {})},
        "status": {"phase": "Running", "containerStatuses": list(statuses), **status},
    }


def become(body: dict[str, Any]) -> Any:
    return convert.pod_of(msgspec.json.decode(json.dumps(body), type=wire.PodWire))


READY = [{"type": "Ready", "status": "True"}]
RUNS = {"name": "server", "ready": True, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}


def waits(reason: str, **more: Any) -> dict[str, Any]:
    return {"name": "server", "ready": False, "restartCount": 3, "state": {"waiting": {"reason": reason}}, **more}


def ended(code: int, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"name": "server", "state": {"terminated": {"exitCode": code, "reason": reason, **more}}}


def test_what_a_container_does_and_did() -> None:
    last = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "too big", "finishedAt": "2026-01-01T00:00:10Z"}}
    found = become(pod(waits("CrashLoopBackOff", lastState=last, imageID="iris@sha256:1")))
    (container,) = found.containers
    assert (container.state, container.reason, container.restarts) == ("waiting", "CrashLoopBackOff", 3)
    assert (container.last_reason, container.last_message, container.last_exit_code) == ("OOMKilled", "too big", 137)
    assert (container.last_ended_at, container.image_id) == (1767225610.0, "iris@sha256:1")
    assert (found.ready, become(pod(RUNS, conditions=READY)).ready) == (False, True)
    assert become(pod(RUNS)).containers[0].started_at == 1767225600.0


def test_every_kind_of_container_with_what_it_is() -> None:
    found = become(
        pod(
            RUNS,
            spec={"initContainers": [{"name": "fetch"}, {"name": "proxy", "restartPolicy": "Always"}]},
            initContainerStatuses=[{**ended(0), "name": "fetch", "restartCount": 2}, {**RUNS, "name": "proxy", "started": True}],
            ephemeralContainerStatuses=[{**ended(1), "name": "debug"}],
            conditions=[{"type": "Initialized", "status": "True"}],
        )
    )
    assert [(c.name, c.kind, c.started) for c in found.containers] == [
        ("fetch", ContainerKind.INIT, False),
        ("proxy", ContainerKind.SIDECAR, True),
        ("server", ContainerKind.MAIN, False),
        ("debug", ContainerKind.EPHEMERAL, False),
    ]
    assert (found.initialized, found.restarts) == (True, 0)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}, "0/3 nodes are available"),
        ({"status": "False", "reason": "Unschedulable"}, "Unschedulable"),
        ({"status": "True"}, ""),
        ({"status": "Unknown", "message": "who knows"}, ""),
    ],
)
def test_the_schedulers_own_words(condition: dict[str, Any], message: str) -> None:
    assert become(pod(phase="Pending", conditions=[{"type": "PodScheduled", **condition}])).unscheduled == message


def test_who_controls_a_deployment() -> None:
    owners = [
        {"uid": "1", "apiVersion": "v1", "kind": "ConfigMap", "name": "bystander"},
        {"uid": "2", "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "iris", "controller": True},
    ]
    body = {"metadata": {"name": "d", "ownerReferences": owners}, "spec": {"template": {}}}
    found = convert.deployment_of(msgspec.json.decode(json.dumps(body), type=wire.DeploymentWire)).controller
    assert found == Controller("serving.kserve.io/v1beta1", "InferenceService", "iris")
    assert found.group == "serving.kserve.io"


def test_the_environment_as_it_is_read() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]
    found = become(pod(spec={"containers": [{"name": "server", "env": env}]}))
    assert found.template.containers[0].env == (EnvVar("A", "1"), EnvVar("B", ""), EnvVar("C", None, "the field x"))


def test_where_values_come_from() -> None:
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ]
    env_from = [{"configMapRef": {"name": "m"}}, {"secretRef": {"name": "s"}}, {}]
    found = become(pod(spec={"containers": [{"name": "server", "env": env, "envFrom": env_from}]})).template.containers[0]
    assert [variable.source for variable in found.env] == ["key k of ConfigMap m", "key k of Secret s", "elsewhere"]
    assert found.env_from == ("ConfigMap m", "Secret s", "elsewhere")


def deployed(spec: dict[str, Any]) -> Deployment:
    body = {"metadata": {"name": "d"}, "spec": {"template": {}, **spec}}
    return convert.deployment_of(msgspec.json.decode(json.dumps(body), type=wire.DeploymentWire))


def test_init_containers_and_devices_of_a_template() -> None:
    server = {"name": "server", "resources": {"limits": {"cpu": 2, "memory": "1Gi", "nvidia.com/gpu": "1"}}}
    fetch = {"name": "fetch", "command": ["get"], "restartPolicy": "Always"}
    found = deployed({"template": {"spec": {"containers": [server], "initContainers": [fetch]}}}).template
    assert found.containers[0].devices == ("1 nvidia.com/gpu",)
    assert [(one.name, one.command) for one in found.init_containers] == [("fetch", ("get",))]
    assert become(pod(spec={"containers": [server], "initContainers": [fetch]})).template.init_containers == found.init_containers


@pytest.mark.parametrize(
    ("strategy", "desired", "wanted"),
    [
        (None, 1, (1, 0)),
        (None, 10, (3, 2)),
        ({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, 4, (0, 1)),
        ({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "50%"}}, 3, (0, 1)),
        ({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": "100%"}}, 3, (2, 3)),
    ],
)
def test_the_limits_of_a_rollout(strategy: dict[str, Any] | None, desired: int, wanted: tuple[int, int]) -> None:
    found = deployed({"strategy": strategy}).strategy
    assert (found.recreate, found.limits(desired)) == (False, wanted)


def test_recreate() -> None:
    assert deployed({"strategy": {"type": "Recreate"}}).strategy.recreate


def test_who_wrote_what() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {}}}}
    entries = [
        {"manager": "argocd-controller", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": fields},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": "hpa", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]
    body = {"metadata": {"name": "d", "managedFields": entries}, "spec": {"template": {}}}
    owners = convert.deployment_of(msgspec.json.decode(json.dumps(body), type=wire.DeploymentWire)).owners
    assert [(o.manager, o.owns_template, o.owns_replicas, o.subresource) for o in owners] == [
        ("argocd-controller", True, True, ""),
        ("kube-controller-manager", False, False, "status"),
        ("hpa", False, True, ""),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(max_size=3), JSON), st.dictionaries(st.text(max_size=3), JSON))
def test_equal_digests_are_equal_templates(one: Any, other: Any) -> None:
    digest = convert.template_hash(json.dumps(one).encode())
    assert convert.template_hash(json.dumps(shuffled(one), indent=1).encode()) == digest
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (convert.template_hash(json.dumps(other).encode()) == digest) == same


@pytest.mark.parametrize(
    ("body", "at", "count", "source"),
    [
        ({"lastTimestamp": "2026-01-01T00:00:10Z", "count": 4, "source": {"component": "kubelet"}}, 1767225610.0, 4, "kubelet"),
        (
            {"eventTime": "2026-01-01T00:00:00.5Z", "firstTimestamp": None, "lastTimestamp": None, "reportingComponent": "scheduler"},
            1767225600.5,
            1,
            "scheduler",
        ),
        ({"eventTime": None, "series": {"count": 9, "lastObservedTime": "2026-01-01T00:01:00Z"}, "count": None}, 1767225660.0, 9, ""),
    ],
)
def test_events_of_both_ages(body: dict[str, Any], at: float, count: int, source: str) -> None:
    whole = {"metadata": {"name": "e"}, "involvedObject": {"kind": "Deployment"}, **body}
    event = convert.event_of(msgspec.json.decode(json.dumps(whole), type=responses.EventWire))
    assert (event.at, event.count, event.source, event.kind) == (at, count, source, "Deployment")


def test_whom_an_event_is_about_and_since_when() -> None:
    body: dict[str, Any] = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "iris-1"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
    }
    body["lastTimestamp"] = "2026-01-01T01:00:00Z"
    event = convert.event_of(msgspec.json.decode(json.dumps(body), type=responses.EventWire))
    assert (event.name, event.since, event.at) == ("iris-1", 1767225600.0, 1767229200.0)


@pytest.mark.parametrize(
    ("spec", "status", "shares"),
    [
        ({}, {"podIP": "10.0.0.7", "hostIP": "192.168.0.1"}, False),
        ({"hostNetwork": True}, {"podIP": "192.168.0.1", "hostIP": "192.168.0.1"}, True),
        ({}, {"podIP": "192.168.0.1", "hostIP": "192.168.0.1"}, True),
        ({}, {}, False),
    ],
)
def test_which_ports_of_a_nodes_address_are_a_pods(spec: dict[str, Any], status: dict[str, Any], shares: bool) -> None:
    ports = [{"containerPort": 8080, "hostPort": 8080}, {"containerPort": 9090}]
    found = become(pod(RUNS, spec={"containers": [{"name": "a", "ports": ports}, {"name": "b", "ports": None}], **spec}, **status))
    assert (found.on_host_network, found.host_ports) == (shares, (8080, 9090) if shares else ())
