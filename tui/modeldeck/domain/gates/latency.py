"""A p99 from buckets against a bound: surely over it, surely under it, or not to be told apart.

A histogram tells exactly how many requests took longer than each of its bounds, and nothing in between. So the p99 itself is never
tested: what is, is the share of requests that took longer than one of the bounds. Between two bounds the share is only known to lie
between two curves. Where fewer requests take long the longer it is, it lies below the straight line (as PromQL draws it); where they thin
out at least as fast as they did before, as they do in a Pareto, lognormal, exponential or Weibull tail, above the straight line through
the logarithms of both. Passing believes the curve that is worse for the new version, and failing the other one.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from modeldeck.domain.gates.evidence import NONE, Evidence
from modeldeck.domain.gates.measures import Buckets
from modeldeck.domain.gates.statistics import at_least, at_most, rate_at_least, rate_at_most
from modeldeck.domain.metrics.quantiles import histogram_quantile

SLOWEST = 0.01
"""The share of requests that may be slower than a p99."""
_NEAR = 10.0
"""A share of up to so many times more or less than that still speaks of the slowest requests: from p90 to p99.9. Bounds that are 2.5
times as long as the one before, as most clients have them, often leave no closer choice."""

_SOME = 10
"""Slow requests that are to be expected before it is the buckets' fault that nothing can be told."""


@dataclass(frozen=True, slots=True)
class P99:
    """`seconds` None: nothing was observed, or the histogram is none. `beyond`: it is more than `seconds`, where the buckets end."""

    seconds: float | None
    observations: int
    beyond: bool = False


def p99_of(buckets: Buckets) -> P99:
    seconds = histogram_quantile(1 - SLOWEST, buckets)
    if not math.isfinite(seconds):
        return P99(None, 0)
    observations = max(count for _, count in buckets)
    finite = [count for bound, count in buckets if bound != math.inf]
    return P99(seconds, round(observations), beyond=max(finite) < (1 - SLOWEST) * observations)


@dataclass(frozen=True, slots=True)
class LatencyTail:
    """How many of all took longer than each finite bound: `points` are (bound, how many), with rising bounds and falling counts."""

    total: float
    points: tuple[tuple[float, float], ...]

    def longer(self, bound: float) -> float:
        """Than one of the bounds; than anything else at least so many: as many as at the next one."""
        return next((count for end, count in self.points if end >= bound), 0.0)

    def at_most(self, seconds: float) -> float:
        """How many took longer than `seconds`, at most: along the straight line."""
        start, before = 0.0, self.total
        for end, count in self.points:
            if seconds <= end:
                return before + (count - before) * (seconds - start) / (end - start)
            start, before = end, count
        return before

    def at_least(self, seconds: float) -> tuple[float, float]:
        """How many took longer than `seconds`, at least: along the straight line through the logarithms; and how many counted at one bound
        would be as noisy as that. Half a request is added at both ends, as the logarithm of none is none."""
        start, before = 0.0, self.total
        for end, count in self.points:
            if seconds <= end:
                if start <= 0:
                    return count, count
                part = math.log(seconds / start) / math.log(end / start)
                high, low = before + 0.5, count + 0.5
                between = (before - count) * ((1 - part) / high) ** 2
                noise = between + low * ((1 - part) / high + part / low) ** 2
                found = high ** (1 - part) * low**part
                return found, min(found, 1 / noise)
            start, before = end, count
        return 0.0, 0.0


def tail_of(buckets: Buckets, bounds: Collection[float] | None = None) -> LatencyTail:
    """`bounds`: only those. A bucket that lost samples against the one below counts as that one."""
    total, below, points = max((count for _, count in buckets), default=0.0), 0.0, []
    for bound, count in buckets:
        below = max(below, count)
        if 0 < bound < math.inf and (bounds is None or bound in bounds):
            points.append((bound, total - below))
    return LatencyTail(total, tuple(points))


def slowed(buckets: Buckets, times: float, requests: float, luck: float) -> Buckets:
    """As many `requests` of a version that is so many times as slow, at least. `luck`: by how many standard deviations fewer of them
    take longer than each of the bounds than is to be expected."""
    tail = tail_of(buckets)
    if tail.total <= 0:
        return ()
    slow = [(bound, requests * tail.at_least(bound / times)[0] / tail.total) for bound, _ in tail.points]
    return (*((bound, requests - max(0.0, many - luck * math.sqrt(many))) for bound, many in slow), (math.inf, requests))


