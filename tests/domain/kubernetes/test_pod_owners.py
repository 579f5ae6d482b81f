"""Which pods are whose."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.kubernetes.pod_owners import deployments_of_pods, pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Fleet
from tests.domain.links.templates import container, deployment, pod, replica_set, template

TEMPLATE = template(container(env={"MODEL_URI": "models:/iris/7"}))


def test_pods_are_found_over_the_sets_of_their_deployment() -> None:
    iris, wine = deployment("iris", TEMPLATE), deployment("wine", TEMPLATE, uid="w")
    old, new, other = replica_set(iris, 1), replica_set(iris, 2, template()), replica_set(wine)
    pods = (pod(old, "a"), pod(other, "b"), pod(new, "c"))
    found = pods_by_deployment(Fleet((iris, wine), (old, new, other), pods))
    assert found == {"serving/iris": [pods[0], pods[2]], "serving/wine": [pods[1]]}


def test_a_pod_without_an_owner_is_nobodys_where_the_sets_can_be_read() -> None:
    iris = deployment("iris", TEMPLATE, selector={"app": "iris"})
    lonely = replace(pod(replica_set(iris), "lonely"), owner_uid=None)
    assert pods_by_deployment(Fleet((iris,), (replica_set(iris),), (lonely,))) == {"serving/iris": []}


def test_a_selector_takes_pods_of_its_own_namespace_only() -> None:
    iris = deployment("iris", TEMPLATE, selector={"app": "iris"})
    away = replace(pod(replica_set(iris), "away"), namespace="elsewhere")
    assert pods_by_deployment(Fleet((iris,), (), (away,))) == {"serving/iris": []}


def test_the_deployment_of_each_pod() -> None:
    iris = deployment("iris", TEMPLATE)
    sets = (replica_set(iris, 1), replica_set(iris, 2, template()))
    pods = (pod(sets[0], "a"), pod(sets[1], "b"))
    assert deployments_of_pods(Fleet((iris,), sets, pods)) == {"serving/a": "serving/iris", "serving/b": "serving/iris"}


def test_pods_are_taken_by_selector_only_by_a_deployment_that_has_one_and_whose_sets_cannot_be_read() -> None:
    read, hidden = deployment("read", TEMPLATE, selector={"app": "iris"}), deployment("hidden", TEMPLATE, selector={"app": "iris"})
    of_all = deployment("all", TEMPLATE, selector={})
    mine, orphan = pod(replica_set(read), "mine"), pod(replica_set(hidden), "orphan")
    found = pods_by_deployment(Fleet((of_all, read, hidden), (replica_set(read),), (mine, orphan)))
    assert found == {"serving/all": [], "serving/read": [mine], "serving/hidden": [orphan]}
    assert pods_by_deployment(Fleet((of_all, read), (replica_set(read),), (mine, orphan))) == {"serving/all": [], "serving/read": [mine]}


def test_a_pod_of_somebody_elses_set_is_nobodys_whatever_its_labels() -> None:
    hidden = deployment("hidden", TEMPLATE, selector={"app": "iris"})
    others = replica_set(deployment("gone", TEMPLATE))
    assert pods_by_deployment(Fleet((hidden,), (others,), (pod(others, "theirs"),))) == {"serving/hidden": []}
