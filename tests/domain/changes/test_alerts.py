"""Alerts that fire, as something that happened."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.changes.alerts import alert_events, untimed_alerts
from modeldeck.domain.changes.change_event import ChangeKind

FIRING = Alert("Errors", AlertState.FIRING, {"severity": "page"}, 400.0, "too many fail")


def test_when_it_began_and_what_it_says() -> None:
    (event,) = alert_events([FIRING])
    assert (event.kind, event.at, event.subject, event.what) == (ChangeKind.ALERT, 400.0, "alert Errors", "fires (page): too many fail")
    (event,) = alert_events([replace(FIRING, silenced=True, summary="", labels={}, name="")])
    assert (event.subject, event.what) == ("alert without a name", "fires, silenced")


def test_what_is_pending_has_not_happened_yet() -> None:
    pending = replace(FIRING, state=AlertState.PENDING)
    assert not [*alert_events([pending]), *untimed_alerts([replace(pending, since=None)])]


def test_one_whose_begin_nobody_tells_is_said_and_stands_at_no_moment() -> None:
    untimed = replace(FIRING, since=None)
    assert list(alert_events([untimed])) == []
    assert list(untimed_alerts([untimed, FIRING])) == ["since when alert Errors fires"]


def test_long_ones_have_a_bound() -> None:
    (event,) = alert_events([replace(FIRING, name="n" * 999, labels={"severity": "s" * 999}, summary="w" * 999)])
    assert len(event.subject) + len(event.what) < 300
