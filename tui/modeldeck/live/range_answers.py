"""What was answered of a range is kept, so that only its new end has to be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeldeck.domain.metrics.samples import Matrix, Series

OVERLAP = 120.0
"""Seconds of the known end that are asked for again: samples may come late."""
WHOLE_EVERY = 300.0
"""Seconds after which all of it is asked for again: what came later still, or was repaired."""


@dataclass(frozen=True, slots=True)
class RangeAnswer:
    """The answer to `promql` for every `step` from `start` to `end`; read whole at `whole_at`."""

    promql: str
    start: float
    end: float
    step: float
    answer: Matrix
    whole_at: float

    def ask_from(self, promql: str, start: float, end: float, step: float, now: float) -> float | None:
        """Where to begin to ask, so that with what is known the range is whole; None where nothing known is of use. A doubtful answer
        (with warnings) is of none."""
        same = (promql, step) == (self.promql, self.step) and self.start <= start <= self.end <= end
        if not same or self.answer.warnings or not 0 <= now - self.whole_at < WHOLE_EVERY:
            return None
        known = (self.end - OVERLAP - start) // step * step
        return start + known if known > 0 else None

    def extended(self, newer: Matrix, start: float, since: float, end: float) -> RangeAnswer:
        """The range from `start` on to `end`, of which `newer` answers all from `since` on."""
        known = Matrix(tuple(Series(one.labels, _between(one, start, since)) for one in self.answer.series))
        joined = joined_series(known, newer)
        return RangeAnswer(self.promql, start, end, self.step, joined, self.whole_at)


def joined_series(older: Matrix, newer: Matrix) -> Matrix:
    """Each series with its newer points; those without any point are none."""
    points: dict[tuple[tuple[str, str], ...], tuple[Mapping[str, str], tuple[tuple[float, float], ...]]] = {}
    for one in (*older.series, *newer.series):
        key = tuple(sorted(one.labels.items()))
        points[key] = (one.labels, (*points[key][1], *one.points) if key in points else one.points)
    series = tuple(Series(labels, found) for labels, found in points.values() if found)
    return Matrix(series, (*older.warnings, *newer.warnings))


def _between(one: Series, start: float, end: float) -> tuple[tuple[float, float], ...]:
    return tuple(point for point in one.points if start <= point[0] < end - 1e-3)
