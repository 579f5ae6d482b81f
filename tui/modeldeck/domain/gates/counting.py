"""From Prometheus' answers to counts and buckets.

Counts are made of the samples as they were scraped. `increase` starts at a series' first sample and stretches what it finds to the window's
ends: a counter that appears with its first errors (as most do) hides exactly those, and with scrapes a minute apart the rest may be a fifth
too many. So each series is followed from its last sample before the window, from 0 where it came into being after its pod was first
scraped, and through resets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from types import MappingProxyType

from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Buckets, Measure, missing
from modeldeck.domain.metrics.samples import Matrix, Sample, Vector

UP = "up"
STARTED = "process_start_time_seconds"
"""What most clients export about the process."""
Process = tuple[str, str, str]
"""Pod, container and instance, as labels name them."""
Interval = tuple[float, float]
"""Times of two scrapes, in seconds since the epoch."""
_NONE: Mapping[Process, tuple[Interval, ...]] = MappingProxyType({})
_NO_GAP = re.compile(r"metric might not be a counter")
"""Prometheus notes that of every rate of a counter whose name does not end in `_total`, as many servers' do not: no data is missing."""


def notes(vector: Vector | Matrix) -> tuple[str, ...]:
    """What makes an answer partial."""
    return tuple(message for message in vector.warnings if not _NO_GAP.search(message))


def restarts(*samples: Matrix) -> dict[Process, tuple[Interval, ...]]:
    """Between which scrapes each process started anew: one of its counters fell, or its start time rose. A counter that has caught up by
    the next scrape does not tell by itself; and one that was not there for a while tells it later than others, and is the same restart."""
    fell: dict[Process, set[Interval]] = {}
    for series in (one for each in samples for one in each.series):
        started = series.labels.get("__name__") == STARTED
        for (before, last), (at, value) in pairwise(series.points):
            if value > last if started else value < last:
                fell.setdefault(process_of(series.labels), set()).add((before, at))
    return {process: _one_each(intervals) for process, intervals in fell.items()}


