"""Objectives for people."""

from __future__ import annotations

from collections.abc import Iterator

from modeldeck.domain.gates.formatting import shown, span
from modeldeck.domain.objectives.burn import Budget, Standing, least_requests
from modeldeck.domain.objectives.objective import Indicator, Objective
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus


def length(seconds: float) -> str:
    """`30d`, `6h`, `5m`."""
    unit, size = next(((unit, size) for unit, size in (("d", 86400), ("h", 3600)) if seconds >= size), ("m", 60))
    return f"{seconds / size:g}{unit}"


def promise(objective: Objective, indicator: Indicator) -> str:
    """`availability 99.9 %, 30d`."""
    latency = objective.latency
    what = f" < {shown(latency.below, 's')}" if indicator is Indicator.LATENCY and latency is not None else ""
    return f"{indicator.value}{what} {objective.targets[indicator] * 100:g} %, {length(objective.window)}"


def left(budget: Budget) -> str:
    """`75.2 % to 78.0 %`; with `?` where the requests do not suffice."""
    if budget.left is None:
        return "–"
    most = f"{budget.left * 100:.1f} %"
    doubt = " ?" if budget.standing is Standing.INSUFFICIENT else ""
    if budget.left_at_least is None:
        return f"at most {most}{doubt}"
    least = f"{budget.left_at_least * 100:.1f} %"
    return f"{most if least == most else f'{least} to {most}'}{doubt}"


def notes_of(status: ObjectiveStatus) -> Iterator[str]:
    """What the figures do not say."""
    if status.at is not None and not status.covers_all:
        window = length(status.objective.window)
        of = f"of {span(status.covered)}" if status.covered is not None else "nobody knows of how much"
        yield f"{status.key}: Prometheus has no data of all {window}: the budget is that {of}"
    for one in status.indicators:
        name = f"{status.key} {one.indicator.value}"
        if one.not_known:
            yield f"{name}: not known: {one.not_known}"
        yield from (f"{name}: {note}" for note in (*_doubts(one), *one.notes))


def _doubts(one: IndicatorStatus) -> Iterator[str]:
    count = one.budget.count
    if one.budget.standing is not Standing.INSUFFICIENT or count is None:
        return
    if count.requests < least_requests(1 - one.target):
        yield f"{count.requests:.0f} requests, {count.bad:.0f} of them bad, are too few to tell"
    if count.partial:
        yield "data are missing or doubtful, so that nothing is well for sure"
