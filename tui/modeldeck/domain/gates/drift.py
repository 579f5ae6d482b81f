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


def drift(new: Buckets, old: Buckets) -> Drift | None:
    """None where the two share no buckets, or where either holds nothing."""
    common = {bound for bound, _ in new} & {bound for bound, _ in old}
    q, p = _masses(new, common), _masses(old, common)
    pairs = [(a, b) for a, b in zip(q, p, strict=True) if a > 0 or b > 0]
    predictions, before = sum(q), sum(p)
    if predictions <= 0 or before <= 0:
        return None
    half = 0.5 * len(pairs)
    shares = [((a + 0.5) / (predictions + half), (b + 0.5) / (before + half)) for a, b in pairs]
    psi = sum((a - b) * math.log(a / b) for a, b in shares)
    largest = max(max(a / predictions, b / before) for a, b in pairs)
    return Drift(psi, round(predictions), round(before), len(pairs), largest)


def _masses(buckets: Buckets, common: set[float]) -> list[float]:
    """What lies between neighbouring common bounds. A bucket that lost samples against the one below it counts as empty."""
    masses, below = [], 0.0
    for bound, count in sorted(buckets):
        if bound in common:
            masses.append(max(0.0, count - below))
            below = max(below, count)
    return masses
