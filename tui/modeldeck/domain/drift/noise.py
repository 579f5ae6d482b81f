"""What the population stability index is of two samples of the same values: the noise that a drift has to stand out of."""

from __future__ import annotations

import math
from functools import lru_cache

QUANTILE = 0.95
"""Of two samples without drift, so many have a PSI below the noise floor."""


def noise_floor(bins: int, current: float, baseline: float, *, quantile: float = QUANTILE) -> float | None:
    """`quantile` of χ²(bins − 1) · (1/N + 1/M), which a PSI of N and M observations in so many filled bins is without drift. None where
    there is one bin, or nothing in one of them. Observations that come in bursts have more noise."""
    if bins < 2 or current <= 0 or baseline <= 0:
        return None
    return chi_square_quantile(quantile, bins - 1) * (1 / current + 1 / baseline)


@lru_cache(maxsize=256)
def chi_square_quantile(quantile: float, freedom: int) -> float:
    """Below it lies so much (0–1) of a χ² with so many degrees of freedom."""
    low, high = 0.0, float(freedom)
    while chi_square_tail(high, freedom) > 1 - quantile:
        low, high = high, high * 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if chi_square_tail(middle, freedom) > 1 - quantile else (low, middle)
    return high


def chi_square_tail(value: float, freedom: int) -> float:
    """How probable a χ² is to be above the value: exact, by the finite sum that it is for whole degrees of freedom."""
    half = value / 2
    if half <= 0:
        return 1.0
    odd = freedom % 2
    terms = (math.exp((at + odd / 2) * math.log(half) - half - math.lgamma(at + odd / 2 + 1)) for at in range((freedom - odd) // 2))
    return (math.erfc(math.sqrt(half)) if odd else 0.0) + sum(terms)
