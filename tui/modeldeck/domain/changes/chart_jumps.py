"""Which of a deployment's charts jumped."""

from __future__ import annotations

from modeldeck.domain.changes.change_event import ChangeQuestion
from modeldeck.domain.changes.jump import Jump, find_jump
from modeldeck.domain.gates.formatting import shown
from modeldeck.domain.metrics.measured import ChartPoints

LEAST_ERRORS = 0.01
"""Of all requests: below that a jump of the errors is nobody's concern."""


def question_about(points: ChartPoints, window: float) -> ChangeQuestion | None:
    """About the most prominent jump of latency or errors; of the requests only where these have none. None: no line jumps."""
    hurts = (
        ("p99", find_jump(points.p99), "s"),
        ("p50", find_jump(points.p50), "s"),
        ("errors", find_jump(points.error_ratio, least=LEAST_ERRORS), "ratio"),
    )
    found = [(name, jump, unit) for name, jump, unit in hurts if jump is not None]
    if not found:
        jump = find_jump(points.requests)
        return None if jump is None else _question("requests", jump, "/s", window)
    return _question(*max(found, key=lambda one: (one[1].noises, one[1].at)), window)


def _question(name: str, jump: Jump, unit: str, window: float) -> ChangeQuestion:
    return ChangeQuestion(jump.at, window, jump.since, f"{name} {shown(jump.before, unit)} → {shown(jump.after, unit)}")
