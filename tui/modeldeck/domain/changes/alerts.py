"""Alerts that fire, as something that happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind


def alert_events(alerts: Iterable[Alert]) -> Iterator[ChangeEvent]:
    """When each began to hold. Those that are only pending, or whose begin nobody tells, are left out."""
    for alert in alerts:
        if alert.firing and alert.since is not None:
            yield ChangeEvent(ChangeKind.ALERT, alert.since, f"alert {_name(alert)}", _told(alert), "active alerts")


def untimed_alerts(alerts: Iterable[Alert]) -> Iterator[str]:
    """In words: those that fire, and nobody tells since when."""
    for alert in alerts:
        if alert.firing and alert.since is None:
            yield f"since when alert {_name(alert)} fires"


def _name(alert: Alert) -> str:
    return alert.name[:80] or "without a name"


def _told(alert: Alert) -> str:
    severity = f" ({alert.severity[:20]})" if alert.severity else ""
    return f"fires{severity}{', silenced' if alert.silenced else ''}{f': {alert.summary[:120]}' if alert.summary else ''}"
