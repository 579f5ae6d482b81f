"""Drift step by step: how far what was counted in each step lies from one baseline, and the noise of so few values."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from modeldeck.domain.drift.comparison import MOST_BUCKETS, compare
from modeldeck.domain.gates.measures import Buckets
from modeldeck.domain.metrics.samples import Matrix

LEAST_STEP = 60.0
"""Seconds: of fewer, scrapes half a minute apart tell nothing."""


@dataclass(frozen=True, slots=True)
class DriftStep:
    """The values that came in the step that ends at `at`. None: not known, or none came."""

    at: float
    psi: float | None
    noise: float | None
    """The PSI that 95 of 100 samples of that size stay below without drift."""
    values: int | None


def step_of(window: float, columns: int) -> float:
    """Whole minutes, so that there are about so many steps in the window."""
    return max(LEAST_STEP, math.ceil(window / max(1, columns) / LEAST_STEP) * LEAST_STEP)


def drift_steps(counted: Matrix, baseline: Buckets) -> tuple[DriftStep, ...]:
    """`counted`: by `le`, how many values came in each step. Raises ValueError for more series than a histogram has."""
    if len(counted.series) > 2 * MOST_BUCKETS:  # a bound may be written in two ways
        raise ValueError(f"its histogram has {len(counted.series)} series")
    found: dict[float, dict[float, float]] = defaultdict(dict)
    for series in counted.series:
        bound = _bound(series.labels.get("le", ""))
        for at, value in series.points:
            found[at][bound] = found[at].get(bound, 0.0) + value
    return tuple(_step(at, tuple(sorted(buckets.items())), baseline) for at, buckets in sorted(found.items()))


def _step(at: float, current: Buckets, baseline: Buckets) -> DriftStep:
    found = compare(current, baseline)
    return DriftStep(at, found.distances.psi if found.distances is not None else None, found.noise, found.current)


def _bound(text: str) -> float:
    """-Inf where it is no number, which is no bound of a histogram."""
    try:
        bound = float(text)
    except ValueError:
        return -math.inf
    return -math.inf if math.isnan(bound) else bound
