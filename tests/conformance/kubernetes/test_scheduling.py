"""What we say of one more pod beside what the real scheduler does with it: the same verdict, the same words."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.kubernetes.scheduling import Fit, Placement, placement
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.conformance.clusters import Cluster, until
from tests.conformance.kubernetes.api import STRATEGIC, Api
from tests.domain.links.templates import deployment, pod, replica_set

GPU = "nvidia.com/gpu"
GPU_TAINT = {"key": GPU, "effect": "NoSchedule"}
HOST = "kubernetes.io/hostname"


def container(name: str = "main", **resources: Any) -> dict[str, Any]:
    return {"name": name, "image": "none:1", **({"resources": resources} if resources else {})}


def node(taints: tuple[dict[str, str], ...] = (), *, unschedulable: bool = False, labels: dict[str, str] | None = None, **has: str) -> Any:
    offered = {"cpu": "2", "memory": "4Gi", "pods": "10", **{GPU if name == "gpu" else name: text for name, text in has.items()}}
    return {"labels": labels or {}, "spec": {"taints": list(taints), "unschedulable": unschedulable}, "offered": offered}


def port(address: str = "") -> dict[str, Any]:
    return {**container(), "ports": [{"containerPort": 80, "hostPort": 8080, "hostIP": address}]}


def labelled(key: str, *values: str, operator: str = "In") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def apart(app: str, topology: str = HOST, **more: Any) -> dict[str, Any]:
    term = {"topologyKey": topology, "labelSelector": {"matchLabels": {"app": app}}, **more}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


@dataclass(frozen=True)
class Case:
    """`spec`: of the pod that runs on the first node, and of the one that is to come."""

    nodes: list[Any]
    spec: dict[str, Any]
    fit: Fit
    message: str = ""
    others: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Pods that run already, by the index of their node."""


ONE_GPU = {"containers": [container(limits={GPU: "1"})], "tolerations": [{"key": GPU, "operator": "Exists"}]}
HALF = {"containers": [container(requests={"cpu": "900m", "memory": "1Gi"})]}
INIT_HEAVY = {"containers": [container(requests={"cpu": "100m"})], "initContainers": [container("fetch", requests={"cpu": "1500m"})]}
SIDECAR = {
    "containers": [container(requests={"cpu": "500m"})],
    "initContainers": [{**container("proxy", requests={"cpu": "600m"}), "restartPolicy": "Always"}, container("b", requests={"cpu": "1"})],
}
TWO_ZONES = [node(labels={"zone": "a"}), node(labels={"zone": "a"}), node(labels={"zone": "b"})]

