"""What happened around a moment, as lines and cells: when in relation to it, what kind, to whom, and what."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, Changes, Reach
from modeldeck.domain.gates.formatting import span
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line, Role

_MOMENT = 1.0
# Seconds, to which Kubernetes cuts its times.
_ROLES: Mapping[ChangeKind, Role] = {
    ChangeKind.PROMOTION: "version",
    ChangeKind.ROLLBACK: "version",
    ChangeKind.VERSION: "version",
    ChangeKind.CRASH: "bad",
    ChangeKind.OUTLIER: "warn",
    ChangeKind.NODE: "warn",
    ChangeKind.ALERT: "warn",
}


def when(event: ChangeEvent, moment: float) -> str:
    """`2 min before`, `since 9 min before` of what was under way, `at the moment`, `40 s after`."""
    before = moment - event.at
    if abs(before) < _MOMENT:
        return "at the moment"
    if before < 0:
        return f"{span(-before)} after"
    under_way = event.until is not None and event.until >= moment
    return f"{'since ' if under_way else ''}{span(before)} before"


def kind_cell(event: ChangeEvent) -> Cell:
    return Cell(event.kind, _ROLES.get(event.kind, "") if event.reach is not Reach.NEIGHBOUR else "muted")


def head(changes: Changes, clock_text: str) -> Line:
    """What was asked: the moment, and which line jumped then."""
    asked = changes.asked
    jump: Line = (Cell(asked.jump, "strong"), Cell(" at ", "muted")) if asked.jump else (Cell("around ", "muted"),)
    return (*jump, Cell(clock_text, "strong"), Cell(f", and {numbers.duration(asked.window)} before", "muted"))


def detail_lines(event: ChangeEvent) -> tuple[Line, ...]:
    """The selected one in full: its words are longer than a column."""
    source: Line = (Cell(event.subject, "strong"), Cell(f"  {event.what}"), Cell(f"  · {event.source}", "muted"))
    return (source, *((Cell(f"  {text}", "muted"),) for text in event.details))


def not_known_lines(changes: Changes, most: int) -> tuple[Line, ...]:
    """What could not be looked at, at most so many lines."""
    texts = changes.not_known
    if len(texts) > most:
        texts = (*texts[: most - 1], f"and {len(texts) - most + 1} more that could not be looked at")
    return tuple((Cell("? ", "warn"), Cell(text, "muted")) for text in texts)