def against(buckets: Buckets, ceiling: float, seen: float) -> Evidence:
    """Whether the p99 is over a ceiling in seconds: whether more than one percent took longer than it. `seen`: see Measured."""
    tail = tail_of(buckets)
    total = seen * tail.total
    at_worst, at_best = tail.at_most(ceiling), tail.longer(ceiling)
    return Evidence(
        beyond=at_least(math.floor(seen * at_best), math.ceil(total), SLOWEST),
        within=at_most(math.ceil(seen * at_worst), math.floor(total), SLOWEST),
        blind=at_best < SLOWEST * tail.total <= at_worst and SLOWEST * tail.total > _SOME,
    )


def compared(new: Buckets, old: Buckets, most: float, seen: float) -> Evidence:
    """Whether the new p99 is more than `most` times the older one: whether more of the new version's requests take longer than one of the
    bounds than of the older one's take longer than that ÷ `most`.

    The bound is chosen by the older version alone, so that no luck is picked: where the shares are nearest to one percent. Where that
    is a lower quantile than the p99, passing also needs that less than one percent takes longer than the next bound. Failing may be by that
    one or by one that hardly any of the older version's requests reach, where a few show a catastrophe: the better of two p-values, twice.
    """
    common = frozenset(bound for bound, _ in new) & {bound for bound, _ in old}
    tail = tail_of(new, common)
    if not tail.points or tail.total <= 0:
        return NONE
    before = _before(old, common, most)
    if before is None:
        return NONE
    base, near, far = before
    bounds = {far} if near is None else {near, far}
    beyond = min(1.0, len(bounds) * min(_beyond(tail, base, bound, most, seen) for bound in bounds))
    if near is None:
        return Evidence(beyond, 1.0, blind=SLOWEST * base.total > _SOME)
    return Evidence(beyond, _within(tail, base, near, most, seen))


@lru_cache(maxsize=512)
def _before(old: Buckets, common: frozenset[float], most: float) -> tuple[LatencyTail, float | None, float] | None:
    """The older version's tail, the bound to pass by (None: none is near enough), and one that hardly any of its requests reach, to fail
    by: the same at every look of a gate."""
    base = tail_of(old, common)
    if base.total <= 0:
        return None
    ends = [bound for bound, _ in base.points]
    near = min(ends, key=lambda end: _off(base, end, most))
    far = next((end for end in ends if base.at_most(end / most) <= 2 * SLOWEST * base.total), ends[-1])
    return base, near if _off(base, near, most) <= math.log(_NEAR) else None, far


def _off(base: LatencyTail, bound: float, most: float) -> float:
    """How far what is compared at a bound is from one percent, as a logarithm: the older version's shares at the bound and at that ÷
    `most`, half way between which a new version is told to be slower or not."""
    if bound / most < base.points[0][0]:
        return math.inf
    here, there = base.longer(bound) + 0.5, base.at_least(bound / most)[0]
    return abs(math.log(math.sqrt(here * there) / base.total / SLOWEST)) if there > 0 else math.inf


def _within(tail: LatencyTail, base: LatencyTail, bound: float, most: float, seen: float) -> float:
    share, counted = base.at_least(bound / most)
    total = base.total * counted / share  # as many fewer as the interpolation is noisier
    new = seen * tail.total
    within = rate_at_most(math.ceil(seen * tail.longer(bound)), new, math.floor(counted), total, 1.0)
    beyond = next((count for end, count in tail.points if end > bound), tail.longer(bound))  # says less than `within` below one percent
    return max(within, at_most(math.ceil(seen * beyond), math.floor(new), SLOWEST))


def _beyond(tail: LatencyTail, base: LatencyTail, bound: float, most: float, seen: float) -> float:
    """More than one percent, and more than the older version's share, have to take longer: a p99 is no p99.9."""
    count, before = math.floor(seen * tail.longer(bound)), math.ceil(base.at_most(bound / most))
    slow = at_least(count, math.ceil(seen * tail.total), SLOWEST)
    return max(slow, rate_at_least(count, seen * tail.total, before, base.total, 1.0))
