"""Alerts for people."""

from __future__ import annotations

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.gates.formatting import span


def alert_words(alert: Alert, now: float) -> str:
    """`HighErrors (page) fires since 12 min: too many requests fail`. Each part has a bound; what instructs a terminal may be in it."""
    severity = f" ({alert.severity[:20]})" if alert.severity else ""
    state = "fires" if alert.firing else "is pending"
    since = f" since {span(max(0.0, now - alert.since))}" if alert.since is not None else ""
    silenced = ", silenced" if alert.silenced else ""
    summary = f": {alert.summary[:120]}" if alert.summary else ""
    return f"{alert.name[:80] or 'an alert without a name'}{severity} {state}{since}{silenced}{summary}"
