"""A p99 from buckets against a bound: over it, under it, or not to be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tui.domain.gates.measures import Buckets
from tui.domain.gates.statistics import binomial
from tui.domain.quantiles import histogram_quantile

_SLOWEST = 0.01
"""The share of requests that may be slower than a p99."""


@dataclass(frozen=True, slots=True)
class P99:
    """`seconds` None: nothing was observed, or the histogram is none. `beyond`: it is more than `seconds`, where the buckets end."""

    seconds: float | None
    observations: int
    beyond: bool = False


def p99_of(buckets: Buckets) -> P99:
    seconds = histogram_quantile(1 - _SLOWEST, buckets)
    if not math.isfinite(seconds):
        return P99(None, 0)
    observations = max(count for _, count in buckets)
    finite = [count for bound, count in buckets if bound != math.inf]
    return P99(seconds, round(observations), beyond=max(finite) < (1 - _SLOWEST) * observations)


def slower(buckets: Buckets, bound: float) -> int:
    """About how many of the observations took longer than `bound` seconds, evenly spread within each bucket."""
    total = max(count for _, count in buckets)
    lower, below = 0.0, 0.0
    for upper, count in buckets:
        count = max(count, below)
        if bound < upper:
            share = (bound - lower) / (upper - lower) if upper != math.inf and bound > lower else 0.0
            return round(total - below - (count - below) * share)
        lower, below = upper, count
    return round(total - below)


def by_chance(buckets: Buckets, bound: float, observations: int) -> float:
    """How probable so many slow requests are where the true p99 is at the bound: a p99 rests on the slowest one percent alone."""
    return binomial(slower(buckets, bound), observations, _SLOWEST)
