"""The few tests that gates decide by, without a statistics package. Every one is one-sided, and needs counts.

Requests are taken to fail, or to be slow, independently of each other: where they come in bursts, fewer of them are evidence.
"""

from __future__ import annotations

import math

_NOTHING = 1e-17
"""A term that is this much smaller than the sum does not change it any more, nor do those after it."""


def at_least(count: int, total: int, ratio: float) -> float:
    """How probable it is to see `count` or more of `total` where each comes with probability `ratio` (0–1)."""
    if count <= 0:
        return 1.0
    if count > total or ratio <= 0:
        return 0.0
    if ratio >= 1:
        return 1.0
    if count < total * ratio:  # sum the short side
        return max(0.0, 1.0 - at_least(total - count + 1, total, 1 - ratio))
    log_term = _log_choose(total, count) + count * math.log(ratio) + (total - count) * math.log1p(-ratio)
    term = tail = math.exp(log_term)
    for found in range(count, total):
        term *= (total - found) / (found + 1) * ratio / (1 - ratio)
        tail += term
        if term <= tail * _NOTHING:  # equal: both are too small for a float
            break
    return min(1.0, tail)


def at_most(count: int, total: int, ratio: float) -> float:
    """How probable it is to see `count` or fewer of `total` where each comes with probability `ratio` (0–1)."""
    return at_least(total - count, total, 1 - ratio)


def rate_at_least(count: int, total: float, base: int, base_total: float, times: float) -> float:
    """How probable a count this high is where the rate is `times` the base's: small where it is more.

    Of two Poisson counts, given their sum, the first is binomial, whatever the rates are (Przyborowski and Wilenski, Biometrika 31,
    1940): the noise of both is counted in, and it is exact for any size. Shares of requests are less noisy than Poisson counts, so that
    it errs on the side of no decision. 1 where either side has nothing.
    """
    share = _share(total, base_total, times)
    return at_least(count, count + base, share) if share is not None else 1.0


def rate_at_most(count: int, total: float, base: int, base_total: float, times: float) -> float:
    """Likewise for a count this low: small where the rate is surely less than `times` the base's."""
    share = _share(total, base_total, times)
    return at_most(count, count + base, share) if share is not None else 1.0


def _share(total: float, base_total: float, times: float) -> float | None:
    return times * total / (times * total + base_total) if total > 0 and base_total > 0 else None


def chi_square_below(value: float, freedom: int, shift: float = 0.0) -> float:
    """How probable a χ² with so many degrees of freedom, moved away by `shift` (the noncentrality), is to stay at or below `value`.

    The cube root is about normal (Abdel-Aty, Biometrika 41, 1954; without a shift Wilson and Hilferty's): near in the
    middle, and up to a half too probable far out, where it errs on the side of no decision.
    """
    return normal_above(-_cube_root(value, freedom, shift))


def chi_square_above(value: float, freedom: int, shift: float = 0.0) -> float:
    return normal_above(_cube_root(value, freedom, shift))


def _cube_root(value: float, freedom: int, shift: float) -> float:
    centre = freedom + shift
    spread = 2 / 9 * (freedom + 2 * shift) / centre**2
    return (math.cbrt(value / centre) - (1 - spread)) / math.sqrt(spread)


def normal_above(z: float) -> float:
    """The upper tail of the standard normal distribution."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
