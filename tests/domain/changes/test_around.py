"""Configuration, nodes and neighbours."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.changes.around import config_changes, neighbours, node_changes
from modeldeck.domain.changes.change_event import ChangeKind, Reach
from modeldeck.domain.kubernetes.surroundings import ClusterNode, ConfigObject, FieldWrite
from modeldeck.domain.kubernetes.workloads import Condition
from tests.support.changes import DEPLOYMENT, FLEET, PODS, T, pod, replica_set

SETTINGS = ConfigObject("ConfigMap", "settings", "77", T - 9e4, (FieldWrite("kubectl-edit", T - 110),))


def test_who_wrote_the_configuration_and_whom_it_reaches() -> None:
    (found,) = config_changes([SETTINGS], PODS)
    assert (found.kind, found.subject, found.what, found.at) == (
        ChangeKind.CONFIG,
        "ConfigMap settings",
        "written by kubectl-edit",
        T - 110,
    )
    assert found.details == (
        "taken as environment when a pod starts: 1 of 2 pods that run now started before it",
        "resourceVersion 77",
    )
    (mounted,) = config_changes([replace(SETTINGS, as_files=True)], PODS)
    assert mounted.details[0] == "mounted as files: running pods see it within minutes, unless by subPath"


def test_its_first_write_made_it() -> None:
    (found,) = config_changes([ConfigObject("Secret", "key", "1", T, (FieldWrite("", T),))], ())
    assert found.what == "created by somebody"


def node(*conditions: Condition, **changed: object) -> ClusterNode:
    return replace(ClusterNode("n1", T - 9e4, conditions=conditions), **changed)  # type: ignore[arg-type]


def test_conditions_of_nodes() -> None:
    conditions = (
        Condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", T - 60),
        Condition("MemoryPressure", "True", "KubeletHasInsufficientMemory", "", T - 61),
        Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "", T - 62),
        Condition("PIDPressure", "False", "KubeletHasSufficientPID", "", None),
    )
    found = list(node_changes([node(*conditions)]))
    assert [one.what for one in found] == [
        "is not Ready: NodeStatusUnknown",
        "has MemoryPressure: KubeletHasInsufficientMemory",
        "DiskPressure is over",
    ]
    assert {(one.kind, one.reach, one.subject) for one in found} == {(ChangeKind.NODE, Reach.NODE, "node n1")}
    assert found[0].details == ("Kubelet stopped posting node status.",)


def test_what_a_new_node_says_first_is_no_change() -> None:
    ready = Condition("Ready", "True", "KubeletReady", "", T - 100)
    assert not list(node_changes([node(ready, created_at=T - 130)]))
    assert [one.what for one in node_changes([node(ready)])] == ["is Ready again"]


def test_a_cordoned_one_takes_no_new_pods() -> None:
    (found,) = node_changes([node(unschedulable=True, cordoned_at=T - 5)])
    assert (found.what, found.at) == ("cordoned: no new pods", T - 5)
    assert not list(node_changes([node(cordoned_at=T - 5), node(unschedulable=True)]))


def test_neighbours_are_in_the_namespace_or_on_the_nodes() -> None:
    here = replace(DEPLOYMENT, name="wine", uid="w")
    there, far = (replace(DEPLOYMENT, namespace="other", name=name, uid=name) for name in ("shop", "blog"))
    sets = (
        replica_set("w1", 4, T - 30, owner="w"),
        *(replica_set(f"{name}1", 2, T, owner=name, namespace="other") for name in ("shop", "blog")),
    )
    pods = (pod("shop-1", owner="shop1", node="n2"), pod("blog-1", owner="blog1", node="n9"))
    fleet = replace(FLEET, deployments=(DEPLOYMENT, here, there, far), replica_sets=(*FLEET.replica_sets, *sets), pods=(*PODS, *pods))
    found = list(neighbours(fleet, DEPLOYMENT, PODS))
    assert [(one.subject, one.what, one.at, one.reach) for one in found] == [
        ("deployment serving/wine", "revision 4", T - 30, Reach.NEIGHBOUR),
        ("deployment other/shop", "revision 2, on node n2 as well", T, Reach.NEIGHBOUR),
    ]
