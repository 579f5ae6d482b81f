"""Which of Kubernetes' Events are told, and how often."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, Reach
from modeldeck.domain.changes.cluster_events import told_events, with_steps
from modeldeck.domain.kubernetes.workloads import Event
from tests.support.changes import T, event

ROLLOUT = ChangeEvent(ChangeKind.ROLLOUT, T - 120, "deployment serving/iris", "revision 2", "ReplicaSet")


def told(*events: Event, explained: tuple[ChangeEvent, ...] = ()) -> list[ChangeEvent]:
    return list(told_events(events, explained, 600.0))


def test_a_warning_of_several_pods_is_told_once() -> None:
    (found,) = told(event("Unhealthy", "timeout", since=T - 300, count=4), event("Unhealthy", "refused", name="iris-b-2", at=T - 20))
    assert (found.kind, found.at, found.until) == (ChangeKind.POD, T - 300, T - 20)
    assert (found.subject, found.what, found.source) == ("2 pods", "Unhealthy (5 times): refused", "Event of kubelet")
    assert found.details == ("iris-b-1: timeout", "iris-b-2: refused")


def test_everyday_events_ours_and_those_without_a_time_are_not() -> None:
    assert told(event("Pulled", type="Normal"), event("PromotionDone", source="modeldeck"), event("Unhealthy", at=None)) == []


def test_events_of_a_node() -> None:
    (found,) = told(event("NodeNotReady", "Node n1 status is now: NodeNotReady", kind="Node", name="n1", type="Normal"))
    assert (found.kind, found.reach, found.subject) == (ChangeKind.NODE, Reach.NODE, "node n1")


def test_an_autoscalers_decisions_are_told_one_by_one() -> None:
    decisions = [event("SuccessfulRescale", f"New size: {n}", kind="HorizontalPodAutoscaler", name="iris", type="Normal") for n in (3, 5)]
    assert [(one.kind, one.subject) for one in told(*decisions)] == [(ChangeKind.SCALE, "autoscaler iris")] * 2


def test_the_steps_of_a_rollout_are_its_own() -> None:
    steps = [event("ScalingReplicaSet", "Scaled up", kind="Deployment", name="iris", type="Normal"), event("Killing", type="Normal")]
    assert told(*steps, explained=(ROLLOUT,)) == []
    assert [one.kind for one in told(*steps)] == [ChangeKind.SCALE, ChangeKind.POD]


def test_trouble_in_a_rollout_is_told_all_the_same() -> None:
    assert len(told(event("Unhealthy"), explained=(ROLLOUT,))) == 1


def test_the_steps_of_a_rollout_stand_in_its_details() -> None:
    def step(message: str, at: float) -> Event:
        return event("ScalingReplicaSet", message, kind="Deployment", name="iris", at=at)

    older = replace(ROLLOUT, at=T - 400)
    steps = [step("Scaled down to 1", T), step("Scaled up to 2", T - 118), step("long ago", T - 4000), event("Unhealthy")]
    first, second = with_steps((older, ROLLOUT), steps, 600.0)
    assert first == older
    assert second.details == ("Scaled up to 2, 2 s after its begin", "Scaled down to 1, 2 min after its begin")
