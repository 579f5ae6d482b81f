"""What stands around a deployment, of the simulator and of a real API server alike."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Forbidden
from modeldeck.domain.kubernetes.surroundings import Surroundings
from modeldeck.domain.kubernetes.workloads import Deployment, Event
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.sources.kubernetes.conftest import Hand, deployment
from tests.support.changes import pod

Opened = Callable[[ClusterTarget], KubernetesCluster]
SECRET_VALUE = "aHVudGVyMg=="
IMAGE = ("spec", "containers", "server", "image")


async def created(hand: Hand) -> Deployment:
    """A deployment that takes settings from all kinds of places, with two revisions."""
    base = f"/api/v1/namespaces/{hand.namespace}"
    await hand.post(f"{base}/configmaps", {"metadata": {"name": "settings"}, "data": {"threads": "4"}})
    await hand.post(f"{base}/secrets", {"metadata": {"name": "key"}, "data": {"password": SECRET_VALUE}})
    body = deployment("iris", 1, {"MODEL_URI": "models:/iris/3"})
    spec = body["spec"]["template"]["spec"]
    spec["containers"][0] |= {"envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "key"}}]}
    spec["volumes"] = [{"name": "more", "configMap": {"name": "missing", "optional": True}}]
    await hand.post(f"/apis/apps/v1/namespaces/{hand.namespace}/deployments", body)
    await sets(hand, 1)
    change: Mapping[str, object] = {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "iris:4"}]}}}}
    await hand.cluster.patch_deployment(hand.namespace, "iris", change)
    await sets(hand, 2)
    return await hand.cluster.deployment(hand.namespace, "iris")


async def sets(hand: Hand, count: int) -> None:
    for _ in range(400):
        if len((await hand.fleet()).replica_sets) == count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the controllers did not get there")


async def around(cluster: KubernetesCluster, found: Deployment, node: str = "") -> Surroundings:
    return await cluster.surroundings(found, [pod("iris-x", node=node)])


async def allowed(limited: KubernetesCluster, found: Deployment) -> Surroundings:
    """It takes a moment until rights are known."""
    for _ in range(100):
        try:
            return await around(limited, found, "n1")
        except Forbidden:
            await asyncio.sleep(0.05)
    raise AssertionError("the rights were not known")


async def with_events(hand: Hand, found: Deployment) -> tuple[Event, ...]:
    """Once the controller has told of both of its steps, which it does when it likes."""
    for _ in range(400):
        events = (await around(hand.cluster, found)).events
        if sum(event.kind == "Deployment" for event in events) >= 2:
            return events
        await asyncio.sleep(0.05)
    raise AssertionError(f"no events: {events}")


async def test_templates_configuration_and_events(hand: Hand) -> None:
    found = await created(hand)
    events = await with_events(hand, found)
    assert {(event.reason, event.name) for event in events if event.kind == "Deployment"} == {("ScalingReplicaSet", "iris")}
    assert all(event.at is not None and event.since is not None for event in events)
    seen = await around(hand.cluster, found)
    fleet = await hand.fleet()
    assert {seen.templates[one.uid][IMAGE] for one in fleet.replica_sets} == {
        "iris:4",
        deployment("iris", 1, {})["spec"]["template"]["spec"]["containers"][0]["image"],
    }
    config, secret = seen.configs
    assert [(one.kind, one.name, one.as_files) for one in (config, secret)] == [("ConfigMap", "settings", False), ("Secret", "key", False)]
    for one in (config, secret):
        assert one.created_at is not None
        (write,) = one.writes
        assert (write.at, bool(write.manager)) == (one.created_at, True)
    assert seen.not_known == ("ConfigMap missing does not exist",)


async def test_a_write_of_the_configuration_is_seen(hand: Hand) -> None:
    found = await created(hand)
    before = (await around(hand.cluster, found)).configs[0]
    transport = await hand.cluster.connection.transport()
    path = f"/api/v1/namespaces/{hand.namespace}/configmaps/settings"
    headers = {"Content-Type": "application/merge-patch+json"}
    await transport.patch(path, {"data": {"threads": "1"}}, params={"fieldManager": "somebody-else"}, headers=headers)
    after = (await around(hand.cluster, found)).configs[0]
    assert after.resource_version != before.resource_version
    assert "somebody-else" in {write.manager for write in after.writes}


async def test_no_value_of_a_secret_comes_over_the_wire(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await created(hand)
    bodies: list[bytes] = []
    get = Transport.get

    async def kept(self: Transport, path: str, **given: Any) -> bytes:
        bodies.append(await get(self, path, **given))
        return bodies[-1]

    monkeypatch.setattr(Transport, "get", kept)
    await around(hand.cluster, found)
    everything = b"".join(bodies)
    assert b'"key"' in everything
    assert SECRET_VALUE.encode() not in everything


async def test_nodes_and_when_they_were_cordoned(hand: Hand) -> None:
    found = await created(hand)
    name = f"node-{secrets.token_hex(3)}"
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}
    await hand.post("/api/v1/nodes", {"metadata": {"name": name}, "spec": {"taints": [taint]}})
    transport = await hand.cluster.connection.transport()
    try:
        headers = {"Content-Type": "application/merge-patch+json"}
        await transport.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}}, headers=headers)
        event = {
            "metadata": {"name": f"{name}.1", "namespace": "default"},
            "involvedObject": {"kind": "Node", "name": name},
            "reason": "NodeNotReady",
            "message": "gone",
            "type": "Normal",
            "lastTimestamp": "2026-01-01T00:00:00Z",
        }
        await hand.post("/api/v1/namespaces/default/events", event)
        seen = await around(hand.cluster, found, name)
    finally:
        await transport.delete(f"/api/v1/nodes/{name}", {})
    (node,) = seen.nodes
    assert (node.name, node.unschedulable) == (name, True)
    assert node.cordoned_at == 1767225600.0
    assert [(one.reason, one.at) for one in seen.events if one.kind == "Node"] == [("NodeNotReady", 1767225600.0)]


async def test_who_may_only_read_the_deployment_is_told_what_is_missing(hand: Hand, opened: Opened) -> None:
    found = await created(hand)
    await hand.allow("viewer", {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]})
    limited = opened(hand.target("view"))
    seen = await allowed(limited, found)
    assert (seen.events, seen.templates, seen.configs, seen.nodes, seen.autoscalers) == ((), {}, (), (), ())
    told = [text.partition(":")[0] for text in seen.not_known]
    assert told == [
        "what rollouts changed",
        "autoscalers",
        f"events of {hand.namespace}",
        "events of nodes",
        "ConfigMap missing may have changed",
        "ConfigMap settings may have changed",
        "Secret key may have changed",
        "how nodes stand",
    ]
    assert all("forbidden" in text for text in seen.not_known)


async def test_events_of_the_newer_api_where_only_that_may_be_read(hand: Hand, opened: Opened) -> None:
    found = await created(hand)
    told = await with_events(hand, found)
    await hand.allow(
        "viewer",
        {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "list"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["list"]},
    )
    seen = await allowed(opened(hand.target("view")), found)
    mine = [event for event in told if event.kind == "Deployment"]
    assert sorted((e.reason, e.message, e.at, e.name) for e in seen.events if e.kind == "Deployment") == sorted(
        (e.reason, e.message, e.at, e.name) for e in mine
    )
