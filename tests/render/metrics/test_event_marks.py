"""What happened, as marks on the charts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.render.metrics.event_marks import MOST, SIGNS, event_marks

ALERT = ChangeEvent(ChangeKind.ALERT, 150.0, "alert Errors", "fires", "active alerts")
CRASH = ChangeEvent(ChangeKind.CRASH, 110.0, "pod a", "OOMKilled", "pod status")
SCALE = ChangeEvent(ChangeKind.SCALE, 130.0, "deployment serving/iris", "kubectl set the count of pods (3 now)", "managedFields")


def told(*events: ChangeEvent) -> list[tuple[float, str]]:
    return [(marker.at, marker.label) for marker in event_marks(events, 100.0, 200.0)]


def test_each_kind_has_its_sign_and_alerts_their_names() -> None:
    assert told(ALERT, CRASH, SCALE) == [(150.0, "!Errors"), (110.0, "↻"), (130.0, "±")]
    assert told(replace(ALERT, subject="alert " + "n" * 99))[0][1] == "!" + "n" * 15 + "…"
    assert told(replace(CRASH, kind=ChangeKind.RESTART)) == [(110.0, "↻")]
    assert told(replace(CRASH, kind=ChangeKind.CONFIG), replace(CRASH, at=99.0), replace(CRASH, at=201.0)) == []


def test_those_close_together_are_one_with_their_number_which_is_never_that_of_pods() -> None:
    late = replace(CRASH, at=112.0, kind=ChangeKind.RESTART)
    assert told(replace(CRASH, at=111.0), CRASH, late) == [(110.0, "↻2"), (112.0, "↻")]
    assert told(ALERT, replace(ALERT, at=151.0)) == [(150.0, "!2")]
    assert told(SCALE, replace(SCALE, at=131.0)) == [(130.0, "±")]


@given(st.lists(st.tuples(st.sampled_from(list(SIGNS)), st.floats(100.0, 200.0))))
def test_they_have_a_bound_and_each_is_counted(given: list[tuple[ChangeKind, float]]) -> None:
    found = event_marks([ChangeEvent(kind, at, "pod x", "", "") for kind, at in given if kind is not ChangeKind.SCALE], 100.0, 200.0)
    assert len(found) <= 2 * (MOST + 1)
    restarts = [marker.label.removeprefix("↻") or "1" for marker in found if marker.label.startswith("↻")]
    assert sum(map(int, restarts)) == sum(kind in (ChangeKind.CRASH, ChangeKind.RESTART) for kind, _ in given)
