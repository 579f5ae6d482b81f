from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.kubernetes.workloads import Container, Deployment, EnvVar, Fleet, Pod, PodTemplate, ReplicaSet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.status.version_changes import ServingChange, version_changes


def template(version: str) -> PodTemplate:
    return PodTemplate(containers=(Container("model", "image", env=(EnvVar("MODEL_URI", f"models:/iris/{version}"),)),))


DEPLOYMENT = Deployment(
    "serving", "iris", "d", "1", 1, 1, {}, {"deployment.kubernetes.io/revision": "2"}, {}, template("2"), "h", 1, 1, 1, 1, 1, False, (), 0.0
)


def replica_set(uid: str, version: str, revision: int, at: float, owner: str = "d") -> ReplicaSet:
    return ReplicaSet("serving", f"iris-{uid}", uid, owner, revision, "", {}, template(version), 1, 1, 1, at)


def pod(owner: str, at: float) -> Pod:
    return Pod("serving", f"iris-{owner}-x", f"p{owner}", owner, "Running", True, False, "Running", "", "n", "", at, at, template("2"), ())


def test_each_replica_set_of_the_deployment_is_a_change_oldest_first() -> None:
    sets = (replica_set("b", "2", 2, 200.0), replica_set("a", "1", 1, 100.0), replica_set("x", "9", 1, 50.0, owner="other"))
    fleet = Fleet((DEPLOYMENT,), sets, ())
    assert version_changes(fleet, "serving/iris", LinkPatterns()) == (
        ServingChange(100.0, 1, "1", "iris-a"),
        ServingChange(200.0, 2, "2", "iris-b"),
    )


def test_a_replica_set_that_is_used_again_counts_from_its_pods() -> None:
    back = replace(DEPLOYMENT, annotations={"deployment.kubernetes.io/revision": "3"})
    fleet = Fleet((back,), (replica_set("a", "1", 3, 100.0), replica_set("b", "2", 2, 200.0)), (pod("a", 300.0),))
    found = version_changes(fleet, "serving/iris", LinkPatterns())
    assert [(c.at, c.version, c.again) for c in found] == [(200.0, "2", False), (300.0, "1", True)]


def test_changes_of_one_second_are_told_in_the_order_of_their_revisions() -> None:
    fleet = Fleet((DEPLOYMENT,), (replica_set("b", "2", 2, 100.0), replica_set("a", "1", 1, 100.0)), ())
    assert [change.version for change in version_changes(fleet, "serving/iris", LinkPatterns())] == ["1", "2"]


def test_an_unknown_deployment_changed_never() -> None:
    assert version_changes(Fleet((), (), ()), "serving/iris", LinkPatterns()) == ()


def test_only_a_replica_set_of_the_present_revision_is_used_again() -> None:
    """A pod of an older one that came up late is no change: it only took another pod's place."""
    fleet = Fleet((DEPLOYMENT,), (replica_set("a", "1", 1, 100.0), replica_set("b", "2", 2, 200.0)), (pod("a", 150.0), pod("b", 250.0)))
    assert [change.at for change in version_changes(fleet, "serving/iris", LinkPatterns())] == [100.0, 200.0]


def test_a_pod_without_a_creation_time_tells_nothing() -> None:
    back = replace(DEPLOYMENT, annotations={"deployment.kubernetes.io/revision": "3"})
    pods = (replace(pod("a", 0.0), created_at=None), pod("a", 300.0), pod("a", 310.0))
    fleet = Fleet((back,), (replica_set("a", "1", 3, 100.0), replica_set("b", "2", 2, 200.0)), pods)
    assert [change.at for change in version_changes(fleet, "serving/iris", LinkPatterns())] == [200.0, 300.0]


def test_a_replica_set_without_a_time_is_no_change_and_hides_none() -> None:
    sets = (replace(replica_set("x", "9", 3, 0.0), created_at=None), replica_set("a", "1", 1, 100.0), replica_set("b", "2", 2, 200.0))
    assert [change.at for change in version_changes(Fleet((DEPLOYMENT,), sets, ()), "serving/iris", LinkPatterns())] == [100.0, 200.0]


def test_a_template_without_a_reference_is_a_change_to_no_known_version() -> None:
    plain = replace(replica_set("b", "2", 2, 200.0), template=PodTemplate(containers=(Container("model", "image"),)))
    fleet = Fleet((DEPLOYMENT,), (replica_set("a", "1", 1, 100.0), plain), ())
    assert [change.version for change in version_changes(fleet, "serving/iris", LinkPatterns())] == ["1", None]
