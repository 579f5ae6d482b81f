"""Alertmanager's JSON answers, and how they become the domain's values."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.alerts.silence import Silence, SilenceMatcher
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


class MatcherEntry(msgspec.Struct, gc=False):
    name: str
    value: str
    isRegex: bool = False
    isEqual: bool = True


class SilenceStatus(msgspec.Struct, gc=False):
    state: str = ""


class SilenceEntry(msgspec.Struct, gc=False):
    id: str
    status: SilenceStatus
    matchers: list[MatcherEntry]
    startsAt: str = ""
    endsAt: str = ""
    createdBy: str = ""
    comment: str = ""


class SilenceMade(msgspec.Struct, gc=False):
    silenceID: str


def silence_of(entry: SilenceEntry) -> Silence:
    matchers = tuple(SilenceMatcher(one.name, one.value, one.isRegex, one.isEqual) for one in entry.matchers)
    starts, ends = seconds_of(entry.startsAt) or 0.0, seconds_of(entry.endsAt) or 0.0
    return Silence(matchers, starts, ends, entry.createdBy, entry.comment, entry.id)


def silence_to_json(silence: Silence) -> dict[str, object]:
    return {
        "matchers": [{"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": one.is_equal} for one in silence.matchers],
        "startsAt": datetime.fromtimestamp(silence.starts, UTC).isoformat(),
        "endsAt": datetime.fromtimestamp(silence.ends, UTC).isoformat(),
        "createdBy": silence.creator,
        "comment": silence.comment,
    }
