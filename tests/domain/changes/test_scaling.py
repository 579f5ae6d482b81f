"""One scaling, however many tell of it."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.domain.changes.scaling import NEAR, autoscalings, once, scale_writes, untimed_scalings
from modeldeck.domain.kubernetes.surroundings import HorizontalScaling
from modeldeck.domain.kubernetes.workloads import FieldOwner
from tests.support.changes import DEPLOYMENT, T


def owner(at: float | None, *, template: bool = False, replicas: bool = True) -> FieldOwner:
    return FieldOwner("kubectl", "Update", at, template, replicas, "scale")


def test_who_wrote_the_count_and_nothing_else() -> None:
    owners = (owner(T), owner(T + 1, template=True), owner(T + 2, replicas=False), owner(None))
    (found,) = scale_writes(replace(DEPLOYMENT, owners=owners, desired=5))
    assert (found.kind, found.at, found.what) == (ChangeKind.SCALE, T, "kubectl set the count of pods (5 now)")


def test_an_autoscalers_last_time() -> None:
    (found,) = autoscalings([HorizontalScaling("iris", T, 2, 5), HorizontalScaling("never", None, 2, 2)])
    assert (found.subject, found.at, found.what) == ("autoscaler iris", T, "scaled the deployment, to 5 pods as of now")


def test_tellings_of_one_moment_become_one() -> None:
    first = ChangeEvent(ChangeKind.SCALE, T, "autoscaler iris", "New size: 5", "Event")
    second = ChangeEvent(ChangeKind.SCALE, T + NEAR, "deployment iris", "Scaled up", "Event")
    third = ChangeEvent(ChangeKind.SCALE, T + 2 * NEAR, "deployment iris", "Scaled down", "Event")
    told, later = once([first, second, third])
    assert (told.subject, told.details) == ("autoscaler iris", ("deployment iris: Scaled up",))
    assert later == third


def test_a_write_without_a_time_is_told_as_not_known() -> None:
    found = untimed_scalings(replace(DEPLOYMENT, owners=(owner(None), owner(T), owner(None, replicas=False))))
    assert list(found) == ["when kubectl set the count of pods: Kubernetes keeps no time of it"]
