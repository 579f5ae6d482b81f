"""What two histograms say together: how far they lie apart, how much of that may be noise, and what is doubtful about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from modeldeck.domain.drift.distances import Distances, distances
from modeldeck.domain.drift.noise import QUANTILE, noise_floor
from modeldeck.domain.gates.drift import BLIND, Drift, common_bins
from modeldeck.domain.gates.measures import Buckets

LITTLE, MUCH = 0.10, 0.25
"""PSI: below the one there is little drift, above the other it is time to act."""
CONSTANT = 0.99
"""Share of the current values in one bucket above which the output is constant."""
LEAST_FOR_CONSTANT = 100
"""Of fewer values, none can show such a share."""
MOST_BUCKETS = 400
"""Of one histogram; one of more is no histogram that anybody made."""


class DriftVerdict(StrEnum):
    LITTLE = "little"
    MODERATE = "moderate"
    ACT = "act"
    INSUFFICIENT = "insufficient"
    """Too few values: what there is may be noise, and that there is little is not shown either."""
    UNKNOWN = "unknown"
    """Not compared; the message says why."""


class Doubt(StrEnum):
    """What else is to be known of a comparison."""

    BLIND = "blind"
    CONSTANT = "constant"
    OTHER_BUCKETS = "other_buckets"
    NOT_FINITE = "not_finite"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Warned:
    doubt: Doubt
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`distances` and `noise` None: not compared. `current` and `baseline`: how many values each side counts, None: not known."""

    verdict: DriftVerdict
    message: str = ""
    distances: Distances | None = None
    noise: float | None = None
    """The PSI that QUANTILE of the samples without drift stay below."""
    current: int | None = None
    baseline: int | None = None
    bins: int = 0
    warnings: tuple[Warned, ...] = ()

    def with_warning(self, doubt: Doubt, message: str) -> Comparison:
        return replace(self, warnings=(*self.warnings, Warned(doubt, message)))


def not_compared(message: str) -> Comparison:
    return Comparison(DriftVerdict.UNKNOWN, message)


def compare(current: Buckets, baseline: Buckets) -> Comparison:
    """Two histograms by `le`, over the bounds that both have."""
    for whose, side in (("", current), ("the baseline: ", baseline)):
        if (wrong := flaw(side)) is not None:
            return not_compared(f"{whose}{wrong}")
    bins = common_bins(current, baseline)
    if bins is None:
        empty = not max(count for _, count in current) > 0
        return Comparison(
            DriftVerdict.INSUFFICIENT,
            f"no values in {'the window' if empty else 'the baseline'}",
            current=_all(current),
            baseline=_all(baseline),
        )
    if len(bins.bounds) < 2:
        return not_compared("the two have no bucket in common but +Inf")
    found, filled = distances(bins), len(bins.filled)
    counted = sum(bins.new), sum(bins.old)
    noise = noise_floor(filled, *counted)
    verdict, message = verdict_of(found.psi, noise, Drift(found.psi, round(counted[0]), round(counted[1]), filled, bins.largest))
    result = Comparison(verdict, message, found, noise, round(counted[0]), round(counted[1]), filled)
    constant = max(bins.new) / counted[0]
    if constant > CONSTANT and counted[0] >= LEAST_FOR_CONSTANT:
        result = result.with_warning(Doubt.CONSTANT, f"{constant:.1%} of the values are in one bucket: the output is constant")
    elif bins.largest > BLIND:
        result = result.with_warning(Doubt.BLIND, f"one bucket holds {bins.largest:.0%}, and hides what moves within it")
    left_out = len({bound for bound, _ in current} ^ {bound for bound, _ in baseline})
    if left_out:
        result = result.with_warning(Doubt.OTHER_BUCKETS, f"{left_out} bounds that only one of them has are left out")
    return result


def verdict_of(psi: float, noise: float | None, drift: Drift) -> tuple[DriftVerdict, str]:
    """Within the noise nothing is shown, unless there are so many values that a PSI of LITTLE would stand out of it."""
    if noise is None:
        return DriftVerdict.INSUFFICIENT, "all values are in one bucket: what moves within it cannot be seen"
    if psi > noise:
        return (DriftVerdict.LITTLE if psi < LITTLE else DriftVerdict.MODERATE if psi <= MUCH else DriftVerdict.ACT), ""
    if noise < LITTLE and drift.evidence(LITTLE, 1.0).within <= 1 - QUANTILE:
        return DriftVerdict.LITTLE, f"within the noise; {LITTLE:g} is excluded"
    return DriftVerdict.INSUFFICIENT, "within the noise: more values are needed to tell"


def flaw(buckets: Buckets) -> str | None:
    """Why these are not a whole histogram; None where they are."""
    if not buckets:
        return "no histogram"
    if len(buckets) > MOST_BUCKETS:
        return f"more than {MOST_BUCKETS} buckets"
    if any(not math.isfinite(count) for _, count in buckets):
        return "a bucket holds no number"
    if any(bound == -math.inf or math.isnan(bound) for bound, _ in buckets):
        return "a bound is no number"
    if max(bound for bound, _ in buckets) != math.inf:
        return "no +Inf bucket: how many values lie above the last bound is not known"
    return None


def _all(buckets: Buckets) -> int:
    return round(max(count for _, count in buckets))