CASES = {
    "room": Case([node()], HALF, Fit.FITS),
    "the only gpu is taken": Case([node((GPU_TAINT,), gpu="1")], ONE_GPU, Fit.NO_ROOM, "1 Insufficient nvidia.com/gpu"),
    "a gpu is free elsewhere": Case([node((GPU_TAINT,), gpu="1"), node((GPU_TAINT,), gpu="1")], ONE_GPU, Fit.FITS),
    "the other gpu is in use": Case(
        [node((GPU_TAINT,), gpu="1"), node((GPU_TAINT,), gpu="1"), node()],
        ONE_GPU,
        Fit.NO_ROOM,
        "3 Insufficient nvidia.com/gpu",
        others=[(1, ONE_GPU)],
    ),
    "several lacks on one node": Case(
        [node()], {"containers": [container(requests={"cpu": "1500m", "memory": "3Gi"})]}, Fit.NO_ROOM, "1 Insufficient cpu, 1 Insuf"
    ),
    "exactly full": Case([node()], {"containers": [container(requests={"cpu": "1"})]}, Fit.FITS),
    "a thousandth too much": Case([node()], {"containers": [container(requests={"cpu": "1001m"})]}, Fit.NO_ROOM, "1 Insufficient cpu"),
    "fractions of bytes": Case(
        [node(memory="1025")], {"containers": [container(requests={"memory": "512.5"})]}, Fit.NO_ROOM, "1 Insufficient memory"
    ),
    "no more pods": Case([node(pods="1")], HALF, Fit.NO_ROOM, "1 Too many pods"),
    "cordoned": Case(
        [node(), node(unschedulable=True)], {**HALF, "containers": [container(requests={"cpu": "2"})]}, Fit.NO_ROOM, "1 node(s) were"
    ),
    "cordoned and tolerated": Case(
        [node(unschedulable=True)], {**HALF, "tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]}, Fit.FITS
    ),
    "tainted since": Case([node(({"key": "team", "value": "a", "effect": "NoSchedule"},))], HALF, Fit.NO_ROOM, "untolerated taint(s)"),
    "the wrong value tolerated": Case(
        [node(({"key": "team", "value": "a", "effect": "NoSchedule"},))],
        {**HALF, "tolerations": [{"key": "team", "value": "b"}]},
        Fit.NO_ROOM,
        "untolerated taint(s)",
    ),
    "everything tolerated": Case([node((GPU_TAINT,))], {**HALF, "tolerations": [{"operator": "Exists"}]}, Fit.FITS),
    "preferably elsewhere": Case([node(({"key": "team", "effect": "PreferNoSchedule"},))], HALF, Fit.FITS),
    "init containers need more": Case([node()], INIT_HEAVY, Fit.NO_ROOM, "1 Insufficient cpu"),
    "sidecars beside init containers": Case([node()], SIDECAR, Fit.NO_ROOM, "1 Insufficient cpu"),
    "sidecars": Case([node(cpu="3200m")], SIDECAR, Fit.FITS),
    "affinity to another zone": Case(TWO_ZONES[::2], {**HALF, "affinity": required(labelled("zone", "b"))}, Fit.FITS),
    "affinity to no zone": Case(TWO_ZONES, {**HALF, "affinity": required(labelled("zone", "c"))}, Fit.NO_ROOM, "node affinity/selector"),
    "any of two terms": Case(
        TWO_ZONES, {**HALF, "affinity": required(labelled("zone", "c"), labelled("zone", "a", operator="NotIn"))}, Fit.FITS
    ),
    "larger than": Case(
        [node(labels={"gen": "3"})], {**HALF, "affinity": required(labelled("gen", "3", operator="Gt"))}, Fit.NO_ROOM, "affinity/selector"
    ),
    "a host port": Case([node()], {"containers": [port()]}, Fit.NO_ROOM, "1 node(s) didn't have free ports"),
    "a host port at another address": Case(
        [node(), node()], {"containers": [port("127.0.0.1")]}, Fit.FITS, others=[(1, {"containers": [port("127.0.0.2")]})]
    ),
    "a host port at any address": Case(
        [node(), node()], {"containers": [port("127.0.0.1")]}, Fit.NO_ROOM, "2 node(s) didn't have", others=[(1, {"containers": [port()]})]
    ),
    "one a node": Case([node()], {**HALF, "affinity": apart("web")}, Fit.NO_ROOM, "1 node(s) didn't match pod anti-affinity rules"),
    "one a node, and another node": Case([node(), node()], {**HALF, "affinity": apart("web")}, Fit.FITS),
    "one a zone": Case(TWO_ZONES[:2], {**HALF, "affinity": apart("web", "zone")}, Fit.NO_ROOM, "2 node(s) didn't match pod anti-affinity"),
    "one a zone, and another zone": Case(TWO_ZONES, {**HALF, "affinity": apart("web", "zone")}, Fit.FITS),
    "apart from others": Case(
        [node()], {**HALF, "affinity": apart("other")}, Fit.NO_ROOM, "pod anti-affinity", others=[(0, {"containers": [container()]})]
    ),
    "another keeps its distance": Case(
        [node()],
        HALF,
        Fit.NO_ROOM,
        "1 node(s) didn't satisfy existing pods anti-affinity rules",
        others=[(0, {"containers": [container()], "affinity": apart("web")})],
    ),
    "in every namespace": Case([node()], {**HALF, "affinity": apart("web", namespaceSelector={})}, Fit.NO_ROOM, "pod anti-affinity"),
    "instead of a lower priority": Case(
        [node()],
        {"containers": [container(requests={"cpu": "1"})], "priorityClassName": "system-node-critical"},
        Fit.PREEMPTS,
        "1 Insufficient cpu",
        others=[(0, {"containers": [container(requests={"cpu": "500m"})]})],
    ),
}


@pytest.fixture
def nodes(api: Api) -> Iterator[list[str]]:
    """Names of nodes that end with the case."""
    names: list[str] = []
    yield names
    for name in names:
        api.delete(f"/api/v1/nodes/{name}")


@pytest.mark.parametrize("cluster", ["real"], indirect=True)
@pytest.mark.parametrize("name", CASES)
def test_one_more_pod(cluster: Cluster, api: Api, namespace: str, nodes: list[str], name: str) -> None:
    case = CASES[name]
    nodes += [add_node(api, f"{namespace}-{at}", body, namespace) for at, body in enumerate(case.nodes)]
    mine = copy.deepcopy(case.spec) | {"nodeSelector": {"case": namespace}}
    create(api, namespace, "first", {**mine, "nodeName": nodes[0]}, "web")
    for at, (where, spec) in enumerate(case.others):
        create(api, namespace, f"other-{at}", {**spec, "nodeName": nodes[where]}, "other")
    ours = asyncio.run(placed(cluster, namespace, "first"))
    assert (ours.fit, case.message in ours.message) == (case.fit, True), ours
    create(api, namespace, "next", mine, "web")

    expected = (ours.fit, ours.message if ours.fit is Fit.NO_ROOM else "")
    until(f"the scheduler to agree with {ours}", lambda: verdict(api, namespace, bool(case.others)) == expected, 20)


@pytest.mark.parametrize("cluster", ["real"], indirect=True)
@pytest.mark.parametrize(
    ("hard", "refused"),
    [
        ({"pods": "1"}, ["1 of 1 pods used"]),
        ({"pods": "2"}, []),
        ({"requests.cpu": "1799m"}, ["900m of 1799m requests.cpu used"]),
        ({"requests.cpu": "1800m"}, []),
        ({"cpu": "1", "memory": "2Gi"}, ["900m of 1 cpu used"]),
        ({"requests.nvidia.com/gpu": "0"}, []),
    ],
)
def test_one_more_pod_under_a_quota(
    cluster: Cluster, api: Api, namespace: str, nodes: list[str], hard: dict[str, str], refused: list[str]
) -> None:
    nodes.append(add_node(api, f"{namespace}-0", node(), namespace))
    mine = copy.deepcopy(HALF) | {"nodeSelector": {"case": namespace}}
    create(api, namespace, "first", {**mine, "nodeName": nodes[0]}, "web")
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    api.create(path, {"metadata": {"name": "few"}, "spec": {"hard": hard}}).must()
    first = {"pods": "1", "requests.cpu": "900m", "cpu": "900m", "memory": "1Gi", "requests.nvidia.com/gpu": "0"}
    used = {name: first[name] for name in hard}
    api.patch(f"{path}/few/status", {"status": {"hard": hard, "used": used}}).must()  # its controller does not run here
    ours = asyncio.run(placed(cluster, namespace, "first"))
    assert ours == (Placement(Fit.NO_QUOTA, f"quota few: {', '.join(refused)}") if refused else Placement(Fit.FITS))

    def same() -> bool:
        answer = api.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod_body("next", mine, "web"))
        return (answer.code == 403 and "exceeded quota: few" in str(answer.body)) if refused else answer.code == 201

    until("the API server to agree", same, 20)


