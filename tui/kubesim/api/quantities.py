"""Resource quantities (`100m`, `1Gi`), kept in the canonical form that a real API server writes back."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def amount(value: str | int | float) -> Decimal | None:
    """The plain number, or None when `value` is no quantity."""
    match = _QUANTITY.match(str(value))
    if match is None:
        return None
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY[1:]:
        return number * Decimal(1024) ** _BINARY.index(suffix)
    if suffix and suffix[0] in "eE" and suffix != "E":
        return number.scaleb(int(suffix[1:]))
    return number.scaleb(_DECIMAL[suffix])


def canonical_quantity(value: str | int | float) -> str | None:
    """`1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`; None when `value` is no quantity."""
    if isinstance(value, bool):
        return None
    total = amount(value)
    if total is None:
        return None
    suffix = _QUANTITY.match(str(value))
    if suffix is not None and (suffix[2] or "") in _BINARY[1:] and abs(total) >= 1024 and total == total.to_integral_value():
        return _binary(int(total))
    canonical = _decimal(total)
    if suffix is not None and (suffix[2] or "")[:1] in ("e", "E") and suffix[2] != "E":
        # Written with an exponent, kept with one.
        number, unit = canonical.rstrip("numkMGTPE"), canonical.lstrip("-0123456789")
        return number if not unit else f"{number}e{_DECIMAL[unit]}"
    return canonical


def _binary(total: int) -> str:
    step = 0
    while total and total % 1024 == 0 and step < len(_BINARY) - 1:
        total //= 1024
        step += 1
    return f"{total}{_BINARY[step]}"


def _decimal(total: Decimal) -> str:
    if total == 0:
        return "0"
    for suffix, exponent in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        scaled = total.scaleb(-exponent)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    # Finer than a nano: rounded up, as the real one does.
    return f"{int(total.scaleb(9).to_integral_value(rounding='ROUND_CEILING'))}n"
