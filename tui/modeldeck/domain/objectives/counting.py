"""From Prometheus' answers to counted requests. What cannot be counted says why, and is never 0."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from modeldeck.domain.gates.counting import notes
from modeldeck.domain.gates.formatting import shown
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.objectives.burn import Count

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Uncountable:
    message: str


def failed_count(profile: Profile, requests: Vector, failed: Vector, begun: Vector | None) -> Count | Uncountable | None:
    """`begun`: what series of failed requests had when they were first seen, which may belong to the window or not. None: no data.

    No series of failed requests is 0 of them only where requests are counted.
    """
    answers = [vector for vector in (requests, failed, begun) if vector is not None]
    if any(len(vector.samples) > 1 or not all(math.isfinite(sample.value) for sample in vector.samples) for vector in answers):
        return Uncountable("a counter of requests is no number")
    total, bad, more = (vector.samples[0].value if vector is not None and vector.samples else None for vector in (requests, failed, begun))
    if profile.errors_apart and (total is not None or bad is not None):
        total = (total or 0.0) + (bad or 0.0)
    if total is None:
        return None
    unsure = None if profile.blind_to else max(0.0, more or 0.0)
    return Count(total, min(bad or 0.0, total), unsure, partial=any(notes(vector) for vector in answers))


@dataclass(frozen=True, slots=True)
class SlowCount:
    """Requests that took longer than `bound` seconds, the greatest bound of the histogram that is not above what was promised."""

    count: Count
    bound: float


def slow_count(profile: Profile, buckets: Vector, below: float) -> SlowCount | Uncountable | None:
    """`buckets`: one sample for each pod and `le`. None: no data. Nothing is interpolated between two bounds."""
    by_pod: dict[tuple[tuple[str, str], ...], dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for sample in buckets.samples:
        bound = _number(sample.labels.get("le", ""))
        if bound is None or not math.isfinite(sample.value):
            return Uncountable("a bucket of the histogram is no number")
        pod = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        by_pod[pod][bound * profile.latency_scale] += max(0.0, sample.value)
    if not by_pod:
        return None
    # Sums of what only some of the pods have would be of some of the requests.
    common = sorted(set.intersection(*(set(bounds) for bounds in by_pod.values())))
    if not common or common[-1] != math.inf:
        return Uncountable("the histogram has no bucket +Inf: how many requests there were is not known")
    usable = [bound for bound in common[:-1] if bound <= below * (1 + _TOLERANCE)]
    if not usable:
        least = f"the lowest ends at {shown(common[0], 's')}" if len(common) > 1 else "the pods have none in common"
        return Uncountable(f"no bucket of the histogram ends at or below {shown(below, 's')}: {least}")
    total = sum(bounds[math.inf] for bounds in by_pod.values())
    quick = sum(min(bounds[usable[-1]], bounds[math.inf]) for bounds in by_pod.values())
    return SlowCount(Count(total, total - quick, partial=bool(notes(buckets))), usable[-1])


def is_exact(bound: float, below: float) -> bool:
    return math.isclose(bound, below, rel_tol=_TOLERANCE)


def _number(text: str) -> float | None:
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
