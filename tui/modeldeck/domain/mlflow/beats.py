"""When to read again what is large, so that all consoles of a host do so at the same times: then one reading is enough for all of them."""

from __future__ import annotations

import math


def beat(seconds: float) -> float:
    """The period for a pause of about so many seconds: a power of two. Consoles that know nearly the same come to the same."""
    return float(2 ** math.ceil(math.log2(seconds))) if seconds > 1 else 1.0


def beats_between(period: float, earlier: float, now: float) -> bool:
    """Whether a multiple of the period lies between two times (seconds since the epoch), or the clock was set back."""
    return now // period != earlier // period
