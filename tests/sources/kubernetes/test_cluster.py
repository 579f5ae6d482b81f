"""`modeldeck.ports.Cluster` against the simulator and a real API server: the same cases, the same answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, Rejected, Unauthorized, Unreachable
from modeldeck.domain.kubernetes.rollout import new_pods, status
from modeldeck.domain.kubernetes.workloads import Controller, Deployment, Fleet
from modeldeck.domain.links.linking import find_links, slot_edits, template_patch, undo_edits
from modeldeck.ports import Cluster
from modeldeck.sources.kubernetes import wire
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.sources.kubernetes.conftest import Hand

Opened = Callable[[ClusterTarget], KubernetesCluster]


async def settled(hand: Hand, name: str = "iris", *, pods: int = 2) -> Deployment:
    """When the controllers have created that many pods of the newest template. No more than one comes in a rollout: nobody runs them."""
    for _ in range(400):
        found = await hand.cluster.deployment(hand.namespace, name)
        if found.observed_generation == found.generation and found.updated == pods:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"the controllers did not get there: {found}")


async def test_who_answers(hand: Hand) -> None:
    port: Cluster = hand.cluster
    assert (await port.ping()).startswith("v1.")
    assert await hand.cluster.namespace() == "serving"


async def test_which_cluster_it_is(hand: Hand, opened: Opened) -> None:
    """An operator of one namespace may not read kube-system, and knows the cluster by its address and authority."""
    body = await hand.cluster._get("/api/v1/namespaces/kube-system", wire.Named)
    found = await hand.cluster.identity()
    assert found.uid == body.metadata.uid != ""
    assert await opened(hand.target()).identity() == found
    limited = await opened(hand.target("view")).identity()
    assert (limited.uid, limited.address) == ("", found.address)
    assert limited.same(found) is True


async def test_a_deployment_with_its_pods(hand: Hand) -> None:
    await hand.create()
    found = await settled(hand)
    (link,) = find_links(found.template)
    assert (link.model, link.version, found.desired, found.revision) == ("iris", "3", 2, 1)
    assert status(found).message == 'Waiting for deployment "iris" rollout to finish: 0 of 2 updated replicas are available...'
    pods = await hand.cluster.pods_of(found)
    assert new_pods(found, pods) == pods
    assert [(pod.phase, pod.ready, find_links(pod.template)[0].version) for pod in pods] == [("Pending", False, "3")] * 2
    fleet = await hand.fleet()
    assert [d.key for d in fleet.deployments] == [found.key]
    assert fleet.deployments[0].template_hash == found.template_hash
    assert {pod.owner_uid for pod in fleet.pods} == {fleet.replica_sets[0].uid}
    assert fleet.replica_sets[0].owner_uid == found.uid
    assert new_pods(found, fleet.pods, fleet.replica_sets) == fleet.pods


async def test_the_words_of_kubectl(hand: Hand) -> None:
    await hand.create()
    found = await settled(hand)
    said = await asyncio.to_thread(
        hand.served.kubectl, "rollout", "status", "--watch=false", f"--namespace={hand.namespace}", "deployment/iris"
    )
    assert status(found).message == said.strip()
    table = await asyncio.to_thread(hand.served.kubectl, "get", "pods", "--no-headers", f"--namespace={hand.namespace}")
    pods = await hand.cluster.pods_of(found)
    assert {line.split()[0]: line.split()[2] for line in table.splitlines()} == {pod.name: pod.reason for pod in pods}


async def test_a_manifest_and_the_namespaces(hand: Hand) -> None:
    await hand.create()
    text = await hand.cluster.manifest(hand.namespace, "iris")
    assert "kind: Deployment" in text
    assert "models:/iris/3" in text
    assert "managedFields" not in text
    assert hand.namespace in await hand.cluster.namespaces()


async def test_who_controls_what_controls_a_pod(hand: Hand) -> None:
    await hand.create()
    await settled(hand)
    (replica_set,) = (await hand.fleet()).replica_sets
    held = Controller("apps/v1", "ReplicaSet", replica_set.name)
    assert await hand.cluster.controller_of(hand.namespace, held) == Controller("apps/v1", "Deployment", "iris")
    settings = await hand.cluster.settings_of(hand.namespace, Controller("apps/v1", "Deployment", "iris"))
    assert settings is not None
    assert settings.spec["replicas"] == 2
    assert "deployment.kubernetes.io/revision" in settings.annotations
    for nobodys in (Controller("apps/v1", "Deployment", "iris"), Controller("v1", "ServiceAccount", "gone")):
        assert await hand.cluster.controller_of(hand.namespace, nobodys) is None
    for unknown in (
        Controller("apps/v1", "Unknown", "iris"),
        Controller("nobody.example.com/v1", "Model", "iris"),
        Controller("v1", "Node", "n"),
    ):
        assert await hand.cluster.controller_of(hand.namespace, unknown) is None
        assert await hand.cluster.settings_of(hand.namespace, unknown) is None


async def test_a_promotion_and_its_undo(hand: Hand) -> None:
    await hand.create()
    before = await settled(hand)
    edits = slot_edits(find_links(before.template)[0], "4", model="iris", run_id="abc")
    body = {"metadata": {"resourceVersion": before.resource_version}, "spec": {"template": template_patch(edits, before.template)}}
    with pytest.raises(Conflict):
        await hand.cluster.patch_deployment(hand.namespace, "iris", {**body, "metadata": {"resourceVersion": "1"}})
    patched = await _patch_from_newest(hand, template_patch(edits, before.template))
    (link,) = find_links(patched.template)
    assert (link.version, link.annotated, patched.generation) == ("4", True, before.generation + 1)
    assert any(owner.manager == "modeldeck" and owner.owns_template for owner in patched.owners)
    after = await settled(hand, pods=1)
    pods = await hand.cluster.pods_of(after)
    assert [find_links(pod.template)[0].version for pod in pods] == ["4", "3", "3"]
    undo = undo_edits(edits, patched.template)
    assert undo is not None
    restored = await _patch_from_newest(hand, template_patch(undo, patched.template))
    assert restored.template_hash == before.template_hash
    assert restored.template == before.template


async def _patch_from_newest(hand: Hand, template: dict[str, object]) -> Deployment:
    """Guarded by the newest resourceVersion; the controller's own writes may come between."""
    for _ in range(20):
        newest = await hand.cluster.deployment(hand.namespace, "iris")
        body = {"metadata": {"resourceVersion": newest.resource_version}, "spec": {"template": template}}
        try:
            return await hand.cluster.patch_deployment(hand.namespace, "iris", body)
        except Conflict:
            continue
    raise AssertionError("always a conflict")


