"""How sure a single look must be, so that all looks of a gate together are as wrong as its settings allow, and no more.

Who looks 116 times at growing data and stops at the first p-value below 1 % is wrong far more often than that. This is a group-sequential
design: the looks share the allowed error (an error-spending function: Lan and DeMets, Biometrika 70, 1983), and their parts add up
(Bonferroni), whatever the looks have to do with each other.

- A part is spread evenly over all looks at one constant level (Pocock's kind of boundary: as many steps down as it takes).
- A part is kept for the last look before the time is up, where a decision saves a person from being asked.
- Of undoing, six tenths are for the look after two intervals: a catastrophe shows there, and few requests have come until then. Of fifteen
  of which each may fail by an even chance, p (of a tenth or less) is below the 3e-3 of that look in 85 %, below the 2e-5 of others in 30 %.

The constant level: over counts that grow from the first look to the last, a test's z is about W(t)/√t of a Brownian motion W, and

    P(z ≥ b anywhere between t₀ and t₁) ≈ φ(b) · [(b − 1/b) · ln(t₁/t₀) + 4/b] / 2

(Miller and Siegmund, Biometrics 38, 1982; Siegmund, Sequential Analysis, 1985, chapter 4; half of the two-sided value). Looks that are
apart see less of it than one that never blinks, and the tests below are exact for small counts: both err on the side of no decision.
A baseline that is the same for all looks makes them more alike, which errs on that side, too. `tests/bench/gates.py` holds all of it
against simulated promotions, and tells how often any other test could undo a catastrophe at the second look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from modeldeck.domain.gates.settings import Gate
from modeldeck.domain.gates.statistics import normal_above

_PASS_AT_THE_LAST = 0.4
"""Of the allowed error. Tried from 0.2 to 0.6: below, undecided gates grow more frequent; above, decisions take longer."""
_UNDO_SOON, _UNDO_AT_THE_LAST = 0.6, 0.2
"""More for soon would undo hardly more often (0.5 to 0.9 were tried); less for the others leaves more of what is bad to a person."""
_APART = 1e-6
"""Of an interval: of two looks that are one interval apart but for the last digit of their times, never both are in a span."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Below which p-value one look passes a criterion, and fails it."""

    passing: float
    failing: float


def levels(gate: Gate, elapsed: float | None = None) -> Levels:
    """At so many seconds since the gate began; None: as at any look but those that have a part of their own.

    A version is let in only where every criterion passes, and is bad in one at least: `wrong_pass` is each one's. It is undone where any
    fails: they share `wrong_undo`. After the time is up a person has been asked, and every further look is as strict as those before.
    """
    times = max(gate.interval, gate.timeout - gate.warm_up) / gate.interval
    shared = gate.wrong_undo / _parts(gate)
    passing = each_look((1 - _PASS_AT_THE_LAST) * gate.wrong_pass, times)
    failing = each_look((1 - _UNDO_SOON - _UNDO_AT_THE_LAST) * shared, times)
    if elapsed is None:
        return Levels(passing, failing)
    soon = _UNDO_SOON if 1.5 + _APART < (elapsed - gate.warm_up) / gate.interval < 2.5 else 0.0
    if not gate.timeout - (1 - _APART) * gate.interval < elapsed <= gate.timeout:  # one look alone, as they are an interval apart
        return Levels(passing, soon * shared or failing)
    return Levels(_PASS_AT_THE_LAST * gate.wrong_pass, (soon + _UNDO_AT_THE_LAST) * shared)


def _parts(gate: Gate) -> int:
    """Among how many criteria `wrong_undo` is shared. The two of errors have one part: they count the same failures, so that either is
    wrong hardly more often than one, and less often than it may be (counted out and simulated in tests/domain/gates)."""
    both = gate.max_error_ratio is not None and gate.max_error_rise is not None
    return max(1, gate.tested - both)


@lru_cache(maxsize=256)
def each_look(allowed: float, times: float) -> float:
    """The level of each look at which all together are wrong with probability `allowed` (below 0.5); `times`: how many times as much has
    been counted at the last as at the first."""
    low, high = 0.5, 40.0  # bisected: the probability falls as b rises
    for _ in range(60):
        b = (low + high) / 2
        low, high = (b, high) if _anywhere(b, times) > allowed else (low, b)
    return min(allowed, normal_above(high))


def _anywhere(b: float, times: float) -> float:
    return math.exp(-b * b / 2) / math.sqrt(2 * math.pi) * ((b - 1 / b) * math.log(times) + 4 / b) / 2
