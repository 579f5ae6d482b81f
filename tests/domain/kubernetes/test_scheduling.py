"""Whether one more pod gets a node. The rules themselves are held against the real scheduler in tests/conformance/kubernetes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.scheduling import (
    AntiAffinity,
    Fit,
    LabelRequirement,
    NodeInfo,
    Placement,
    PodInfo,
    Quota,
    SchedulerSnapshot,
    Taint,
    Toleration,
    placement,
)

GPU = "nvidia.com/gpu"


def node(name: str = "n1", **offered: int) -> NodeInfo:
    return NodeInfo(name, {"cpu": 2000, "pods": 10, **{GPU if key == "gpu" else key: count for key, count in offered.items()}})


def pod(name: str = "first", at: str = "n1", *, gpu: int = 0, cpu: int = 0, **parts: Any) -> PodInfo:
    return PodInfo("serving", name, {"cpu": cpu, GPU: gpu}, node=at, **parts)


def look(*nodes: NodeInfo, of: PodInfo, others: tuple[PodInfo, ...] = (), **parts: Any) -> Placement:
    return placement(SchedulerSnapshot(of, nodes, (of, *others), **parts))


def test_the_only_gpu_is_held_by_the_pod_itself() -> None:
    found = look(node(gpu=1), node("n2"), of=pod(gpu=1), autoscaler="Karpenter")
    assert found == Placement(Fit.NO_ROOM, "0/2 nodes are available: 2 Insufficient nvidia.com/gpu", "Karpenter")
    assert look(node(gpu=2), of=pod(gpu=1)) == Placement(Fit.FITS)


def test_no_nodes() -> None:
    assert look(of=pod()) == Placement(Fit.NO_ROOM, "no nodes available to schedule pods")


def test_a_resource_that_the_pods_own_node_does_not_have_is_counted_by_somebody_else() -> None:
    """By a scheduler's extender, or through resource claims: the scheduler itself would never have put the pod there."""
    found = look(node(), of=pod(gpu=1))
    assert found == Placement(Fit.UNKNOWN, "not decided by who hands out nvidia.com/gpu")
    gone = look(node("n2"), of=pod(gpu=1))
    assert gone.message == "0/1 nodes are available: 1 Insufficient nvidia.com/gpu"


def test_what_is_not_decided_can_only_forbid_more() -> None:
    spread = pod(gpu=1, open=("topology spread", "volumes"))
    assert look(node(gpu=2), of=spread) == Placement(Fit.UNKNOWN, "not decided by topology spread, volumes")
    assert look(node(gpu=1), of=spread).fit is Fit.NO_ROOM
    gap = "the pods of other namespaces, which may not be listed"
    assert look(node(gpu=2), of=pod(gpu=1), gaps=(gap,)) == Placement(Fit.UNKNOWN, f"not decided by {gap}")
    assert look(node(gpu=1), of=pod(gpu=1), gaps=(gap,)).fit is Fit.NO_ROOM


@pytest.mark.parametrize(
    ("hard", "used", "message"),
    [
        ({"pods": "2"}, {"pods": "1"}, ""),
        ({"pods": "2"}, {"pods": "2"}, "2 of 2 pods used"),
        ({"count/pods": "2"}, {"count/pods": "2"}, "2 of 2 count/pods used"),
        ({"requests.nvidia.com/gpu": "1"}, {"requests.nvidia.com/gpu": "1"}, "1 of 1 requests.nvidia.com/gpu used"),
        ({"limits.nvidia.com/gpu": "1"}, {"limits.nvidia.com/gpu": "1"}, ""),
        ({"requests.cpu": "1"}, {"requests.cpu": "500m"}, ""),
        ({"requests.cpu": "1"}, {"requests.cpu": "501m"}, "501m of 1 requests.cpu used"),
        ({"cpu": "1"}, {"cpu": "501m"}, "501m of 1 cpu used"),
        ({"limits.cpu": "2"}, {"limits.cpu": "1500m"}, "1500m of 2 limits.cpu used"),
        ({"requests.memory": "1Gi"}, {"requests.memory": "1Gi"}, ""),
        ({"services": "1"}, {"services": "1"}, ""),
        ({"pods": "2", "cpu": "1"}, {"pods": "2", "cpu": "1"}, "2 of 2 pods used, 1 of 1 cpu used"),
        ({"pods": "0"}, {}, "0 of 0 pods used"),
    ],
)
def test_quotas(hard: dict[str, str], used: dict[str, str], message: str) -> None:
    wanted = pod(gpu=1, cpu=500, limits={"cpu": 1000})
    found = look(node(gpu=9), of=wanted, quotas=(Quota("wide", {"pods": "99"}, {"pods": "1"}), Quota("few", hard, used)))
    assert found == (Placement(Fit.NO_QUOTA, f"quota few: {message}") if message else Placement(Fit.FITS))


def test_priority() -> None:
    low, high = pod("low", gpu=1, priority=1), pod(gpu=1, priority=5)
    assert look(node(gpu=2), of=high, others=(low,)).fit is Fit.PREEMPTS
    assert look(node(gpu=2), of=replace(high, preempts=False), others=(low,)).fit is Fit.NO_ROOM
    assert look(node(gpu=2), of=high, others=(replace(low, priority=5),)).fit is Fit.NO_ROOM
    # What a lower priority holds is not enough.
    assert look(node(gpu=2), of=pod(gpu=2, priority=5), others=(low,)).fit is Fit.NO_ROOM
    # Nor does it help where the node takes no such pod at all.
    closed = replace(node(gpu=2), unschedulable=True)
    assert look(closed, of=high, others=(low,)).fit is Fit.NO_ROOM


