"""Alertmanager's JSON answers, and how they become the domain's values."""

from __future__ import annotations

import msgspec

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.sources.common.alert_text import seconds_of, summary_of

MOST = 5000
"""Alerts that are taken in."""


class AlertStatus(msgspec.Struct, gc=False):
    state: str = ""


class AlertEntry(msgspec.Struct, gc=False):
    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    startsAt: str = ""
    status: AlertStatus | None = None


def alerts_of(entries: list[AlertEntry]) -> Alerts:
    """All of them fire: Alertmanager hears of no others."""
    found = tuple(
        Alert(
            entry.labels.get("alertname", ""),
            AlertState.FIRING,
            entry.labels,
            seconds_of(entry.startsAt),
            summary_of(entry.annotations),
            silenced=entry.status is not None and entry.status.state == "suppressed",
        )
        for entry in entries[:MOST]
    )
    return Alerts(found, left_out=max(0, len(entries) - MOST))
