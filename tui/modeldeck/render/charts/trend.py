"""How a gate's criterion went, in one line of a cell: bars that are as tall as the value is near its bound, in the colour of the verdict.

The bound stands always at the same height: a bar of the two tallest kinds is beyond it, in any theme and without colour, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from modeldeck.domain.gates import GateVerdict
from modeldeck.domain.gates.settings import Op
from modeldeck.render.cell import Cell, Role

_WITHIN = "▁▂▃▄▅▆"
_BEYOND = "▇█"
_FAR = 1.5
"""From so many times the bound on, a bar is of the tallest kind."""
_UNKNOWN = {GateVerdict.ERROR: "!", GateVerdict.INSUFFICIENT: "·"}
ROLES: dict[GateVerdict, Role] = {
    GateVerdict.PASS: "ok",
    GateVerdict.FAIL: "bad",
    GateVerdict.INSUFFICIENT: "muted",
    GateVerdict.ERROR: "warn",
}
_WORST = (GateVerdict.PASS, GateVerdict.INSUFFICIENT, GateVerdict.ERROR, GateVerdict.FAIL)


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion at one moment. `value` None: not known."""

    value: float | None
    verdict: GateVerdict


def trend(history: Sequence[Judged], width: int, *, limit: float | None, op: Op = Op.AT_MOST) -> tuple[Cell, ...]:
    """Exactly `width` cells, filled from the left as judgements come. Where several of them share one, the worst is shown."""
    if width <= 0:
        return ()
    shown = _columns(history, width)
    scale = _scale(shown, limit, op)
    drawn = [(" ", "") if judged is None else (_bar(judged, scale, limit, op), ROLES[judged.verdict]) for judged in shown]
    return tuple(Cell("".join(bar for bar, _ in run), role) for role, run in groupby(drawn, key=lambda each: each[1]))


def _columns(history: Sequence[Judged], width: int) -> list[Judged | None]:
    count = len(history)
    if count <= width:
        return list(history) + [None] * (width - count)
    parts = (history[column * count // width : (column + 1) * count // width] for column in range(width))
    return [max(part, key=_badness) for part in parts]


def _badness(judged: Judged) -> tuple[int, float]:
    value = judged.value if judged.value is not None and math.isfinite(judged.value) else -math.inf
    return _WORST.index(judged.verdict), value


def _scale(shown: Sequence[Judged | None], limit: float | None, op: Op) -> float:
    """What stands at the top of the bars that are within: the bound, where it is one from above; else the largest value."""
    if limit is not None and limit > 0 and op in (Op.AT_MOST, Op.BELOW):
        return limit
    values = [abs(judged.value) for judged in shown if judged is not None and judged.value is not None and math.isfinite(judged.value)]
    return max(values, default=0.0) or 1.0


def _bar(judged: Judged, scale: float, limit: float | None, op: Op) -> str:
    value = judged.value
    if value is None or not math.isfinite(value):
        return _UNKNOWN.get(judged.verdict, "·")
    if judged.verdict is GateVerdict.FAIL or (limit is not None and not op.holds(value, limit)):
        return _BEYOND[abs(value) >= _FAR * scale]
    return _WITHIN[min(len(_WITHIN) - 1, int(min(1.0, abs(value) / scale) * len(_WITHIN)))]
