"""Which ReplicaSets serve, told by the names of their pods."""

from __future__ import annotations

from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.operations.common.replicasets import serving_sets
from tests.domain.links.templates import deployment, pod, replica_set


def named(name: str, *, terminating: bool = False, phase: str = "Running") -> Pod:
    return pod(replica_set(deployment()), name, terminating=terminating, phase=phase)


def test_a_set_is_its_pods_name_without_the_five_characters() -> None:
    assert serving_sets([named("iris-7d9f8b6c5-abcde")]) == ("iris-7d9f8b6c5",)
    assert serving_sets([]) == ()


def test_each_is_named_once_in_the_order_in_which_they_come() -> None:
    assert serving_sets(map(named, ("iris-2-aaaaa", "iris-1-bbbbb", "iris-2-ccccc"))) == ("iris-2", "iris-1")


def test_a_set_whose_pods_have_ended_or_are_about_to_does_not_serve() -> None:
    evicted, leaving = named("iris-1-aaaaa", phase="Failed"), named("iris-2-bbbbb", terminating=True)
    assert evicted.ended
    assert not leaving.ended
    assert serving_sets([evicted, leaving, named("iris-3-ccccc")]) == ("iris-3",)
    assert serving_sets([evicted, named("iris-1-ddddd")]) == ("iris-1",), "another pod of it serves"