def test_anti_affinity_that_is_not_certain() -> None:
    """It is not counted, and keeps "fits" from being said. Of other pods only where it could mean this one."""
    apart = AntiAffinity("kubernetes.io/hostname", (LabelRequirement("app", "In", ("iris",)),), None, certain=False)
    here = replace(node(), labels={"kubernetes.io/hostname": "n1"})
    mine = pod(labels={"app": "iris"}, anti_affinity=(apart,))
    assert look(here, of=mine) == Placement(Fit.UNKNOWN, "not decided by anti-affinity, anti-affinity of other pods")
    other = pod("other", anti_affinity=(apart,))
    assert look(here, of=pod(labels={"app": "iris"}), others=(other,)).message == "not decided by anti-affinity of other pods"
    assert look(here, of=pod(labels={"app": "wine"}), others=(other,)).fit is Fit.FITS


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        (Toleration("gpu", "Exists"), True),
        (Toleration("gpu", value="a100"), True),
        (Toleration("gpu", value="t4"), False),
        (Toleration("cpu", "Exists"), False),
        (Toleration("gpu", "Exists", effect="NoExecute"), False),
        (Toleration("gpu", "Exists", effect="NoSchedule"), True),
        (Toleration(operator="Exists"), True),
        (Toleration("gpu", "Gt", "5"), True),  # a newer operator: taken as tolerated, and told as open
    ],
)
def test_tolerations(toleration: Toleration, tolerated: bool) -> None:
    assert toleration.tolerates(Taint("gpu", "NoSchedule", "a100")) is tolerated


@pytest.mark.parametrize(
    ("requirement", "absent", "a", "seven"),
    [
        (LabelRequirement("x", "In", ("a", "b")), False, True, False),
        (LabelRequirement("x", "NotIn", ("a",)), True, False, True),
        (LabelRequirement("x", "Exists"), False, True, True),
        (LabelRequirement("x", "DoesNotExist"), True, False, False),
        (LabelRequirement("x", "Gt", ("6",)), False, False, True),
        (LabelRequirement("x", "Gt", ("7",)), False, False, False),
        (LabelRequirement("x", "Lt", ("8",)), False, False, True),
        (LabelRequirement("x", "Lt", ("7",)), False, False, False),
        (LabelRequirement("x", "Lt", ()), False, False, False),
        (LabelRequirement("x", "Near"), True, True, True),  # a newer operator: taken as met, as it can only forbid more
    ],
)
def test_requirements(requirement: LabelRequirement, absent: bool, a: bool, seven: bool) -> None:
    assert [requirement.holds(labels) for labels in ({}, {"x": "a"}, {"x": "7"})] == [absent, a, seven]


infos = st.builds(
    lambda at, name, gpu, cpu, priority: pod(name, at, gpu=gpu, cpu=cpu, priority=priority),
    st.sampled_from(["n0", "n1", "n2"]),
    st.text("abc", min_size=1, max_size=3),
    st.integers(0, 3),
    st.integers(0, 1500),
    st.integers(0, 2),
)
offers: st.SearchStrategy[dict[str, int]] = st.builds(dict, gpu=st.integers(0, 4), cpu=st.integers(0, 3000), pods=st.integers(0, 5))
clusters = st.lists(offers, min_size=1, max_size=3).map(lambda found: tuple(node(f"n{at}", **offered) for at, offered in enumerate(found)))


@given(clusters, infos, st.lists(infos, max_size=6), infos)
def test_more_pods_never_make_room_and_more_nodes_never_take_any(
    nodes: tuple[NodeInfo, ...], wanted: PodInfo, others: list[PodInfo], another: PodInfo
) -> None:
    now = look(*nodes, of=wanted, others=tuple(others))
    fuller = look(*nodes, of=wanted, others=(*others, replace(another, priority=9)))
    wider = look(*nodes, node("n9", gpu=9, cpu=9000), of=wanted, others=tuple(others))
    order = [Fit.NO_ROOM, Fit.PREEMPTS, Fit.UNKNOWN, Fit.FITS]
    assert order.index(fuller.fit) <= order.index(now.fit) <= order.index(wider.fit)
    assert wider.fit in (Fit.FITS, Fit.UNKNOWN)


@given(clusters, infos, st.lists(infos, max_size=6))
def test_what_fits_is_really_free_on_a_node(nodes: tuple[NodeInfo, ...], wanted: PodInfo, others: list[PodInfo]) -> None:
    found = look(*nodes, of=wanted, others=tuple(others))
    free = [
        {
            name: has - sum(each.requests.get(name, 0) for each in (wanted, *others) if each.node == one.name)
            for name, has in one.allocatable.items()
        }
        | {"pods": one.allocatable["pods"] - sum(each.node == one.name for each in (wanted, *others))}
        for one in nodes
    ]
    room = any(one["pods"] >= 1 and all(one.get(name, 0) >= count for name, count in wanted.requests.items() if count) for one in free)
    if found.fit is not Fit.UNKNOWN:
        assert (found.fit is Fit.FITS) == room
