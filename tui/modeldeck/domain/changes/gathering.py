"""All that is known of a deployment, as what happened around a moment. Times in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from modeldeck.domain.changes.around import config_changes, neighbours, node_changes
from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, ChangeQuestion, Changes
from modeldeck.domain.changes.cluster_events import told_events, with_steps
from modeldeck.domain.changes.pods import crashes, other_images, replacements
from modeldeck.domain.changes.ranking import MOST, ranked
from modeldeck.domain.changes.scaling import autoscalings, once, scale_writes, untimed_scalings
from modeldeck.domain.changes.versions import ROLLING, template_rollouts, version_moves
from modeldeck.domain.kubernetes.surroundings import Surroundings
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, Pod
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.status.version_changes import ServingChange

LATER = 600.0
"""Seconds after the moment that are looked at: what follows tells of the cause, too."""
EVENTS_KEPT = 3600.0
"""Seconds for which an API server keeps Events, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class ChangeSources:
    """What there is to look through."""

    deployment: Deployment
    fleet: Fleet
    serving: tuple[ServingChange, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    """Moves that are about the deployment."""
    surroundings: Surroundings = field(default_factory=Surroundings)
    others: tuple[ChangeEvent, ...] = ()
    """What others found already: alerts, pods that differ from their siblings."""
    not_known: tuple[str, ...] = ()

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The deployment's own."""
        sets = {one.uid for one in self.fleet.replica_sets if one.owner_uid == self.deployment.uid}
        return tuple(pod for pod in self.fleet.pods if pod.owner_uid in sets)


def changes_around(known: ChangeSources, asked: ChangeQuestion, now: float) -> Changes:
    """What happened in the window before the moment and a little after it, the likeliest cause first."""
    begin, end = asked.begin, asked.moment + min(asked.window, LATER)
    events = (one for one in _all(known, asked.moment) if one.end >= begin and one.at <= end)
    found = ranked(events, asked.moment, asked.since)
    return Changes(asked, found[:MOST], (*_not_known(known, begin, now), *_left_out(found)))


def _all(known: ChangeSources, moment: float) -> Iterable[ChangeEvent]:
    deployment, around, pods = known.deployment, known.surroundings, known.pods
    rollouts = template_rollouts(deployment, known.fleet.replica_sets, known.serving, around.templates)
    moves, left = version_moves(deployment.key, known.history, rollouts, moment)
    explained = (*(one for one in moves if one.kind is not ChangeKind.ALIAS), *left)
    told = tuple(told_events(around.events, explained, ROLLING))
    scaled = _scaled(known, told)
    return chain(
        (one for one in moves if one.kind is ChangeKind.ALIAS),
        with_steps(explained, around.events, ROLLING),
        scaled,
        (one for one in told if one.kind is not ChangeKind.SCALE),
        crashes(pods),
        replacements(pods, (*explained, *scaled)),
        other_images(pods),
        config_changes(around.configs, pods),
        node_changes(around.nodes),
        neighbours(known.fleet, deployment, pods),
        known.others,
    )


def _scaled(known: ChangeSources, told: Sequence[ChangeEvent]) -> tuple[ChangeEvent, ...]:
    """An autoscaler's reason tells more than its last time, this more than whose field it is, and that more than the controller's steps."""
    mine = f"deployment {known.deployment.name}"
    events = [one for one in told if one.kind is ChangeKind.SCALE]
    decided = [one for one in events if one.subject != mine]
    steps = [one for one in events if one.subject == mine]
    return once((*decided, *autoscalings(known.surroundings.autoscalers), *scale_writes(known.deployment), *steps))


def _not_known(known: ChangeSources, since: float, now: float) -> tuple[str, ...]:
    old = ("Kubernetes keeps events for an hour unless it is told otherwise: earlier ones may be gone",)
    return (
        *known.fleet.gaps,
        *known.surroundings.not_known,
        *known.not_known,
        *untimed_scalings(known.deployment),
        *(old if since < now - EVENTS_KEPT else ()),
    )


def _left_out(found: Sequence[ChangeEvent]) -> tuple[str, ...]:
    return (f"{len(found) - MOST} less likely ones are not listed",) if len(found) > MOST else ()