def add_node(api: Api, name: str, body: Any, namespace: str) -> str:
    labels = {HOST: name, "case": namespace, **body["labels"]}
    created = {"metadata": {"name": name, "labels": labels}, "spec": body["spec"]}
    api.create("/api/v1/nodes", created).must()
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok"}
    status = {"allocatable": body["offered"], "capacity": body["offered"], "conditions": [ready]}
    api.patch(f"/api/v1/nodes/{name}/status", {"status": status}, STRATEGIC).must()
    return name


def create(api: Api, namespace: str, name: str, spec: dict[str, Any], app: str) -> None:
    api.create(f"/api/v1/namespaces/{namespace}/pods", pod_body(name, spec, app)).must()


def pod_body(name: str, spec: dict[str, Any], app: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"app": app}}, "spec": {"terminationGracePeriodSeconds": 0, **spec}}


async def placed(cluster: Cluster, namespace: str, name: str) -> Placement:
    source = KubernetesCluster(ClusterTarget(str(cluster.kubeconfig())))
    try:
        return placement(await source.scheduling(pod(replica_set(deployment(namespace=namespace)), name)))
    finally:
        await source.aclose()


def verdict(api: Api, namespace: str, others: bool) -> tuple[Fit, str]:
    """What the scheduler has made of the next pod."""
    pods = {pod["metadata"]["name"]: pod for pod in api.get(f"/api/v1/namespaces/{namespace}/pods").ok["items"]}
    said: dict[str, Any] = next((each for each in pods["next"]["status"].get("conditions", ()) if each["type"] == "PodScheduled"), {})
    if others and "other-0" not in pods:
        return Fit.PREEMPTS, ""
    if pods["next"]["spec"].get("nodeName"):
        return Fit.FITS, ""
    return Fit.NO_ROOM, said.get("message", "").partition(". ")[0]