def _one_each(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Intervals that overlap are one, and what they have in common."""
    found: list[Interval] = []
    for low, high in sorted(intervals, key=itemgetter(1)):
        same = next((at for at, one in enumerate(found) if max(low, one[0]) < min(high, one[1])), None)
        if same is None:
            found.append((low, high))
        else:
            found[same] = max(low, found[same][0]), min(high, found[same][1])
    return tuple(found)


def process_of(labels: Mapping[str, str]) -> Process:
    return labels.get("pod", ""), labels.get("container", ""), labels.get("instance", "")


def growth(
    samples: Matrix, start: float, since: Mapping[str, float], anew: Mapping[Process, tuple[Interval, ...]] = _NONE
) -> dict[str, float] | None:
    """Pod → how much its series of a counter grew since `start`. `since`: from when on each pod was scraped; of what is there from its very
    first scrape, nobody knows what it had before. `anew`: `restarts`. None where a number is none."""
    found: dict[str, float] = {}
    for series in samples.series:
        if any(not math.isfinite(value) for _, value in series.points):
            return None
        pod = series.labels.get("pod", "")
        past = [point for point in series.points if point[0] <= start]
        new = [point for point in series.points if point[0] > start]
        before, last = past[-1] if past else (start, new[0][1] if new and new[0][0] <= since.get(pod, math.inf) else 0.0)
        known, grown = anew.get(process_of(series.labels), ()), 0.0
        for at, value in new:
            restarted = value < last or any(before <= low and high <= at for low, high in known)
            grown += value if restarted else value - last  # a restarted process counts from 0 again
            before, last = at, value
        found[pod] = found.get(pod, 0.0) + grown
    return found


def scraped_since(start: float, *samples: Matrix) -> dict[str, float]:
    """Pod → from when on it was scraped, but not before `start`: as any of its samples tells, those of `up` where they are 1."""
    found: dict[str, float] = {}
    for series in (one for each in samples for one in each.series):
        pod, is_up = series.labels.get("pod", ""), series.labels.get("__name__") == UP
        first = next((at for at, value in series.points if value > 0 or not is_up), None)
        if first is not None:
            found[pod] = min(max(start, first), found.get(pod, math.inf))
    return found


def seen_of(samples: Matrix, start: float, end: float) -> float | None:
    """Which part of what `increase` says from `start` to `end` lies between scrapes, as the samples of a counter of the same pods tell: the
    rest is stretched from that. None where no pod was scraped twice: then it says nothing, too.

    `increase` goes on to an end of the window where a scrape is near it (1.1 of what they are apart), else for half of that.
    """
    longest: dict[str, list[tuple[float, float]]] = {}
    for series in samples.series:
        points, pod = [point for point in series.points if start < point[0] <= end], series.labels.get("pod", "")
        longest[pod] = max(longest.get(pod, []), points, key=len)
    scraped = {pod: points for pod, points in longest.items() if len(points) > 1}
    grown = growth(Matrix(tuple(series for series in samples.series if series.labels.get("pod", "") in scraped)), start, {}) or {}
    raw = stretched = 0.0
    for pod, points in scraped.items():
        first, last = points[0][0], points[-1][0]
        apart = (last - first) / (len(points) - 1)
        more = sum(gap if gap < 1.1 * apart else apart / 2 for gap in (first - start, end - last))
        weight = grown.get(pod, 0.0) or 1e-9
        raw, stretched = raw + weight, stretched + weight * (1 + more / (last - first))
    return raw / stretched if stretched > 0 else None


@dataclass(frozen=True, slots=True)
class Counts:
    requests: int | None
    failed: int | None
    """Of the requests; None where they are not known or no number."""


def counts(total: Mapping[str, float] | None, failed: Mapping[str, float] | None, *, apart: bool) -> Counts:
    """By pod. `apart`: the requests' counter leaves the failed ones out. `failed` None: nobody counts them, or a number is none.

    No series of failed requests is 0 of them only where requests are counted.
    """
    if total is None or (not total and not (apart and failed)):
        return Counts(None, None)
    count = sum(total.values())
    if failed is None:
        return Counts(None if apart else round(count), None)
    bad = sum(failed.values())
    count += bad if apart else 0.0
    return Counts(round(count), min(round(bad), round(count)))


def buckets_of(vector: Vector, query: str, *, scale: float = 1.0) -> Measure[Buckets]:
    """One histogram from `sum by (le) (increase(…))`; `scale` turns its bounds into seconds."""
    if not vector.samples:
        return missing(Trouble.NO_DATA, "nothing was observed yet", query)
    found: dict[float, float] = {}
    for sample in vector.samples:
        bound = _bound(sample)
        if bound is None or not math.isfinite(sample.value):
            return missing(Trouble.NO_DATA, "a bucket holds no number", query)
        found[bound * scale] = found.get(bound * scale, 0.0) + max(0.0, sample.value)
    return Measure(tuple(sorted(found.items())), query, warnings=notes(vector))


def _bound(sample: Sample) -> float | None:
    try:
        bound = float(sample.labels.get("le", ""))
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def one_number(vector: Vector, query: str) -> Measure[float]:
    """A query of one's own must answer one series."""
    if len(vector.samples) > 1:
        several = f"the query answers {len(vector.samples)} series, one is wanted ({_two(vector)}): sum or max them"
        return missing(Trouble.SEVERAL_SERIES, several, query)
    warnings = notes(vector)
    if not vector.samples:
        return Measure(None, query, Trouble.NO_DATA, "the query answers no series", warnings)
    return Measure(vector.samples[0].value, query, warnings=warnings)


def _two(vector: Vector) -> str:
    """Two of the series, by the labels in which they differ."""
    one, other = (sample.labels for sample in vector.samples[:2])
    names = sorted(name for name in {**one, **other} if one.get(name) != other.get(name))[:3]
    return ", ".join("{" + ", ".join(f"{name}={labels.get(name, '')}" for name in names) + "}" for labels in (one, other))
