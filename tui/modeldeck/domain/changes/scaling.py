"""Who set how many pods there are, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.domain.kubernetes.surroundings import HorizontalScaling
from modeldeck.domain.kubernetes.workloads import Deployment

NEAR = 30.0
"""Seconds in which a write of the count, an autoscaler's decision and the controller's step are one and the same scaling."""


def scale_writes(deployment: Deployment) -> Iterator[ChangeEvent]:
    """The newest write of the count by each who wrote nothing else of it with it."""
    for owner in deployment.owners:
        if owner.owns_replicas and not owner.owns_template and owner.at is not None:
            what = f"{owner.manager or 'somebody'} set the count of pods ({deployment.desired} now)"
            yield ChangeEvent(ChangeKind.SCALE, owner.at, f"deployment {deployment.key}", what, "managedFields")


def untimed_scalings(deployment: Deployment) -> Iterator[str]:
    """In words: a real API server keeps no time of a write through the subresource, as `kubectl scale` makes it."""
    for owner in deployment.owners:
        if owner.owns_replicas and owner.at is None:
            yield f"when {owner.manager or 'somebody'} set the count of pods: Kubernetes keeps no time of it"


def autoscalings(autoscalers: Iterable[HorizontalScaling]) -> Iterator[ChangeEvent]:
    for one in autoscalers:
        if one.scaled_at is not None:
            what = f"scaled the deployment, to {one.wanted} pods as of now"
            yield ChangeEvent(ChangeKind.SCALE, one.scaled_at, f"autoscaler {one.name}", what, "HorizontalPodAutoscaler status")


def once(events: Iterable[ChangeEvent]) -> tuple[ChangeEvent, ...]:
    """Tellings of one and the same scaling as one. `events`: who tells the most of it first."""
    kept: list[ChangeEvent] = []
    for event in events:
        near = next((place for place, one in enumerate(kept) if event.at <= one.end + NEAR and event.end >= one.at - NEAR), None)
        if near is None:
            kept.append(event)
        else:
            one = kept[near]
            kept[near] = ChangeEvent(
                one.kind, one.at, one.subject, one.what, one.source, one.until, one.reach, (*one.details, f"{event.subject}: {event.what}")
            )
    return tuple(kept)
