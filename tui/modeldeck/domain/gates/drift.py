"""How far predicted values have moved, from histogram buckets: the population stability index, and what it says of the true one.

A PSI from buckets is a lower bound of the truth, and one from few samples is too high: with a true one of P it is about
χ²(bins − 1, noncentrality P ÷ (1/N + 1/M)) · (1/N + 1/M). Half an observation is added to every bin (Laplace), as otherwise an empty one
decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from modeldeck.domain.gates.evidence import Evidence
from modeldeck.domain.gates.measures import Buckets
from modeldeck.domain.gates.statistics import chi_square_above, chi_square_below

BLIND = 0.30
"""A bucket with a larger share hides what moves within it."""


@dataclass(frozen=True, slots=True)
class Drift:
    psi: float
    predictions: int
    before: int
    bins: int
    """That hold anything, on either side."""
    largest: float
    """Share of the fullest bin, 0–1, on whichever side it is."""

    def evidence(self, most: float, seen: float) -> Evidence:
        """Whether the true index is more than `most`. `seen`: see Measured. One bin alone tells nothing."""
        after = seen * self.predictions
        if not after or not self.before or self.bins == 1:
            return Evidence(1.0, 1.0, blind=self.bins == 1)
        counted = 1 / (1 / after + 1 / self.before)
        value, shift = self.psi * counted, most * counted
        return Evidence(chi_square_above(value, self.bins - 1, shift), chi_square_below(value, self.bins - 1, shift))


@dataclass(frozen=True, slots=True)
class CommonBins:
    """Two histograms over the bounds that both have, rising: how much each holds from one bound to the next."""

    bounds: tuple[float, ...]
    new: tuple[float, ...]
    old: tuple[float, ...]

    @property
    def filled(self) -> tuple[tuple[float, float], ...]:
        """Those that hold anything, on either side."""
        return tuple((a, b) for a, b in zip(self.new, self.old, strict=True) if a > 0 or b > 0)

    @property
    def largest(self) -> float:
        """Share of the fullest one, 0–1, on whichever side it is."""
        return max(max(self.new) / sum(self.new), max(self.old) / sum(self.old))


def common_bins(new: Buckets, old: Buckets) -> CommonBins | None:
    """None where the two share no buckets, or where either holds nothing."""
    common = {bound for bound, _ in new} & {bound for bound, _ in old}
    found = CommonBins(tuple(sorted(common)), _masses(new, common), _masses(old, common))
    return found if sum(found.new) > 0 and sum(found.old) > 0 else None


def psi_of(bins: CommonBins) -> float:
    """The population stability index."""
    half = 0.5 * len(bins.filled)
    predictions, before = sum(bins.new), sum(bins.old)
    shares = [((a + 0.5) / (predictions + half), (b + 0.5) / (before + half)) for a, b in bins.filled]
    return sum((a - b) * math.log(a / b) for a, b in shares)


def drift(new: Buckets, old: Buckets) -> Drift | None:
    """None where there is nothing to compare."""
    bins = common_bins(new, old)
    if bins is None:
        return None
    return Drift(psi_of(bins), round(sum(bins.new)), round(sum(bins.old)), len(bins.filled), bins.largest)


def _masses(buckets: Buckets, common: set[float]) -> tuple[float, ...]:
    """What lies between neighbouring common bounds. A bucket that lost samples against the one below it counts as empty."""
    masses, below = [], 0.0
    for bound, count in sorted(buckets):
        if bound in common:
            masses.append(max(0.0, count - below))
            below = max(below, count)
    return tuple(masses)
