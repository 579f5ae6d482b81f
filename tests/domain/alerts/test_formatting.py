"""Alerts for people."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.alerts.formatting import alert_words

NOW = 1000.0
FIRING = Alert("HighErrors", AlertState.FIRING, {"severity": "page"}, 400.0, "too many fail")


def test_words() -> None:
    assert alert_words(FIRING, NOW) == "HighErrors (page) fires since 10 min: too many fail"
    assert alert_words(replace(FIRING, since=None, summary="", silenced=True), NOW) == "HighErrors (page) fires, silenced"
    assert alert_words(Alert("", AlertState.PENDING, {}, NOW + 5), NOW) == "an alert without a name is pending since 1 s"


def test_no_part_is_longer_than_people_read() -> None:
    assert len(alert_words(Alert("n" * 10_000, AlertState.FIRING, {"severity": "s" * 10_000}, 0.0, "t" * 10_000), NOW)) < 300
