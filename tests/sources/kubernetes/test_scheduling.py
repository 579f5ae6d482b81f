"""What the scheduler decides by, read from pods and nodes as the API writes them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from modeldeck.domain.failures import Forbidden, Malformed
from modeldeck.domain.kubernetes.scheduling import (
    AntiAffinity,
    Fit,
    HostPort,
    LabelRequirement,
    NodeTerm,
    PodInfo,
    Quota,
    SchedulerSnapshot,
    Toleration,
    placement,
)
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from modeldeck.sources.kubernetes.scheduling import ScheduledPod, pod_info_of
from tests.domain.links.templates import deployment, pod, replica_set
from tests.sources.kubernetes.conftest import Hand
from tests.sources.kubernetes.scripted import Refuse, listed, scripted
from tests.sources.kubernetes.test_cluster import Opened

LIKE = pod(replica_set(deployment()), "first")
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def info(spec: dict[str, Any], **meta: Any) -> PodInfo:
    body = {"metadata": {"name": "first", "namespace": "serving", **meta}, "spec": spec}
    return pod_info_of(msgspec.json.decode(json.dumps(body), type=ScheduledPod))


def asks(**requests: str) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": requests}}


def test_what_a_pod_takes() -> None:
    """The larger of what runs together and what an init container needs beside the sidecars before it."""
    always = {"restartPolicy": "Always"}
    together = {
        "containers": [asks(cpu="500m", memory="1Gi"), asks(cpu="1"), {"name": "none"}],
        "initContainers": [{**asks(cpu="100m"), **always}, asks(cpu="1200m", memory="3Gi"), {**asks(cpu="200m"), **always}],
        "overhead": {"cpu": "50m"},
    }
    assert info(together).requests == {"cpu": 1850, "memory": 3 * 1024**3}
    for_the_pod = {**together, "resources": {"requests": {"cpu": "4"}}}
    assert info(for_the_pod).requests == {"cpu": 4050, "memory": 3 * 1024**3}


def test_what_a_pod_asks_of_a_node() -> None:
    expression = {"key": "zone", "operator": "In", "values": ["a"]}
    field = {"key": "metadata.name", "operator": "NotIn", "values": ["n9"]}
    found = info(
        {
            "nodeName": "n1",
            "priority": 7,
            "preemptionPolicy": "Never",
            "nodeSelector": {"gpu": "yes"},
            "tolerations": [{"key": "team", "value": "a"}, {"operator": "Exists", "effect": "NoExecute"}],
            "affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [expression]}, {"matchFields": [field]}]}}},
            "containers": [
                {"name": "c", "ports": [{"containerPort": 1}, {"hostPort": 80, "hostIP": ""}, {"hostPort": 81, "protocol": "UDP"}]}
            ],
        },
        labels={"app": "iris", "pod-template-hash": "abc"},
    )
    assert (found.node, found.priority, found.preempts) == ("n1", 7, False)
    assert (found.labels, found.node_selector) == ({"app": "iris"}, {"gpu": "yes"})
    assert found.tolerations == (Toleration("team", "Equal", "a"), Toleration("", "Exists", "", "NoExecute"))
    zone, name = LabelRequirement("zone", "In", ("a",)), LabelRequirement("metadata.name", "NotIn", ("n9",))
    assert found.node_terms == (NodeTerm((zone,)), NodeTerm((), (name,)))
    assert found.host_ports == (HostPort(80), HostPort(81, "UDP"))
    assert found.open == ()
    assert info({}).node_terms is None


@pytest.mark.parametrize(
    ("term", "namespaces", "certain"),
    [
        ({}, frozenset({"serving"}), True),
        ({"namespaces": ["a", "b"]}, frozenset({"a", "b"}), True),
        ({"namespaceSelector": {}}, None, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, None, False),
        ({"matchLabelKeys": ["pod-template-hash"]}, frozenset({"serving"}), False),
        ({"mismatchLabelKeys": ["tenant"]}, frozenset({"serving"}), False),
    ],
)
def test_whom_anti_affinity_means(term: dict[str, Any], namespaces: frozenset[str] | None, certain: bool) -> None:
    body = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "iris"}}, **term}
    found = info({"affinity": {"podAntiAffinity": {REQUIRED: [body, {"topologyKey": "zone"}]}}})
    assert found.anti_affinity == (AntiAffinity("zone", (LabelRequirement("app", "In", ("iris",)),), namespaces, certain),)


def test_a_selector_of_this_very_template_says_nothing_of_the_next() -> None:
    body = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"pod-template-hash": "abc"}}}
    (found,) = info({"affinity": {"podAntiAffinity": {REQUIRED: [body]}}}).anti_affinity
    assert not found.certain


@pytest.mark.parametrize(
    ("spec", "open_"),
    [
        ({"schedulerName": "volcano"}, ("scheduler volcano",)),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}]}, ()),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]}, ("topology spread",)),
        ({"affinity": {"podAffinity": {REQUIRED: [{"topologyKey": "zone"}]}}}, ("affinity to other pods",)),
        ({"volumes": [{"name": "tmp", "emptyDir": {}}]}, ()),
        ({"volumes": [{"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}]}, ("volumes",)),
        ({"resourceClaims": [{"name": "gpu"}]}, ("resource claims",)),
        ({"tolerations": [{"key": "slo", "operator": "Gt", "value": "5"}]}, ("tolerations",)),
    ],
)
def test_what_is_left_open(spec: dict[str, Any], open_: tuple[str, ...]) -> None:
    assert info(spec).open == open_


def api_node(name: str, gpus: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": more.pop("labels", {}), "annotations": more.pop("annotations", {})}
    return {
        "metadata": metadata,
        "spec": more,
        "status": {"allocatable": {"nvidia.com/gpu": gpus, "pods": "10"}, "images": [{"names": []}]},
    }


def api_pod(name: str, at: str) -> dict[str, Any]:
    container = {"name": "c", "resources": {"requests": {"nvidia.com/gpu": "1"}}}
    return {"metadata": {"name": name, "namespace": "serving"}, "spec": {"nodeName": at, "containers": [container]}}


async def look(script: Any) -> SchedulerSnapshot:
    cluster = KubernetesCluster(script.target)
    try:
        return await cluster.scheduling(LIKE)
    finally:
        await cluster.aclose()


@pytest.mark.parametrize(
    ("node", "configmap", "autoscaler"),
    [
        ({}, False, ""),
        ({}, True, "the cluster autoscaler"),
        ({"labels": {"karpenter.sh/nodepool": "gpu"}}, True, "Karpenter"),
        ({"annotations": {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}}, False, "the cluster autoscaler"),
        ({"taints": [{"key": "DeletionCandidateOfClusterAutoscaler", "effect": "PreferNoSchedule"}]}, False, "the cluster autoscaler"),
    ],
)
async def test_nodes_pods_and_who_adds_nodes(tmp_path: Any, node: dict[str, Any], configmap: bool, autoscaler: str) -> None:
    async with scripted(tmp_path) as script:
        script.lists["first"].append(api_pod("first", "n1"))
        script.lists["nodes"].append(listed(api_node("n1", "1"), more="2"))
        script.lists["nodes"].append(listed(api_node("n2", "1", **node)))
        script.lists["pods"].append(listed(api_pod("first", "n1"), api_pod("second", "n2")))
        script.lists["cluster-autoscaler-status"].append({"data": {}} if configmap else Refuse(404))
        found = await look(script)
        asked = script.requests("pods")
    assert placement(found).message == "0/2 nodes are available: 2 Insufficient nvidia.com/gpu"
    assert (found.autoscaler, found.gaps) == (autoscaler, ())
    assert [one["fieldSelector"] for one in asked] == ["spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"]


async def test_quotas_of_all_pods_are_read_and_a_quota_that_may_not_be_read_is_none(tmp_path: Any) -> None:
    def quota(name: str, **spec: Any) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": spec, "status": {"hard": {"pods": "2", "limits.cpu": "4"}, "used": {"pods": "2"}}}

    async with scripted(tmp_path) as script:
        limited = {**api_pod("first", "n1")}
        limited["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "1"}
        script.lists["first"].append(limited)
        script.lists["resourcequotas"].append(Refuse(403))
        script.lists["resourcequotas"].append(listed(quota("few"), quota("some", scopes=["BestEffort"]), quota("low", scopeSelector={})))
        assert (await look(script)).quotas == ()
        found = await look(script)
    assert found.quotas == (Quota("few", {"pods": "2", "limits.cpu": "4"}, {"pods": "2"}),)
    assert found.pod.limits == {"cpu": 1000}


async def test_an_amount_that_is_none_is_no_answer(tmp_path: Any) -> None:
    async with scripted(tmp_path) as script:
        script.lists["first"].append(api_pod("first", "n1"))
        script.lists["nodes"].append(listed(api_node("n1", "many")))
        with pytest.raises(Malformed, match=r"'many' of nvidia\.com/gpu is no quantity"):
            await look(script)


NODES = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


async def test_without_the_right_to_list_nodes_or_pods_everywhere(hand: Hand, opened: Opened) -> None:
    """Nodes are needed, and belong to no namespace; of pods those of the own namespace are better than none."""
    await hand.create(replicas=1)
    await hand.allow("viewer", PODS)
    (mine,) = await _first(hand)
    viewer = opened(hand.target("view"))
    with pytest.raises(Forbidden, match="nodes"):
        await viewer.scheduling(mine)
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": f"nodes-{hand.namespace}"}}
    await hand.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", {**role, "kind": "ClusterRole", "rules": [NODES]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"nodes-{hand.namespace}"}
    user = {"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {**role, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [user]}
    await hand.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    found = await _allowed(viewer, mine)
    assert found.gaps == ("the pods of other namespaces, which may not be listed",)
    assert found.pod.labels == {"app": "iris"}
    assert placement(found).fit in (Fit.NO_ROOM, Fit.UNKNOWN)
    transport = await hand.cluster.connection.transport()
    for plural in ("clusterrolebindings", "clusterroles"):
        await transport.delete(f"/apis/rbac.authorization.k8s.io/v1/{plural}/nodes-{hand.namespace}", {})


async def _first(hand: Hand) -> tuple[Pod, ...]:
    for _ in range(400):
        pods = await hand.cluster.pods_of(await hand.cluster.deployment(hand.namespace, "iris"))
        if pods:
            return pods
        await asyncio.sleep(0.05)
    raise AssertionError("no pod")


async def _allowed(viewer: KubernetesCluster, mine: Pod) -> SchedulerSnapshot:
    """Authorisers learn of new roles with a short delay."""
    for _ in range(200):
        try:
            return await viewer.scheduling(mine)
        except Forbidden:
            await asyncio.sleep(0.05)
    raise AssertionError("the new role does not count")
