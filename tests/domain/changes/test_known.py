"""What fleet and alerts tell by themselves."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.changes.change_event import ChangeKind
from modeldeck.domain.changes.known import KnownChanges, known_changes
from modeldeck.domain.kubernetes.workloads import FieldOwner
from tests.support.changes import DEPLOYMENT, FLEET, KEY, PODS, T, container, pod

OOM = container(restarts=1, last_reason="OOMKilled", last_exit_code=137, last_ended_at=T - 30)
SCALED = replace(DEPLOYMENT, owners=(FieldOwner("kubectl", "Update", T - 50, False, True, "scale"),))
BUSY = replace(FLEET, deployments=(SCALED,), pods=(*PODS, pod("iris-b-3", containers=(OOM,)), pod("wine-1", owner="w", containers=(OOM,))))
ALERT = Alert("Errors", AlertState.FIRING, {}, T - 20)


def test_restarts_of_its_own_pods_scaling_and_alerts() -> None:
    assert [(one.kind, one.at) for one in known_changes(KEY, BUSY, (ALERT,))] == [
        (ChangeKind.CRASH, T - 30),
        (ChangeKind.SCALE, T - 50),
        (ChangeKind.ALERT, T - 20),
    ]


def test_what_is_not_known_tells_nothing() -> None:
    assert known_changes(KEY, None, None) == known_changes("serving/nobody", BUSY, None) == known_changes(KEY, FLEET, None) == ()
    assert [one.kind for one in known_changes(KEY, None, (ALERT,))] == [ChangeKind.ALERT]


def test_they_are_found_anew_when_what_they_are_found_in_changes() -> None:
    known, alerts = KnownChanges(KEY), (ALERT,)
    assert known.of(None, None) == ()
    first = known.of(BUSY, alerts)
    assert known.of(BUSY, alerts) is first
    assert len(known.of(BUSY, None)) == 2
    assert len(known.of(FLEET, alerts)) == 1
