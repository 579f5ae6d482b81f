"""Alertmanager's answers as values."""

from __future__ import annotations

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.sources.alertmanager import wire
from modeldeck.sources.http.decode import decode


def test_alerts() -> None:
    body = b"""[
      {"labels": {"alertname": "Errors", "pod": "a"}, "annotations": {"summary": "too many"}, "startsAt": "1970-01-01T00:00:10Z",
       "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}, "fingerprint": "x", "receivers": []},
      {"labels": {}, "status": {"state": "suppressed"}},
      {"labels": {"alertname": "Odd"}, "annotations": null, "status": {"state": "unprocessed"}}]"""
    first, second, third = wire.alerts_of(decode(body, list[wire.AlertEntry], backend="Alertmanager")).alerts
    assert first == Alert("Errors", AlertState.FIRING, {"alertname": "Errors", "pod": "a"}, 10.0, "too many")
    assert (second.name, second.since, second.silenced) == ("", None, True)
    assert not third.silenced


def test_too_many_are_counted() -> None:
    found = wire.alerts_of([wire.AlertEntry({"alertname": f"{number}"}) for number in range(wire.MOST + 3)])
    assert (len(found.alerts), found.left_out) == (wire.MOST, 3)
