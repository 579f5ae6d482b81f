"""Values of criteria for people."""

from __future__ import annotations

from modeldeck.domain.gates.settings import Op

_SIGNS = {Op.AT_MOST: "≤", Op.BELOW: "<", Op.AT_LEAST: "≥", Op.ABOVE: ">", Op.EQUAL: "=", Op.UNEQUAL: "≠"}


def shown(value: float | None, unit: str) -> str:
    """ "1.2 %" of a ratio, "120 ms" or "1.5 s" of seconds, "1.31 ×", else the number with its unit. "–" where it is not known."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
    if unit in ("×", "PSI"):
        return f"{value:.3g} {unit}"
    return f"{value:.6g} {unit}".rstrip()


def bound_words(op: Op, bound: float, unit: str) -> str:
    return f"{_SIGNS[op]} {shown(bound, unit)}"


def span(seconds: float) -> str:
    """ "40 s", "9 min", "3 h", "2 d": about how long."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 1.95 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(1.0, seconds):.0f} s"
