"""How sure a single look must be, so that all looks of a gate together are as wrong as its settings allow, and no more.

Who looks 116 times at growing data and stops at the first p-value below 1 % is wrong far more often than that. This is a group-sequential
design. Six tenths of the allowed error are spread evenly over all looks at one constant level (Pocock's kind of boundary: as many steps
down as it takes, and a catastrophe is seen at the first looks); four tenths are kept for the last one before the time is up, where a
decision saves a person from being asked. The two add up (Bonferroni), whatever the looks have to do with each other.

The constant level: over counts that grow from the first look to the last, a test's z is about W(t)/√t of a Brownian motion W, and

    P(z ≥ b anywhere between t₀ and t₁) ≈ φ(b) · [(b − 1/b) · ln(t₁/t₀) + 4/b] / 2

(Miller and Siegmund, Biometrics 38, 1982; Siegmund, Sequential Analysis, 1985, chapter 4; half of the two-sided value). Looks that are
apart see less of it than one that never blinks, and the tests below are exact for small counts: both err on the side of no decision.
A baseline that is the same for all looks makes them more alike, which errs on that side, too. `tests/bench/gates.py` holds all of it
against simulated promotions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from tui.domain.gates.settings import Gate
from tui.domain.gates.statistics import normal_above

_FOR_THE_LAST = 0.4
"""Of the allowed error. Tried from 0.2 to 0.6: below, undecided gates grow more frequent; above, decisions take longer."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Below which p-value one look passes a criterion, and fails it."""

    passing: float
    failing: float


def levels(gate: Gate, elapsed: float | None = None) -> Levels:
    """At so many seconds since the gate began; None: as at any look but the last.

    A version is let in only where every criterion passes, and is bad in one at least: `wrong_pass` is each one's. It is undone where any
    fails: they share `wrong_undo`. After the time is up a person has been asked, and every further look is as strict as those before.
    """
    first, whole = gate.interval, max(gate.interval, gate.timeout - gate.warm_up)
    last = elapsed is not None and gate.timeout - 1.5 * gate.interval < elapsed <= gate.timeout
    shared = gate.wrong_undo / max(1, gate.tested)
    if last:
        return Levels(_FOR_THE_LAST * gate.wrong_pass, _FOR_THE_LAST * shared)
    spread, times = 1 - _FOR_THE_LAST, whole / first
    return Levels(each_look(spread * gate.wrong_pass, times), each_look(spread * shared, times))


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
