"""An alert as Prometheus or Alertmanager tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class AlertState(StrEnum):
    FIRING = "firing"
    PENDING = "pending"
    """Its condition holds, and not yet for as long as its rule wants."""


@dataclass(frozen=True, slots=True)
class Alert:
    """`since` in seconds since the epoch. `silenced`: Alertmanager tells nobody of it (a silence, or an inhibition)."""

    name: str
    state: AlertState
    labels: Mapping[str, str]
    since: float | None = None
    summary: str = ""
    silenced: bool = False

    @property
    def firing(self) -> bool:
        return self.state is AlertState.FIRING

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "")


@dataclass(frozen=True, slots=True)
class Alerts:
    """All that are known. `gaps`: in words, what is not known beside them; `left_out`: how many there are too many of."""

    alerts: tuple[Alert, ...] = ()
    gaps: tuple[str, ...] = ()
    left_out: int = 0


def merged(prometheus: Alerts, alertmanager: Alerts) -> Alerts:
    """Those of both, each once: Alertmanager's have the labels of Prometheus' and more (external ones), know of silences, and not of what
    is pending."""
    mine: dict[str, list[Alert]] = {}
    for one in alertmanager.alerts:
        mine.setdefault(one.name, []).append(one)
    found = []
    for alert in prometheus.alerts:
        same = next((one for one in mine.get(alert.name, ()) if alert.firing and alert.labels.items() <= one.labels.items()), None)
        if same is not None:
            mine[alert.name].remove(same)
        found.append(replace(alert, labels=same.labels, silenced=same.silenced) if same is not None else alert)
    others = (one for each in mine.values() for one in each)
    return Alerts((*found, *others), (*prometheus.gaps, *alertmanager.gaps), prometheus.left_out + alertmanager.left_out)
