"""Alerts of two sources as one."""

from __future__ import annotations

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState, merged

LABELS = {"alertname": "Errors", "pod": "iris-1"}
FIRING = Alert("Errors", AlertState.FIRING, LABELS, 10.0, "too many")
PENDING = Alert("Errors", AlertState.PENDING, {**LABELS, "pod": "iris-2"})
SILENCED = Alert("Errors", AlertState.FIRING, {**LABELS, "cluster": "prod"}, 12.0, "too many", silenced=True)
ELSEWHERE = Alert("Errors", AlertState.FIRING, {**LABELS, "pod": "rose-1"}, 12.0)


def test_what_both_know_is_one_and_may_be_silenced() -> None:
    (found,) = merged(Alerts((FIRING,)), Alerts((SILENCED,))).alerts
    assert (found.since, found.silenced, found.labels) == (10.0, True, SILENCED.labels)


def test_what_only_one_knows_stays() -> None:
    found = merged(Alerts((FIRING, PENDING), ("a",), 1), Alerts((ELSEWHERE,), ("b",), 2))
    assert found == Alerts((FIRING, PENDING, ELSEWHERE), ("a", "b"), 3)


def test_a_pending_alert_is_none_that_alertmanager_knows() -> None:
    same = Alert("Errors", AlertState.FIRING, PENDING.labels)
    assert merged(Alerts((PENDING,)), Alerts((same,))).alerts == (PENDING, same)


def test_one_of_alertmanagers_stands_for_one() -> None:
    assert len(merged(Alerts((FIRING, FIRING)), Alerts((SILENCED,))).alerts) == 2


def test_severity_is_a_label() -> None:
    assert (FIRING.severity, Alert("", AlertState.FIRING, {"severity": "page"}).severity) == ("", "page")
