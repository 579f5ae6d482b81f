"""Alerts and objectives of one deployment as lines, the most urgent first."""

from __future__ import annotations

from modeldeck.domain.alerts.formatting import alert_words
from modeldeck.domain.objectives.formatting import left, promise
from modeldeck.domain.objectives.status import Assessment, assessment
from modeldeck.live.service_level import ServiceLevel
from modeldeck.render.cell import Cell, Line, Role

MOST_ALERTS = 2
_URGENT: tuple[Role, ...] = ("bad", "warn", "ok")
_ROLES: dict[Assessment, Role] = {Assessment.OK: "ok", Assessment.SPENT: "bad", Assessment.BURNING: "bad"}


def service_level_lines(level: ServiceLevel, now: float) -> tuple[Line, ...]:
    """At most MOST_ALERTS lines of alerts, one for each promise, and one for what is not known; none where there is nothing to say."""
    lines: list[Line] = []
    alerts = level.alerts or ()
    for place, alert in enumerate(alerts[:MOST_ALERTS], 1):
        more = f"  and {len(alerts) - MOST_ALERTS} more" if place == MOST_ALERTS < len(alerts) else ""
        role: Role = "muted" if alert.silenced else "bad" if alert.firing else "warn"
        lines.append((Cell(f"{'▲' if alert.firing else '△'} {alert_words(alert, now)}", role), Cell(more, "muted")))
    status = level.objective
    for one in status.indicators if status is not None else ():
        assert status is not None
        said = assessment(one)
        why = f": {one.not_known}" if one.not_known else f", {left(one.budget)} of the budget left"
        lines.append((Cell(f"{promise(status.objective, one.indicator)}  ", "muted"), Cell(f"{said.value}{why}", _ROLES.get(said, "warn"))))
    lines += [(Cell(f"! not known: {failure}", "warn"),) for failure in dict.fromkeys(map(str, level.failures))]
    return (*lines, *((Cell(f"! {gap}", "muted"),) for gap in level.gaps))


def service_level_line(level: ServiceLevel, now: float) -> Line:
    """The most urgent of them, with how many more there are; () where there is nothing to say."""
    lines = service_level_lines(level, now)
    if not lines:
        return ()
    worst = min(lines, key=lambda line: min(_urgency(cell.role) for cell in line))
    return (*worst, Cell(f"  +{len(lines) - 1} more", "muted")) if len(lines) > 1 else worst


def _urgency(role: Role) -> int:
    return _URGENT.index(role) if role in _URGENT else len(_URGENT)
