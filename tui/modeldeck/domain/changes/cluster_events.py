"""Kubernetes' own Events as what happened: those that tell of trouble or of a decision, told once for all objects of the same kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, Reach
from modeldeck.domain.gates.formatting import span
from modeldeck.domain.kubernetes.annotations import FIELD_MANAGER
from modeldeck.domain.kubernetes.workloads import Event

SCALING = "ScalingReplicaSet"
RESCALED = "SuccessfulRescale"
_STOPPED = "Killing"
_TOLD = frozenset(
    {
        SCALING,
        RESCALED,
        _STOPPED,
        "Evicted",
        "Preempted",
        "TaintManagerEviction",
        "NodeNotReady",
        "NodeReady",
        "NodeNotSchedulable",
        "NodeSchedulable",
        "Rebooted",
        "NodeAllocatableEnforced",
        "RemovingNode",
        "DeletingNode",
        "TriggeredScaleUp",
        "ScaleDown",
    }
)
"""Reasons of events of the type Normal that are no everyday affair. Those of the type Warning are all told."""
_SEVERAL = 5
# Objects that are named in the details.
_STEPS = 10
# Of the last steps that are told.
_NAMES = {"HorizontalPodAutoscaler": "autoscaler"}


def told_events(events: Iterable[Event], explained: Sequence[ChangeEvent], rolling: float) -> Iterator[ChangeEvent]:
    """One for each reason and kind of object. What a rollout or scaling that is `explained` does is told by that: its steps, and that pods
    end, up to `rolling` seconds after its end."""
    groups: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.source == FIELD_MANAGER or event.at is None or not (event.type == "Warning" or event.reason in _TOLD):
            continue
        at = event.at
        if event.reason in (SCALING, _STOPPED) and any(one.at - 5 <= at <= one.end + rolling for one in explained):
            continue
        # What a controller decides is told one by one: each was another decision.
        single = event.message if event.reason in (SCALING, RESCALED) or event.kind == "Node" else ""
        groups[event.kind, event.reason, single].append(event)
    for (kind, reason, _), found in groups.items():
        yield _event(kind, reason, found)


def with_steps(explained: Sequence[ChangeEvent], events: Iterable[Event], rolling: float) -> tuple[ChangeEvent, ...]:
    """The same with the controller's steps in the details of the newest one that had begun: a scaling shortly after a rollout looks like
    one of its steps, and must not be lost."""
    steps: dict[int, list[Event]] = defaultdict(list)
    for event in sorted((one for one in events if one.reason == SCALING), key=lambda one: one.at or 0.0):
        at = event.at or 0.0
        begun = [place for place, one in enumerate(explained) if one.at - 5 <= at <= one.end + rolling]
        if begun:
            steps[max(begun, key=lambda place: explained[place].at)].append(event)
    return tuple(
        replace(one, details=(*one.details, *(_step(event, one) for event in steps[place][-_STEPS:]))) if place in steps else one
        for place, one in enumerate(explained)
    )


def _step(event: Event, begun: ChangeEvent) -> str:
    return f"{event.message}, {span(max(0.0, (event.at or 0.0) - begun.at))} after its begin"


def _event(kind: str, reason: str, found: Sequence[Event]) -> ChangeEvent:
    newest = max(found, key=lambda event: event.at or 0.0)
    names = sorted({event.name for event in found})
    word = _NAMES.get(kind, kind.lower() if kind != "ReplicaSet" else kind)
    count = sum(event.count for event in found)
    times = f" ({count} times)" if count > 1 else ""
    own = ChangeKind.SCALE if reason in (SCALING, RESCALED) or kind == "HorizontalPodAutoscaler" else ChangeKind.POD
    subject = f"{word} {names[0]}" if len(names) == 1 else f"{len(names)} {word}s"
    details = tuple(f"{name}: {next(event.message for event in found if event.name == name)}" for name in names[:_SEVERAL])
    return ChangeEvent(
        ChangeKind.NODE if kind == "Node" else own,
        min(event.since if event.since is not None else event.at or 0.0 for event in found),
        subject,
        f"{reason}{times}: {newest.message}" if newest.message else f"{reason}{times}",
        f"Event of {newest.source}" if newest.source else "Event",
        until=newest.at,
        reach=Reach.NODE if kind == "Node" else Reach.OWN,
        details=details if len(names) > 1 else (),
    )
