"""A histogram over time: how many observations fell into each of its buckets at each moment."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import rate_window
from modeldeck.domain.metrics.samples import Matrix

BUCKETS = "latency buckets"
"""The name of its query."""
_NOISE = 1e-9
# Of a count: rates of neighbouring buckets differ by so much where nothing falls between them.


@dataclass(frozen=True, slots=True)
class Heatmap:
    """`counts`: (time, observations a second in each bucket), in order of time; a bucket reaches from the bound before it up to its own.
    Bounds are in seconds, the lowest first."""

    bounds: tuple[float, ...]
    counts: tuple[tuple[float, tuple[float, ...]], ...]
    doubts: tuple[str, ...] = ()


def bucket_query(profile: Profile, where: str, *, step: float, scrape: float = 15.0) -> dict[str, str]:
    """One series a bucket; {} without a histogram of latency."""
    if not profile.latency:
        return {}
    selected = ",".join(part for part in (where, profile.latency_matchers) if part)
    return {BUCKETS: f"sum by (le) (rate({profile.latency[0]}_bucket{{{selected}}}[{rate_window(step=step, scrape=scrape)}s]))"}


def heatmap(answer: Matrix, scale: float) -> Heatmap:
    """From cumulative buckets; `scale` turns their bounds into seconds. What is wrong with them is told, and counted as nothing."""
    moments: dict[float, dict[float, float]] = defaultdict(dict)
    for series in answer.series:
        bound = _bound(series.labels.get("le", ""))
        if bound is not None:
            for at, value in series.points:
                if math.isfinite(value):
                    moments[at][bound] = moments[at].get(bound, 0.0) + value
    bounds = tuple(sorted({bound for found in moments.values() for bound in found}))
    falling, counts = False, []
    for at in sorted(moments):
        below, row = 0.0, []
        for bound in bounds:
            count = moments[at].get(bound, below)
            falling = falling or count < below * (1 - _NOISE) - _NOISE
            row.append(max(0.0, count - below))
            below = max(below, count)
        counts.append((at, tuple(row)))
    doubts = []
    if bounds and bounds[-1] != math.inf:
        doubts.append("there is no bucket up to +Inf: what took longer than the last one is not counted")
    if falling:
        doubts.append("buckets are not cumulative: a higher one counts less than a lower one, and is taken as empty")
    return Heatmap(tuple(bound * scale for bound in bounds), tuple(counts), tuple(doubts))


def _bound(text: str) -> float | None:
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