async def test_a_dry_run_changes_nothing(hand: Hand) -> None:
    await hand.create()
    before = await settled(hand)
    edits = slot_edits(find_links(before.template)[0], "4", model="iris", run_id=None)
    patch = {"spec": {"template": template_patch(edits, before.template)}}
    tried = await hand.cluster.patch_deployment(hand.namespace, "iris", patch, dry_run=True)
    assert find_links(tried.template)[0].version == "4"
    assert (await hand.cluster.deployment(hand.namespace, "iris")).template_hash == before.template_hash


async def test_refusals_in_the_servers_words(hand: Hand) -> None:
    await hand.create()
    container = {"name": "server", "image": ""}
    with pytest.raises(Rejected) as invalid:
        await hand.cluster.patch_deployment(
            hand.namespace, "iris", {"spec": {"replicas": -3, "template": {"spec": {"containers": [container]}}}}, dry_run=True
        )
    assert "spec.replicas: Invalid value: -3" in invalid.value.message
    assert "containers[0].image: Required value" in invalid.value.message
    with pytest.raises(Rejected, match="selector"):
        await hand.cluster.patch_deployment(hand.namespace, "iris", {"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}})
    with pytest.raises(NotFound, match=r'deployments\.apps "wine" not found'):
        await hand.cluster.deployment(hand.namespace, "wine")


async def test_scaling(hand: Hand) -> None:
    await hand.create()
    await hand.cluster.scale(hand.namespace, "iris", 3)
    assert (await settled(hand, pods=3)).desired == 3
    with pytest.raises(NotFound):
        await hand.cluster.scale(hand.namespace, "wine", 3)


async def test_events_read_and_written(hand: Hand) -> None:
    await hand.create()
    found = await settled(hand)
    for version in ("4", "5"):
        await hand.cluster.write_event(
            found, key=f"op {version}", reason="Promoted", message=f"iris v{version} by ann", warning=version == "5"
        )
    events = await hand.cluster.events_of("Deployment", hand.namespace, "iris")
    ours = [(event.message, event.type, event.kind, event.count) for event in events if event.source == "modeldeck"]
    assert sorted(ours) == [("iris v4 by ann", "Normal", "Deployment", 1), ("iris v5 by ann", "Warning", "Deployment", 1)]
    assert any(event.reason == "ScalingReplicaSet" for event in events)
    assert all(event.at is not None for event in events)
    assert await hand.cluster.events_of("Deployment", hand.namespace, "wine") == ()
    told = await asyncio.to_thread(hand.served.kubectl, "describe", f"--namespace={hand.namespace}", "deployment/iris")
    assert "iris v4 by ann" in told


DEPLOYMENTS_ONLY = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"]}


async def test_what_one_may_do(hand: Hand, opened: Opened) -> None:
    await hand.allow("viewer", DEPLOYMENTS_ONLY)
    viewer = opened(hand.target("view"))
    asked = [await viewer.access(verb, "deployments", hand.namespace, group="apps") for verb in ("list", "patch")]
    assert [access.allowed for access in asked] == [True, False]
    assert (await hand.cluster.access("patch", "deployments", hand.namespace, group="apps", name="iris")).allowed is True


async def test_a_review_that_fails_is_unknown(tmp_path: Path, opened: Opened) -> None:
    nobody = opened(ClusterTarget(_kubeconfig(tmp_path, "http://127.0.0.1:1", "t")))
    assert (await nobody.access("patch", "deployments", "serving")).allowed is None
    with pytest.raises(Unreachable):
        await nobody.ping()


async def test_missing_rights_are_gaps(hand: Hand, opened: Opened) -> None:
    await hand.create()
    await settled(hand)
    viewer = opened(hand.target("view"))
    with pytest.raises(Forbidden, match="deployments"):
        await viewer.fleet((hand.namespace,))
    await hand.allow("viewer", DEPLOYMENTS_ONLY)
    fleet = await _allowed(viewer, hand.namespace)
    assert ([d.name for d in fleet.deployments], fleet.replica_sets, fleet.pods) == (["iris"], (), ())
    assert len(fleet.gaps) == 2
    assert any("pods is forbidden" in message for message in fleet.gaps)
    with pytest.raises(Forbidden):
        await viewer.patch_deployment(hand.namespace, "iris", {"spec": {"replicas": 1}})


async def _allowed(viewer: KubernetesCluster, namespace: str) -> Fleet:
    """Authorisers learn of new roles with a short delay."""
    for _ in range(200):
        try:
            return await viewer.fleet((namespace,))
        except Forbidden:
            await asyncio.sleep(0.05)
    raise AssertionError("the role never took effect")


async def test_somebody_unknown(hand: Hand, tmp_path: Path, opened: Opened) -> None:
    server = (await hand.cluster.connection.login()).server
    stranger = opened(ClusterTarget(_kubeconfig(tmp_path, server, "no-such-token", insecure=True)))
    with pytest.raises(Unauthorized) as refused:
        await stranger.deployment(hand.namespace, "iris")
    assert "no-such-token" not in str(refused.value) + repr(refused.value)


async def test_autoscaling(hand: Hand) -> None:
    await hand.create()
    assert await hand.cluster.autoscaled(hand.namespace, "iris") is False
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris"}
    body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "iris"}}
    await hand.post(
        f"/apis/autoscaling/v2/namespaces/{hand.namespace}/horizontalpodautoscalers",
        {**body, "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3}},
    )
    assert await hand.cluster.autoscaled(hand.namespace, "iris") is True
    assert await hand.cluster.autoscaled(hand.namespace, "wine") is False


async def test_a_log_of_what_does_not_run(hand: Hand) -> None:
    with pytest.raises(NotFound):
        await hand.cluster.pod_log(hand.namespace, "nobody", "server")
    with pytest.raises(NotFound):
        async for _ in hand.cluster.follow_log(hand.namespace, "nobody", "server"):
            pass


def _kubeconfig(folder: Path, server: str, token: str, *, insecure: bool = False) -> str:
    cluster: dict[str, object] = {"server": server, "insecure-skip-tls-verify": insecure}
    body = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "serving"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(body))
    return str(folder / "kubeconfig")


async def test_closing_ends_what_is_under_way(hand: Hand, opened: Opened) -> None:
    other = opened(hand.target())
    await other.ping()
    await other.aclose()
    assert (await other.ping()).startswith("v1."), "a closed connection opens again when it is needed"
    with pytest.raises(Failure):
        await other.deployment(hand.namespace, "nobody")
