"""Quantiles from histogram buckets exactly as Prometheus computes them (promql/quantile.go, `BucketQuantile`), and statistics by any key.

One bulk query for every pod's buckets costs Prometheus far less than three quantile queries a deployment; the rest is arithmetic here.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from modeldeck.domain.metrics.samples import Sample, ServingStats

K = TypeVar("K", bound=Hashable)

_TOLERANCE = 1e-12
"""Relative differences between neighbouring buckets below this are floating-point noise (smallDeltaTolerance)."""


def histogram_quantile(q: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The q-quantile (0–1) of (upper bound, cumulative count or rate) pairs, in the unit of the bounds.

    NaN without buckets, without a `+Inf` bucket, with only that one, or without observations; −Inf and +Inf for q outside of 0–1.
    """
    if math.isnan(q):
        return math.nan
    if q < 0:
        return -math.inf
    if q > 1:
        return math.inf
    merged = _coalesced(buckets)
    if len(merged) < 2 or merged[-1][0] != math.inf:
        return math.nan
    bounds = [bound for bound, _ in merged]
    counts = _monotonic([count for _, count in merged])
    observations = counts[-1]
    if observations == 0:
        return math.nan
    rank = q * observations
    b = _first_at_least(counts, rank)
    if b == len(counts) - 1:
        return bounds[-2]
    if b == 0 and bounds[0] <= 0:
        return bounds[0]
    start, count = 0.0, counts[b]
    if b > 0:
        start, count, rank = bounds[b - 1], counts[b] - counts[b - 1], rank - counts[b - 1]
    # Go divides 0 by 0 to NaN where Python raises.
    share = rank / count if count else (math.nan if rank == 0 else math.copysign(math.inf, rank))
    return start + (bounds[b] - start) * share


def _coalesced(buckets: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sorted by bound; equal bounds (`1` and `1.0`) added up."""
    merged: list[tuple[float, float]] = []
    for bound, count in sorted(buckets, key=lambda bucket: bucket[0]):
        if merged and merged[-1][0] == bound:
            merged[-1] = (bound, merged[-1][1] + count)
        else:
            merged.append((bound, count))
    return merged


def _monotonic(counts: list[float]) -> list[float]:
    """Noise and decreases removed: a bucket that lost samples against the one below counts as that one."""
    previous = counts[0]
    fixed = [previous]
    for count in counts[1:]:
        if count == previous or _almost_equal(previous, count) or count < previous:
            fixed.append(previous if count != previous else count)
        else:
            fixed.append(count)
            previous = count
    return fixed


def _almost_equal(a: float, b: float) -> bool:
    if math.isnan(a) and math.isnan(b):
        return True
    total, difference = abs(a) + abs(b), abs(a - b)
    if a == 0 or b == 0 or total < sys.float_info.min:
        return difference < _TOLERANCE * sys.float_info.min
    return difference / min(total, sys.float_info.max) < _TOLERANCE


def _first_at_least(counts: Sequence[float], rank: float) -> int:
    """The first of all but the last bucket that reaches the rank, else the last: Go's sort.Search, NaN included."""
    low, high = 0, len(counts) - 1
    while low < high:
        middle = (low + high) // 2
        if counts[middle] >= rank:
            high = middle
        else:
            low = middle + 1
    return low


def stats_by(
    key: Callable[[Mapping[str, str]], K | None],
    *,
    buckets: Iterable[Sample] = (),
    requests: Iterable[Sample] = (),
    errors: Iterable[Sample] | None = (),
    errors_apart: bool = False,
    scale: float = 1.0,
) -> dict[K, ServingStats]:
    """Statistics of every key that a sample's labels give; samples without a key are left out.

    `buckets` carry `le` and a rate, `requests` and `errors` a rate a second; `scale` turns the histogram's unit into seconds. With
    `errors_apart` the requests are the two together. An absent error series is 0 only where requests were counted; `errors` None says that
    nobody counts errors. Quantiles and ratios of nothing are not known.
    """
    histograms: dict[K, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for sample in buckets:
        owner, bound = key(sample.labels), bucket_bound(sample.labels.get("le", ""))
        if owner is not None and bound is not None:
            histograms[owner][bound] += sample.value
    total, failed = _sums(key, requests), None if errors is None else _sums(key, errors)
    if errors_apart:
        total = {owner: total.get(owner, 0.0) + (failed or {}).get(owner, 0.0) for owner in {**total, **(failed or {})}}
    return {
        owner: _stats(tuple(histograms.get(owner, {}).items()), total.get(owner), None if failed is None else failed.get(owner, 0.0), scale)
        for owner in {**histograms, **total}
    }


def _stats(buckets: Sequence[tuple[float, float]], total: float | None, failed: float | None, scale: float) -> ServingStats:
    ratio = None if failed is None or total is None or not total > 0 else _finite(failed / total)
    p50, p90, p99 = (_finite(histogram_quantile(q, buckets) * scale) if buckets else None for q in (0.5, 0.9, 0.99))
    return ServingStats(p50, p90, p99, ratio, None if total is None else _finite(total))


def _sums(key: Callable[[Mapping[str, str]], K | None], samples: Iterable[Sample]) -> dict[K, float]:
    sums: dict[K, float] = defaultdict(float)
    for sample in samples:
        owner = key(sample.labels)
        if owner is not None:
            sums[owner] += sample.value
    return dict(sums)


def bucket_bound(text: str) -> float | None:
    """Of a label `le`; None for what is no bound."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
