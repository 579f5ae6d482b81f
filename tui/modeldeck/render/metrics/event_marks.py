"""What happened beside changes of version, as marks on the charts: each kind has a sign, so that they are told apart without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.render.charts.chart_data import Marker
from modeldeck.render.text import crop

SIGNS: Mapping[ChangeKind, str] = {ChangeKind.ALERT: "!", ChangeKind.CRASH: "↻", ChangeKind.RESTART: "↻", ChangeKind.SCALE: "±"}
MOST = 60
"""Marks of one kind in a window, about: what is nearer to each other is one."""
_NAME = 16


def event_marks(events: Sequence[ChangeEvent], start: float, end: float) -> tuple[Marker, ...]:
    """`!HighErrors` since when an alert fires, `↻` where a container was started again, `±` where the count of pods was set. Of one kind
    that stand close together the first has their number: `!2`, `↻3`."""
    found: list[Marker] = []
    for sign in dict.fromkeys(SIGNS.values()):
        own = [event for event in events if SIGNS.get(event.kind) == sign and start <= event.at <= end]
        found += (Marker(each[0].at, _label(sign, each), minor=True) for each in _close(own, (end - start) / MOST))
    return tuple(found)


def _close(events: Sequence[ChangeEvent], seconds: float) -> list[list[ChangeEvent]]:
    groups: list[list[ChangeEvent]] = []
    for event in sorted(events, key=lambda event: event.at):
        if groups and event.at - groups[-1][0].at < seconds:
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


def _label(sign: str, events: Sequence[ChangeEvent]) -> str:
    """A number beside `±` would be read as that of pods."""
    if sign == SIGNS[ChangeKind.SCALE]:
        return sign
    if len(events) > 1:
        return f"{sign}{len(events)}"
    name = events[0].subject.removeprefix("alert ") if events[0].kind is ChangeKind.ALERT else ""
    return f"{sign}{crop(name, _NAME)}"
