"""Error budgets and burn rates of counted requests.

A burn rate is the share of bad requests ÷ the share that may be bad: at 1 the budget is gone at the end of the objective's window. What is
counted may be a lower bound; then everything here is a range, and a verdict is given only where both ends agree on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

HOUR = 3600.0
LEAST_REQUESTS, LEAST_BAD = 20, 3
"""Below so many requests nothing is said, and of fewer bad ones than that nobody is told that a budget burns."""


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Budget burns too fast where the burn rate is at least `rate` in both windows (seconds): the short one tells that it goes on."""

    rate: float
    long: float
    short: float


RULES = (BurnRule(14.4, HOUR, 300), BurnRule(6, 6 * HOUR, 1800), BurnRule(3, 24 * HOUR, 2 * HOUR), BurnRule(1, 72 * HOUR, 6 * HOUR))
"""Those of the Site Reliability Workbook, for 30 days."""


class Standing(StrEnum):
    """Of a threshold, or of a rule. A contract: these stand in `slo --output json`."""

    OK = "ok"
    BREACHED = "breached"
    INSUFFICIENT = "insufficient"
    NO_DATA = "no data"
    UNREACHABLE = "unreachable"
    """Even if every request failed it would not be breached."""


@dataclass(frozen=True, slots=True)
class Count:
    """Requests of a window, as Prometheus stretches counters to it: no whole numbers."""

    requests: float
    bad: float
    unsure: float | None = 0.0
    """So many more may have been bad, and are not among `requests`; None: nobody knows how many."""
    partial: bool = False
    """Whether data are missing or doubtful: enough to tell that something is bad, never that it is well."""

    @property
    def least(self) -> float:
        """The share of bad requests, at least."""
        return min(1.0, self.bad / self.requests)

    @property
    def most(self) -> float | None:
        return None if self.unsure is None else min(1.0, (self.bad + self.unsure) / (self.requests + self.unsure))


def least_requests(threshold: float) -> int:
    """As many as would have shown a share of `threshold` bad ones: with none bad of 3 ÷ threshold, it is excluded with 95 %."""
    return max(LEAST_REQUESTS, math.ceil(3 / threshold))


def standing(count: Count | None, threshold: float) -> Standing:
    """Whether a share of at least `threshold` was bad. That they were not is said of as many as would have shown it only."""
    if threshold > 1:
        return Standing.UNREACHABLE
    if count is None or not count.requests > 0:
        return Standing.NO_DATA
    if count.requests >= LEAST_REQUESTS and count.bad >= LEAST_BAD and count.least >= threshold:
        return Standing.BREACHED
    enough = count.requests >= least_requests(threshold)
    if enough and not count.partial and count.most is not None and count.most < threshold:
        return Standing.OK
    return Standing.INSUFFICIENT


@dataclass(frozen=True, slots=True)
class Burn:
    """One rule, and what there is of it."""

    rule: BurnRule
    standing: Standing
    long: float | None
    """The burn rate, at least; None without data."""
    short: float | None


def burn(rule: BurnRule, target: float, long: Count | None, short: Count | None) -> Burn:
    """`target`: the share of good requests, below 1."""
    budget = 1 - target
    each = [standing(count, rule.rate * budget) for count in (long, short)]
    rates = [count.least / budget if count is not None and count.requests > 0 else None for count in (long, short)]
    return Burn(rule, _both(each[0], each[1]), rates[0], rates[1])


def _both(one: Standing, other: Standing) -> Standing:
    """One window that surely is well is enough for the rule to be kept."""
    for found in (Standing.UNREACHABLE, Standing.OK, Standing.NO_DATA, Standing.INSUFFICIENT):
        if found in (one, other):
            return found
    return Standing.BREACHED


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of the bad requests that were allowed: 1 is all of it, below 0 more was spent than there was. None: not known."""

    standing: Standing
    count: Count | None = None
    left: float | None = None
    """At most."""
    left_at_least: float | None = None


def budget(target: float, count: Count | None) -> Budget:
    if count is None or not count.requests > 0:
        return Budget(Standing.NO_DATA, count)
    allowed = 1 - target
    least = None if count.most is None else 1 - count.most / allowed
    return Budget(standing(count, allowed), count, 1 - count.least / allowed, least)
