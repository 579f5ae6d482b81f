"""The scheduler's filters one at a time: which of them keeps a pod off a node, in whose words, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.scheduling import (
    UNSCHEDULABLE,
    AntiAffinity,
    Fit,
    HostPort,
    LabelRequirement,
    NodeInfo,
    NodeTerm,
    PodInfo,
    Quota,
    Taint,
    Toleration,
)
from tests.domain.kubernetes.test_scheduling import GPU, look, node, pod

CLOSED, TAINTED = "node(s) were unschedulable", "node(s) had untolerated taint(s)"
ELSEWHERE, PORTS = "node(s) didn't match Pod's node affinity/selector", "node(s) didn't have free ports for the requested pod ports"
APART, KEPT_OFF = "node(s) didn't match pod anti-affinity rules", "node(s) didn't satisfy existing pods anti-affinity rules"
ZONE = "topology.kubernetes.io/zone"


def why(of: PodInfo, *nodes: NodeInfo, others: tuple[PodInfo, ...] = ()) -> str:
    """What the scheduler would say; "" where the pod fits."""
    found = look(*nodes, of=of, others=others)
    assert found.fit in (Fit.FITS, Fit.NO_ROOM)
    return found.message.removeprefix(f"0/{len(nodes)} nodes are available: 1 ")


def test_a_cordoned_node_takes_only_who_tolerates_it() -> None:
    cordoned = replace(node(), unschedulable=True)
    assert why(pod(), cordoned) == CLOSED
    assert why(pod(tolerations=(Toleration(UNSCHEDULABLE.key, "Exists"),)), cordoned) == ""


@pytest.mark.parametrize(("effect", "refused"), [("NoSchedule", True), ("NoExecute", True), ("PreferNoSchedule", False)])
def test_a_taint_repels_where_it_does_not_only_prefer(effect: str, refused: bool) -> None:
    tainted = replace(node(), taints=(Taint("other", "PreferNoSchedule"), Taint("gpu", effect)))
    assert why(pod(), tainted) == (TAINTED if refused else "")
    assert why(pod(tolerations=(Toleration("gpu", "Exists"),)), tainted) == ""


LABELLED = replace(node(), labels={"disk": "ssd", ZONE: "a"})
SSD, HDD = LabelRequirement("disk", "In", ("ssd",)), LabelRequirement("disk", "In", ("hdd",))


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        ({"node_selector": {"disk": "ssd"}}, True),
        ({"node_selector": {"disk": "ssd", ZONE: "b"}}, False),
        ({"node_selector": {"gpu": ""}}, False),
        ({"node_terms": None}, True),
        ({"node_terms": ()}, False),
        ({"node_terms": (NodeTerm(),)}, False),
        ({"node_terms": (NodeTerm((SSD,)),)}, True),
        ({"node_terms": (NodeTerm((HDD,)), NodeTerm((SSD,)))}, True),
        ({"node_terms": (NodeTerm((SSD, HDD)),)}, False),
        ({"node_terms": (NodeTerm(fields=(LabelRequirement("metadata.name", "In", ("n1",)),)),)}, True),
        ({"node_terms": (NodeTerm(fields=(LabelRequirement("metadata.name", "In", ("n2",)),)),)}, False),
        ({"node_terms": (NodeTerm((SSD,), (LabelRequirement("metadata.name", "In", ("n2",)),)),)}, False),
        ({"node_terms": (NodeTerm((SSD,)),), "node_selector": {ZONE: "b"}}, False),
    ],
)
def test_selectors_and_affinity_of_nodes(wanted: dict[str, Any], takes: bool) -> None:
    assert why(pod(**wanted), LABELLED) == ("" if takes else ELSEWHERE)


@pytest.mark.parametrize(
    ("wanted", "taken", "free"),
    [
        (HostPort(8080), HostPort(8080), False),
        (HostPort(8080), HostPort(8081), True),
        (HostPort(8081), HostPort(8080), True),
        (HostPort(8080, "UDP"), HostPort(8080), True),
        (HostPort(8080, address="10.0.0.2"), HostPort(8080, address="10.0.0.1"), True),
        (HostPort(8080), HostPort(8080, "UDP"), True),
        (HostPort(8080, address="10.0.0.1"), HostPort(8080), False),
        (HostPort(8080), HostPort(8080, address="10.0.0.1"), False),
        (HostPort(8080, address="10.0.0.1"), HostPort(8080, address="10.0.0.2"), True),
        (HostPort(8080, address="10.0.0.1"), HostPort(8080, address="10.0.0.1"), False),
    ],
)
def test_a_port_of_the_host_is_one_pods(wanted: HostPort, taken: HostPort, free: bool) -> None:
    other = pod("other", "n2", host_ports=(taken,))
    assert why(pod(at="n1", host_ports=(wanted,)), node("n2"), others=(other,)) == ("" if free else PORTS)


SERVER = AntiAffinity(ZONE, (LabelRequirement("app", "In", ("iris",)),), frozenset({"serving"}))


@pytest.mark.parametrize(
    ("term", "labels", "namespace", "refused"),
    [
        (SERVER, {"app": "iris"}, "serving", True),
        (SERVER, {"app": "wine"}, "serving", False),
        (SERVER, {"app": "iris"}, "other", False),
        (replace(SERVER, namespaces=None), {"app": "iris"}, "other", True),
        (replace(SERVER, topology_key="rack"), {"app": "iris"}, "serving", False),
    ],
)
def test_anti_affinity_of_both_sides(term: AntiAffinity, labels: dict[str, str], namespace: str, refused: bool) -> None:
    far = replace(LABELLED, name="n2")
    other = replace(pod("other", "n1", labels=labels), namespace=namespace)
    assert why(pod(at="", anti_affinity=(term,)), far, LABELLED, others=(other,)) == (
        f"0/2 nodes are available: 2 {APART}" if refused else ""
    ), "both are in the same zone"
    mine = replace(pod(at="", labels=labels), namespace=namespace)
    theirs = pod("other", "n1", anti_affinity=(term,))
    assert why(mine, far, LABELLED, others=(theirs,)) == (f"0/2 nodes are available: 2 {KEPT_OFF}" if refused else "")
    beyond = replace(far, labels={**far.labels, ZONE: "b", "rack": "2"})
    assert why(pod(at="", anti_affinity=(term,)), beyond, LABELLED, others=(other,)) == ""


def test_the_first_filter_that_says_no_is_told_and_every_resource_that_lacks() -> None:
    full = replace(node(gpu=1, pods=1), unschedulable=True, taints=(Taint("x", "NoSchedule"),))
    wanted = pod(gpu=1, cpu=1500, host_ports=(HostPort(80),))
    assert why(wanted, full) == CLOSED
    assert why(wanted, replace(full, unschedulable=False)) == TAINTED
    assert why(wanted, node(gpu=1, pods=1)) == PORTS
    found = look(node(gpu=1, pods=1), of=replace(wanted, host_ports=()))
    assert found.message == f"0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient {GPU}, 1 Too many pods"


def test_anti_affinity_is_told_only_where_resources_do_not_lack() -> None:
    apart = pod(labels={"app": "iris"}, anti_affinity=(replace(SERVER, topology_key="disk"),))
    assert why(apart, replace(LABELLED)) == APART, "of both sides its own is told"
    assert why(replace(apart, requests={"cpu": 1500}), LABELLED) == "Insufficient cpu"


@pytest.mark.parametrize(("cpu", "fits"), [(1000, True), (1001, False), (0, True)])
def test_a_resource_is_enough_to_the_last_unit(cpu: int, fits: bool) -> None:
    assert (look(node(), of=pod(cpu=cpu)).fit is Fit.FITS) is fits


@pytest.mark.parametrize(("most", "fits"), [(2, True), (1, False)])
def test_a_node_takes_so_many_pods(most: int, fits: bool) -> None:
    assert (look(node(pods=most), of=pod()).fit is Fit.FITS) is fits
    nothing = NodeInfo("n2", {})
    assert look(nothing, of=pod(at="")).message == "0/1 nodes are available: 1 Too many pods"


def test_reasons_are_summed_up_over_nodes() -> None:
    nodes = (node("n1", gpu=1), node("n2", gpu=0), replace(node("n3", gpu=1), unschedulable=True))
    assert look(*nodes, of=pod(gpu=1)).message == f"0/3 nodes are available: 1 {CLOSED}, 2 Insufficient {GPU}"


def test_room_is_made_of_lower_priorities_where_ports_and_the_rest_suffice_then() -> None:
    low = pod("low", "n1", priority=1, host_ports=(HostPort(80),), cpu=2000)
    high = pod(at="", priority=5, host_ports=(HostPort(80),), cpu=2000)
    assert look(node(), of=replace(high, node="n2"), others=(low,)).fit is Fit.PREEMPTS
    kept = pod("kept", "n1", priority=5, host_ports=(HostPort(80),))
    assert look(node(), of=replace(high, node="n2"), others=(low, kept)).fit is Fit.NO_ROOM
    big = pod("big", "n1", priority=5, cpu=1)
    assert look(node(), of=replace(high, node="n2"), others=(low, big)).fit is Fit.NO_ROOM


def test_a_quota_without_a_readable_figure_refuses_nothing() -> None:
    for hard, used in ({"pods": "many"}, {"pods": "1"}), ({"pods": "1"}, {"pods": "many"}), ({"limits.cpu": "0"}, {}):
        assert look(node(), of=pod(), quotas=(Quota("odd", hard, used),)).fit is Fit.FITS
    assert (
        look(node(), of=pod(limits={"cpu": 1}), quotas=(Quota("none", {"limits.cpu": "0"}, {}),)).message
        == "quota none: 0 of 0 limits.cpu used"
    )
