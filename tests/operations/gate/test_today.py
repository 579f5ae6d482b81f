"""A deployment as it serves now: its ready pods' ReplicaSets, and the version that its template names."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.kubernetes.workloads import Fleet, Pod
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.operations.gate.target import GateTarget
from modeldeck.operations.gate.today import todays_target
from tests.domain.links.templates import container, deployment, pod, replica_set, template

IRIS = deployment(of=template(container(env={"MODEL_URI": "models:/iris/7"})))
OLD, NEW = replica_set(IRIS, 1), replace(replica_set(IRIS, 2), name="iris-of-another-name")


def fleet(*pods: Pod, sets: bool = True) -> Fleet:
    return Fleet((IRIS,), (OLD, NEW) if sets else (), pods)


def seen(*pods: Pod, sets: bool = True) -> GateTarget:
    return todays_target(IRIS, fleet(*pods, sets=sets))


def test_who_serves_and_what() -> None:
    found = seen(pod(NEW, "iris-2-aaaaa", ip="10.0.0.7"), pod(NEW, "iris-2-bbbbb", ip="10.0.0.8"))
    assert (found.namespace, found.deployment, found.current, found.baseline) == ("serving", "iris", ("iris-of-another-name",), ())
    assert (found.model, found.version) == ("iris", "7")
    assert [(one.pod, one.address) for one in found.addresses] == [
        ("serving/iris-2-aaaaa", "10.0.0.7"),
        ("serving/iris-2-bbbbb", "10.0.0.8"),
    ]


def test_in_a_rollout_both_sets_serve() -> None:
    assert seen(pod(NEW, "iris-2-aaaaa"), pod(OLD, "iris-1-bbbbb"), pod(NEW, "iris-2-ccccc")).current == ("iris-of-another-name", "iris-1")


def test_what_is_not_ready_or_about_to_end_does_not_serve() -> None:
    found = seen(pod(OLD, "iris-1-aaaaa", ready=False), pod(OLD, "iris-1-bbbbb", terminating=True))
    assert (found.current, found.addresses) == ((), ())
    assert (found.model, found.version) == ("iris", "7"), "the template names it nevertheless"


def test_pods_of_others_are_none_of_its_own() -> None:
    other = deployment("wine")
    assert seen(pod(replica_set(other), "wine-1-aaaaa")).current == ()
    assert todays_target(other, fleet(pod(NEW, "iris-2-aaaaa"))).current == (), "of a fleet that does not know it"


def test_where_replica_sets_may_not_be_read_the_pods_names_tell_them() -> None:
    assert seen(pod(NEW, "iris-2-aaaaa"), pod(OLD, "iris-1-bbbbb"), pod(NEW, "iris-2-ccccc"), sets=False).current == ("iris-2", "iris-1")
    alone = pod(NEW, "iris-2-aaaaa", owner_uid=None)
    assert seen(alone, sets=False).current == ("iris-2",)


def test_a_template_that_names_nothing() -> None:
    nameless = deployment()
    found = todays_target(nameless, Fleet((nameless,), (), ()))
    assert (found.model, found.version) == ("", "")


def test_an_alias_names_no_version() -> None:
    by_alias = deployment(of=template(container(env={"MODEL_URI": "models:/iris@champion"})))
    found = todays_target(by_alias, Fleet((by_alias,), (), ()))
    assert (found.model, found.version) == ("iris", "")


def test_the_configuration_may_say_which_reference_serves() -> None:
    env = {"SHADOW_URI": "models:/iris/2", "SERVING_URI": "models:/iris/1"}
    two = deployment(of=template(container(env=env)))
    patterns = LinkPatterns(deployments=(("serving/iris", "server/env/SHADOW_URI"),))
    assert todays_target(two, Fleet((two,), (), ()), patterns).version == "2"
    assert todays_target(two, Fleet((two,), (), ())).version != "2"
