"""Kubernetes' quantities ("500m", "1.5Gi", "1e3") as the scheduler counts them: CPU in thousandths, everything else in whole units."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

_QUANTITY = re.compile(r"([+-]?)([0-9]{0,24})(?:\.([0-9]{0,18}))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?[0-9]{1,2}))?")
# No longer than an API server's own: 64 bits, and nine digits after the point. An exponent without end would fill the memory.
_SCALE = {
    "": Fraction(1),
    **{unit: Fraction(10) ** exponent for unit, exponent in zip("num", (-9, -6, -3), strict=True)},
    **{unit: Fraction(10) ** (3 * (at + 1)) for at, unit in enumerate("kMGTPE")},
    **{f"{unit}i": Fraction(1024) ** (at + 1) for at, unit in enumerate("KMGTPE")},
}


@lru_cache(maxsize=4096)  # thousands of pods ask for the same few
def amount(resource: str, text: str) -> int | None:
    """How much of a resource that is, rounded up. None where it is no quantity."""
    found = _QUANTITY.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        return None
    number = Fraction(int((found[2] or "0") + (found[3] or "")), 10 ** len(found[3] or ""))
    number *= Fraction(10) ** int(found[5]) if found[5] else _SCALE[found[4] or ""]
    return math.ceil((-number if found[1] == "-" else number) * (1000 if resource == "cpu" else 1))
