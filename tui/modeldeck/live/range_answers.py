"""What was answered of a range is kept, so that only its new end has to be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from modeldeck.domain.metrics.samples import Matrix, Series

OVERLAP = 120.0
"""Seconds of the known end that are asked for again: samples may come late."""
WHOLE_EVERY = 300.0
"""Seconds after which all of it is asked for again: what came later still, or was repaired."""


@dataclass(frozen=True, slots=True)
class RangeAnswers:
    """Answers to `promql` (by name) for every `step` from `start` to `end`; read whole at `whole_at`."""

    promql: Mapping[str, str]
    start: float
    end: float
    step: float
    answers: Mapping[str, Matrix]
    whole_at: float

    def ask_from(self, promql: Mapping[str, str], start: float, end: float, step: float, now: float) -> float | None:
        """Where to begin to ask, so that with what is known the range is whole; None where nothing known is of use. Doubtful answers
        (with warnings, or of a query that answers several series) are none."""
        same = (promql, step) == (self.promql, self.step) and self.start <= start <= self.end <= end
        plain = all(len(answer.series) <= 1 and not answer.warnings for answer in self.answers.values())
        if not same or not plain or not 0 <= now - self.whole_at < WHOLE_EVERY:
            return None
        known = (self.end - OVERLAP - start) // step * step
        return start + known if known > 0 else None

    def extended(self, newer: Mapping[str, Matrix], start: float, since: float, end: float) -> RangeAnswers:
        """The range from `start` on to `end`, of which `newer` answers all from `since` on."""
        answers = {name: _joined(self.answers[name], newer[name], start, since) for name in self.answers}
        return RangeAnswers(self.promql, start, end, self.step, answers, self.whole_at)


def _joined(older: Matrix, newer: Matrix, start: float, since: float) -> Matrix:
    if len(newer.series) > 1:
        return newer
    points = tuple(point for series in older.series for point in series.points if start <= point[0] < since - 1e-3)
    points = tuple(chain(points, *(series.points for series in newer.series)))
    labels = next((series.labels for series in (*newer.series, *older.series)), {})
    return Matrix((Series(labels, points),) if points else (), newer.warnings)
