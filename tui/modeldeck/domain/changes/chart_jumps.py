"""Which of a deployment's charts jumped."""

from __future__ import annotations

from modeldeck.domain.changes.change_event import ChangeQuestion
from modeldeck.domain.changes.jump import Jump, find_jump
from modeldeck.domain.gates.formatting import shown
from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import Lines

ASKED = frozenset({ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS})
"""Which charts are looked at."""
LEAST_ERRORS = 0.01
"""Of all requests: below that a jump of the errors is nobody's concern."""


def question_about(lines: Lines, window: float) -> ChangeQuestion | None:
    """About the most prominent jump of latency or errors; of the requests only where these have none. None: no line jumps."""
    hurts = [(line, 0.0, "s") for line in lines.get(ChartKind.LATENCY, ())]
    hurts += [(line, LEAST_ERRORS, "ratio") for line in lines.get(ChartKind.ERRORS, ())]
    requests = [(line, 0.0, "/s") for line in lines.get(ChartKind.REQUESTS, ())]
    for found in (hurts, requests):
        jumps = [(line.name, jump, unit) for line, least, unit in found if (jump := find_jump(line.points, least=least)) is not None]
        if jumps:
            return _question(*max(jumps, key=lambda one: (one[1].noises, one[1].at)), window)
    return None


def _question(name: str, jump: Jump, unit: str, window: float) -> ChangeQuestion:
    return ChangeQuestion(jump.at, window, jump.since, f"{name} {shown(jump.before, unit)} → {shown(jump.after, unit)}")
