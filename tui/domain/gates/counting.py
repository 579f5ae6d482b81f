"""From Prometheus' answers to counts and buckets.

`increase` starts at a series' first sample. A counter that appears with its first errors (as most do: a label `status="5xx"` is there once
something failed) hides exactly those, be it one or a hundred. So errors are also counted from 0 where the pod was scraped at the start of
the window and had no such series then.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tui.domain.gates.judgement import Trouble
from tui.domain.gates.measures import Buckets, Measure, missing
from tui.domain.metrics import Sample, Vector

_NO_GAP = re.compile(r"metric might not be a counter")
"""Prometheus notes that of every rate of a counter whose name does not end in `_total`, as many servers' do not: no data is missing."""


def notes(vector: Vector) -> tuple[str, ...]:
    """What makes an answer partial."""
    return tuple(words for words in vector.warnings if not _NO_GAP.search(words))


_NO_SERIES = Vector(())


@dataclass(frozen=True, slots=True)
class Growth:
    """One counter of one version over a window, each by pod: `grown` is increase(), `ended` and `began` the raw counter at its two ends."""

    grown: Vector
    ended: Vector = _NO_SERIES
    began: Vector = _NO_SERIES

    def by_pod(self, scraped: Vector) -> dict[str, float] | None:
        """Pod → how much it grew; `scraped` tells the pods that were scraped when the window began. None where a number is none."""
        grown, ended, began = _by_pod(self.grown), _by_pod(self.ended), _by_pod(self.began)
        if any(not math.isfinite(value) for value in (*grown.values(), *ended.values(), *began.values())):
            return None
        there = {pod for pod, value in _by_pod(scraped).items() if value > 0} | set(began)
        found = dict(grown)
        for pod, value in ended.items():
            if pod in there:
                found[pod] = max(found.get(pod, 0.0), value - began.get(pod, 0.0))
        return {pod: max(0.0, value) for pod, value in found.items()}


def _by_pod(vector: Vector) -> dict[str, float]:
    sums: dict[str, float] = {}
    for sample in vector.samples:
        pod = sample.labels.get("pod", "")
        sums[pod] = sums.get(pod, 0.0) + sample.value
    return sums


@dataclass(frozen=True, slots=True)
class Counts:
    requests: int | None
    failed: int | None
    """Of the requests; None where they are not known or no number."""


def counts(requests: Growth, errors: Growth | None, scraped: Vector, *, apart: bool, part: bool) -> Counts:
    """`apart`: the requests' counter leaves the failed ones out. `part`: the failed ones are series of the requests' own counter.

    No series of failed requests is 0 of them only where requests are counted. `errors` None: nobody counts them.
    """
    total = requests.by_pod(scraped)
    failed = errors.by_pod(scraped) if errors is not None else None
    if total is None or (not total and not (apart and failed)):
        return Counts(None, None)
    count = sum(total.values())
    if failed is None or errors is None:
        return Counts(None if apart else round(count), None)
    bad = sum(failed.values())
    if apart:
        count += bad
    elif part:  # what increase hid of the errors, it hid of the requests as well
        count += max(0.0, bad - sum(_by_pod(errors.grown).values()))
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
