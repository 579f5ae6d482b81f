"""How far two histograms lie apart, by four measures. Each is a lower bound of the truth: what moves within a bucket cannot be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

from modeldeck.domain.gates.drift import CommonBins, psi_of


@dataclass(frozen=True, slots=True)
class Distances:
    """0 for equal ones. PSI has no upper bound; the others are counted without what PSI adds to empty bins."""

    psi: float
    ks: float
    """The largest difference of the two cumulative shares, 0–1 (Kolmogorov and Smirnov)."""
    js: float
    """The root of the Jensen-Shannon divergence to base 2, 0–1."""
    wasserstein: float | None
    """The area between the two cumulative shares ÷ the baseline's standard deviation. None where that is 0, or bounds are too large."""


def distances(bins: CommonBins) -> Distances:
    q, p = _shares(bins.new), _shares(bins.old)
    return Distances(psi_of(bins), _ks(q, p), _js(q, p), _wasserstein(bins.bounds, q, p))


def _shares(masses: tuple[float, ...]) -> tuple[float, ...]:
    total = sum(masses)
    return tuple(mass / total for mass in masses)


def _ks(q: tuple[float, ...], p: tuple[float, ...]) -> float:
    return min(1.0, max(abs(a - b) for a, b in zip(accumulate(q), accumulate(p), strict=True)))


def _js(q: tuple[float, ...], p: tuple[float, ...]) -> float:
    divergence = 0.0
    for a, b in zip(q, p, strict=True):
        middle = (a + b) / 2
        divergence += sum(share * math.log2(share / middle) for share in (a, b) if share > 0 and middle > 0) / 2
    return math.sqrt(min(1.0, max(0.0, divergence)))


def _wasserstein(bounds: tuple[float, ...], q: tuple[float, ...], p: tuple[float, ...]) -> float | None:
    edges = _edges(bounds)
    if len(edges) < 2:
        return None
    area, before = 0.0, 0.0
    differences = accumulate(a - b for a, b in zip(q, p, strict=True))
    for (low, high), after in zip(pairwise(edges), differences, strict=False):  # the last one's is 0, and it has no width
        area += _area(before, after) * (high - low)
        before = after
    deviation = _deviation(edges, p)
    found = area / deviation if deviation > 0 else math.nan
    return found if math.isfinite(found) else None


def _edges(bounds: tuple[float, ...]) -> tuple[float, ...]:
    """Where each bin begins and, but for the last one, ends. As `histogram_quantile` has it the first one begins at 0 where its bound is
    above that; where it is not, and above the last bound, all is taken to be at the one bound that is known."""
    finite = tuple(bound for bound in bounds if math.isfinite(bound))
    return (0.0 if finite[0] > 0 else finite[0], *finite) if finite else ()


def _area(before: float, after: float) -> float:
    """Of the difference, which goes straight from one to the other, over a width of 1."""
    if before * after >= 0:
        return (abs(before) + abs(after)) / 2
    return (before**2 + after**2) / (2 * (abs(before) + abs(after)))


def _deviation(edges: tuple[float, ...], p: tuple[float, ...]) -> float:
    """Standard deviation, with the values spread evenly within each bin."""
    spans = [*pairwise(edges), *([(edges[-1], edges[-1])] if len(p) == len(edges) else [])]
    mean = sum(share * (low / 2 + high / 2) for share, (low, high) in zip(p, spans, strict=True))
    try:
        squares = sum(
            share * ((low / 2 + high / 2 - mean) ** 2 + (high - low) ** 2 / 12) for share, (low, high) in zip(p, spans, strict=True)
        )
    except OverflowError:
        return math.nan
    return math.sqrt(squares) if math.isfinite(squares) else math.nan
