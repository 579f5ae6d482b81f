"""What contradicts what at the edges: a row that nothing is known of, the order of times, and the words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.rollout import Cause, RolloutTrouble
from modeldeck.domain.kubernetes.workloads import ContainerKind, Pod
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.links.resolving import Resolved
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.status.disagreements import RowEvidence, disagreements, v
from modeldeck.domain.status.serving_row import Code, LiveVersion
from tests.domain.links.templates import container, deployment, pod, replica_set, state, template

DEPLOYMENT = deployment(of=template(container(env={"MODEL_URI": "models:/iris@champion"})))
POD = pod(replica_set(DEPLOYMENT), "pod-0")


def registered(created_at: float | None = 0.0, status: str = "READY", version: str = "7") -> Registry:
    known = ModelVersion("iris", version, run_id=None, status=status, stage="None", created_at=created_at, source="")
    return Registry((RegisteredModel("iris", {"champion": "7"}),), (known,))


def evidence(**parts: Any) -> RowEvidence:
    """One ready pod whose version nobody told, by an alias that says v7."""
    values: dict[str, Any] = {
        "deployment": DEPLOYMENT,
        "links": (),
        "link": link_of(DEPLOYMENT, LinkPatterns()),
        "spec": Resolved("iris", "7"),
        "alias": "champion",
        "alias_version": "7",
        "live": (LiveVersion(None, 1, 1),),
        "registry": registered(),
        "running": (POD,),
        "versions": {"pod-0": None},
    }
    return RowEvidence(**(values | parts))


def codes(found: RowEvidence) -> list[Code]:
    return [each.code for each in disagreements(found)]


def test_nothing_is_held_against_what_is_not_known() -> None:
    assert codes(evidence()) == []
    assert codes(evidence(registry=None)) == []
    assert codes(evidence(alias_version=None)) == []
    assert codes(evidence(alias_version="8")) == [], "of a version that the registry does not list no time is known"
    assert codes(evidence(spec=Resolved(None, None), registry=registered(200.0))) == []
    assert codes(evidence(link=None, registry=Registry((), ()))) == []


@pytest.mark.parametrize(
    ("created", "started", "moved"),
    [(101.0, 101.0, False), (101.5, 101.0, True), (100.5, 101.0, False), (None, 101.0, False), (0.0, 101.0, False), (200.0, None, False)],
)
def test_a_pod_cannot_serve_what_was_created_after_it_started(created: float | None, started: float | None, moved: bool) -> None:
    found = evidence(registry=registered(created), running=(replace(POD, started_at=started),))
    assert codes(found) == ([Code.ALIAS_MOVED] if moved else [])


def at(*starts: float | None, **parts: Any) -> Pod:
    return replace(POD, containers=tuple(state(f"c{index}", started_at=start, **parts) for index, start in enumerate(starts)))


def test_a_container_that_started_anew_has_asked_again() -> None:
    assert codes(evidence(registry=registered(200.0), running=(at(150.0, 199.0),))) == [Code.ALIAS_MOVED]
    assert codes(evidence(registry=registered(200.0), running=(at(150.0, 201.0),))) == []
    assert codes(evidence(registry=registered(200.0), running=(at(None, None),))) == [Code.ALIAS_MOVED], "then the pod's own start counts"
    debugged = at(250.0, kind=ContainerKind.EPHEMERAL)
    assert codes(evidence(registry=registered(200.0), running=(debugged,))) == [Code.ALIAS_MOVED], "who debugs a pod asks no registry"


def test_a_pod_whose_version_is_known_is_not_judged_by_times() -> None:
    found = evidence(registry=registered(200.0), versions={"pod-0": "7"}, live=(LiveVersion("7", 1, 1),))
    assert codes(found) == []


@pytest.mark.parametrize(("desired", "ready", "live", "serves"), [(2, 0, 0, False), (0, 0, 0, True), (2, 1, 0, True), (2, 0, 1, True)])
def test_no_pod_is_ready_where_neither_the_count_nor_any_pod_says_so(desired: int, ready: int, live: int, serves: bool) -> None:
    found = evidence(deployment=replace(DEPLOYMENT, desired=desired, ready=ready), live=(LiveVersion(None, 1, live),))
    assert codes(found) == ([] if serves else [Code.NOT_SERVING])
    if not serves:
        told = disagreements(found, RolloutTrouble("pod pod-0: OOMKilled", "OOMKilled", Cause.MEMORY))
        assert [each.message for each in (*disagreements(found), *told)] == [
            "no pod of 2 is ready",
            "no pod of 2 is ready: pod pod-0: OOMKilled",
        ]


@pytest.mark.parametrize("status", ["PENDING_REGISTRATION", "FAILED_REGISTRATION", "ZAPPED"])
def test_only_a_version_that_is_ready_is(status: str) -> None:
    (found,) = disagreements(evidence(registry=registered(status=status)))
    assert (found.code, found.message) == (Code.VERSION_NOT_READY, f"v7 of iris is {status}")


def test_what_the_registry_does_not_have_in_words() -> None:
    (model,) = disagreements(evidence(registry=Registry((), ())))
    assert model.message == "the registry has no model iris"
    (version,) = disagreements(evidence(spec=Resolved("iris", "8"), alias_version=None))
    assert version.message == "the registry has no v8 of iris"
    (alias,) = disagreements(evidence(registry=Registry((RegisteredModel("iris", {}),), ()), alias_version=None))
    assert alias.message == "iris has no alias champion: new pods cannot start"


def test_pods_of_several_other_versions_are_counted_together() -> None:
    fixed = deployment(of=template(container(env={"MODEL_URI": "models:/iris/7"})))
    live = (LiveVersion("6", 2, 2), LiveVersion("5", 1, 1), LiveVersion(None, 1, 1), LiveVersion("4", 1, 0))
    found = disagreements(evidence(deployment=fixed, link=link_of(fixed, LinkPatterns()), live=live))
    assert [each.message for each in found] == [
        "the template says v7, 3 ready pods serve v6 and v5",
        "several versions serve at once: v6 on 2, v5 on 1",
    ]
    one = disagreements(evidence(deployment=fixed, link=link_of(fixed, LinkPatterns()), live=(LiveVersion("6", 1, 1),)))
    assert [each.message for each in one] == ["the template says v7, 1 ready pod serves v6"]


def test_the_versions_that_an_alias_left_behind_are_told_in_order() -> None:
    live = (LiveVersion("6", 1, 1), LiveVersion("5", 1, 0), LiveVersion("7", 1, 0), LiveVersion(None, 1, 0))
    (found,) = disagreements(evidence(live=live))
    assert found.message == "alias champion moved to v7 since pods started that serve v5 and v6: restart to follow it"


@pytest.mark.parametrize(("version", "message"), [("7", "v7"), ("main", "main"), (None, "an unknown version")])
def test_a_version_in_words(version: str | None, message: str) -> None:
    assert v(version) == message
