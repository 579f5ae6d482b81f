"""What happened to a deployment as far as fleet and alerts tell it, which are known anyway: nothing is asked."""

from __future__ import annotations

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.changes.alerts import alert_events
from modeldeck.domain.changes.change_event import ChangeEvent
from modeldeck.domain.changes.pods import crashes
from modeldeck.domain.changes.scaling import scale_writes
from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Fleet


def known_changes(key: str, fleet: Fleet | None, alerts: tuple[Alert, ...] | None) -> tuple[ChangeEvent, ...]:
    """The last end of each container that was started again, who set the count of pods, and since when alerts fire. None is not known."""
    deployment = fleet.deployment(key) if fleet is not None else None
    if fleet is None or deployment is None:
        return tuple(alert_events(alerts or ()))
    return (*crashes(pods_by_deployment(fleet)[key]), *scale_writes(deployment), *alert_events(alerts or ()))


class KnownChanges:
    """Of one deployment, found anew only when what they are found in is another: they are painted with every key."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._of: tuple[Fleet | None, tuple[Alert, ...] | None] = (None, None)
        self._found: tuple[ChangeEvent, ...] = ()

    def of(self, fleet: Fleet | None, alerts: tuple[Alert, ...] | None) -> tuple[ChangeEvent, ...]:
        if fleet is not self._of[0] or alerts is not self._of[1]:
            self._of, self._found = (fleet, alerts), known_changes(self._key, fleet, alerts)
        return self._found
