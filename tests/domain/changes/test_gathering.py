"""All of it together, the likeliest first."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, ChangeQuestion
from modeldeck.domain.changes.gathering import LATER, ChangeSources, changes_around
from modeldeck.domain.changes.ranking import MOST
from modeldeck.domain.kubernetes.surroundings import ConfigObject, FieldWrite, HorizontalScaling, Surroundings
from modeldeck.domain.kubernetes.workloads import FieldOwner
from modeldeck.domain.status.version_changes import ServingChange
from tests.support.changes import DEPLOYMENT, FLEET, TEMPLATES, T, container, entry, event, pod, replica_set

SERVING = (ServingChange(T - 9e4, 1, "3"), ServingChange(T - 120, 2, "4"))
KNOWN = ChangeSources(DEPLOYMENT, FLEET, SERVING, (), Surroundings(templates=TEMPLATES))
ASKED = ChangeQuestion(T)
ALERT = ChangeEvent(ChangeKind.ALERT, T + 30, "alert HighLatency", "firing", "Prometheus")


def told(known: ChangeSources, window: float = 1800.0, now: float = T + 60) -> list[tuple[str, str]]:
    return [(one.kind.value, one.what) for one in changes_around(known, ChangeQuestion(T, window), now).events]


def test_a_rollout_alone_tells_what_it_changed_and_not_of_its_pods() -> None:
    steps = event("ScalingReplicaSet", "Scaled up", kind="Deployment", name="iris", type="Normal", at=T - 119, since=T - 119)
    known = replace(KNOWN, surroundings=replace(KNOWN.surroundings, events=(steps,)))
    assert told(known) == [("rollout", "revision 2: image of server: iris:3 → iris:4")]


def test_the_promotion_first_then_the_rest_of_that_night() -> None:
    crashed = pod("iris-b-1", containers=(container(restarts=1, last_reason="OOMKilled", last_exit_code=137, last_ended_at=T - 400),))
    config = ConfigObject("ConfigMap", "settings", "7", T - 9e4, (FieldWrite("kubectl", T - 1700),))
    known = replace(
        KNOWN,
        history=(entry(),),
        fleet=replace(FLEET, pods=(crashed, FLEET.pods[1])),
        surroundings=replace(KNOWN.surroundings, configs=(config,)),
        others=(ALERT,),
    )
    assert [kind for kind, _ in told(known)] == ["promotion", "crash", "alert", "config"]


def test_a_scaling_is_told_once_by_who_knows_the_most() -> None:
    decided = event(
        "SuccessfulRescale", "New size: 5", kind="HorizontalPodAutoscaler", name="iris", type="Normal", at=T - 1000, since=T - 1000
    )
    step = event("ScalingReplicaSet", "Scaled up to 5", kind="Deployment", name="iris", type="Normal", at=T - 999, since=T - 999)
    owner = FieldOwner("kube-controller-manager", "Update", T - 1000, False, True, "scale")
    around = Surroundings((step, decided), TEMPLATES, autoscalers=(HorizontalScaling("iris", T - 1000, 5, 5),))
    known = replace(KNOWN, surroundings=around, deployment=replace(DEPLOYMENT, owners=(owner,)), fleet=replace(FLEET, pods=()))
    (scaled,) = [one for one in changes_around(known, ASKED, T).events if one.kind is ChangeKind.SCALE]
    assert (scaled.subject, scaled.what, len(scaled.details)) == ("autoscaler iris", "SuccessfulRescale: New size: 5", 3)
    came = replace(known, fleet=replace(FLEET, pods=(pod("new", T - 990),)))
    assert not [one for one in changes_around(came, ASKED, T).events if one.kind is ChangeKind.POD]


def test_only_the_window_and_a_little_after_it() -> None:
    later = replace(ALERT, at=T + LATER + 1)
    assert told(replace(KNOWN, others=(later, ALERT)), window=100.0, now=T) == [("alert", "firing")]
    long = replace(ALERT, at=T - 9000, until=T - 99)
    assert told(replace(KNOWN, others=(long,)), window=100.0) == [("alert", "firing")]


def test_the_window_is_before_what_was_surely_before_the_jump() -> None:
    known = replace(KNOWN, others=(replace(ALERT, at=T - 4000),))
    seen = [changes_around(known, ChangeQuestion(T, 600.0, since), T).events for since in (None, T - 3500)]
    assert [ALERT.kind in {one.kind for one in events} for events in seen] == [False, True]


def test_what_is_not_known_is_told() -> None:
    known = replace(
        KNOWN,
        fleet=replace(FLEET, gaps=("pods may not be listed",)),
        surroundings=replace(KNOWN.surroundings, not_known=("Secret key may not be read",)),
        not_known=("MLflow does not answer",),
    )
    recent = changes_around(known, ASKED, T + 60).not_known
    assert recent == ("pods may not be listed", "Secret key may not be read", "MLflow does not answer")
    assert "for an hour" in changes_around(known, ASKED, T + 7200).not_known[-1]


def test_of_very_many_the_least_likely_are_counted() -> None:
    many = tuple(replace(ALERT, subject=f"alert {number}") for number in range(MOST + 5))
    found = changes_around(replace(KNOWN, others=many), ASKED, T)
    assert (len(found.events), found.events[0].kind) == (MOST, ChangeKind.ROLLOUT)
    assert found.not_known == ("6 less likely ones are not listed",)


def test_pods_of_others_are_not_its_own() -> None:
    stranger = pod("wine-1", owner="w1", containers=(container(restarts=1, last_exit_code=1, last_ended_at=T),))
    fleet = replace(FLEET, pods=(*FLEET.pods, stranger), replica_sets=(*FLEET.replica_sets, replica_set("w1", 1, T - 9e4, owner="w")))
    assert "crash" not in dict(told(replace(KNOWN, fleet=fleet)))
