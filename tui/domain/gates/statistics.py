"""The few tests that gates decide by, without a statistics package: every p-value is one-sided, "worse than", and needs counts."""

from __future__ import annotations

import math

LARGE = 2_000
"""Up to so many of the rarest outcome the exact test is used: it is right at any size, and only slow where the approximation is good."""


def two_proportions(failed: int, total: int, base_failed: int, base_total: int) -> float:
    """How probable it is to see at least `failed` of `total` if both share one ratio: small where the first ratio is the worse one.

    Exact (Fisher) for small counts, which errs on the side of no difference; else the pooled normal approximation. 1 where either side
    has nothing. Raises ValueError for counts that cannot be.
    """
    if not (0 <= failed <= total and 0 <= base_failed <= base_total):
        raise ValueError(f"{failed} of {total} and {base_failed} of {base_total} are no counts")
    if total == 0 or base_total == 0:
        return 1.0
    all_failed = failed + base_failed
    if min(all_failed, total + base_total - all_failed, total, base_total) <= LARGE:
        return fisher(failed, total, base_failed, base_total)
    return pooled(failed, total, base_failed, base_total)


def pooled(failed: int, total: int, base_failed: int, base_total: int) -> float:
    """The normal approximation with the pooled variance; the two p-values of a swap add up to 1, and equal ratios give 0.5."""
    ratio = (failed + base_failed) / (total + base_total)
    variance = ratio * (1 - ratio) * (1 / total + 1 / base_total)
    if variance == 0:
        return 1.0
    z = (failed / total - base_failed / base_total) / math.sqrt(variance)
    return 0.5 * math.erfc(z / math.sqrt(2))


def fisher(failed: int, total: int, base_failed: int, base_total: int) -> float:
    """The upper tail of the hypergeometric distribution that the margins leave."""
    all_failed, everything = failed + base_failed, total + base_total
    if failed == 0 or base_failed == base_total:  # it could not be lower
        return 1.0
    if failed * everything <= all_failed * total:  # sum the short side: from far out on the long one, floats do not find the middle
        return max(0.0, 1.0 - fisher(base_failed + 1, base_total, failed - 1, total))
    log_ways = _log_choose(total, failed) + _log_choose(base_total, base_failed) - _log_choose(everything, all_failed)
    term = tail = math.exp(log_ways)
    for count in range(failed, min(all_failed, total)):
        term *= (total - count) * (all_failed - count) / ((count + 1) * (base_total - all_failed + count + 1))
        tail += term
        if term < tail * _NOTHING:
            break
    return min(1.0, tail)


def binomial(at_least: int, total: int, ratio: float) -> float:
    """How probable it is to see `at_least` or more of `total` where each comes with probability `ratio` (0–1)."""
    if at_least <= 0:
        return 1.0
    if at_least > total or ratio <= 0:
        return 0.0
    if ratio >= 1:
        return 1.0
    if at_least < total * ratio:  # sum the short side
        return max(0.0, 1.0 - binomial(total - at_least + 1, total, 1 - ratio))
    log_term = _log_choose(total, at_least) + at_least * math.log(ratio) + (total - at_least) * math.log1p(-ratio)
    term = tail = math.exp(log_term)
    for count in range(at_least, total):
        term *= (total - count) / (count + 1) * ratio / (1 - ratio)
        tail += term
        if term < tail * _NOTHING:
            break
    return min(1.0, tail)


def chi_square_quantile(freedom: int) -> float:
    """The 99 % quantile of χ² (Wilson and Hilferty's approximation, good to about 1 % from two degrees of freedom on)."""
    if freedom <= 0:
        return 0.0
    part = 2 / (9 * freedom)
    return freedom * (1 - part + _Z_99 * math.sqrt(part)) ** 3


_Z_99 = 2.3263478740408408
_NOTHING = 1e-17
"""A term that is this much smaller than the sum does not change it any more, nor do those after it."""


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
