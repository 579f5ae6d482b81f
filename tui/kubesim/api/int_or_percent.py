"""Numbers that may be a percentage (`25%`) of something."""

from __future__ import annotations


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """`25%` of `total`, rounded up or down; a plain number is itself (intstr.GetScaledValueFromIntOrPercent)."""
    if isinstance(value, int):
        return value
    percent = int(value.removesuffix("%"))
    return -(-percent * total // 100) if up else percent * total // 100
