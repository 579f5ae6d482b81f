"""A series in one line of a cell: `▁▂▅█▂`."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int, *, zero: bool = False) -> str:
    """Draw `values` in exactly `width` cells, the newest at the right.

    Each cell shows the largest value that falls into it, so that a spike is never averaged away. None, NaN and infinities are
    gaps and do not move the scale. With `zero`, the scale begins at zero; without, at the smallest value.
    """
    if width <= 0:
        return ""
    columns = _columns(values, width)
    finite = [value for value in columns if value is not None]
    if not finite:
        return " " * width
    low = min(0.0, *finite) if zero else min(finite)
    span = max(finite) - low
    if span <= 0 or not math.isfinite(span):
        flat = _BARS[0] if finite[0] <= 0 or not zero else _BARS[-1]
        return "".join(" " if value is None else flat for value in columns)
    top = len(_BARS) - 1
    return "".join(" " if value is None else _BARS[round((value - low) / span * top)] for value in columns)


def _columns(values: Sequence[float | None], width: int) -> list[float | None]:
    """The largest finite value of each of `width` equal parts; short series stand at the right."""
    count = len(values)
    if count <= width:
        return [None] * (width - count) + [value if value is not None and math.isfinite(value) else None for value in values]
    columns: list[float | None] = []
    for column in range(width):
        part = values[column * count // width : (column + 1) * count // width]
        finite = [value for value in part if value is not None and math.isfinite(value)]
        columns.append(max(finite) if finite else None)
    return columns
