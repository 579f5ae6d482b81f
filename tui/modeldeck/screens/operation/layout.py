"""How an operation's panes share the screen: a pure function of its size and of how much each of them has to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NARROW, LOW = 100, 30
"""Below this many columns or rows the steps share the screen with one other pane."""

STEPS, ROLLOUT, GATE, LOG = "steps", "rollout", "gate", "log"
PANES = (STEPS, ROLLOUT, GATE, LOG)
LEFT = (STEPS, ROLLOUT)

FRAME = 2
"""Columns, and rows, that a pane's frame takes."""
_LEFT_SHARE = 0.42
_MOST = 0.6
"""Of a column's height that its upper pane takes at most."""
_LOG = 5
"""Lines of the log that are worth a place beside the steps."""


@dataclass(frozen=True, slots=True)
class PaneLayout:
    """What is shown and how wide it is, frames included. `alone`: one pane has all of it; `stacked`: the steps stand above one other."""

    widths: Mapping[str, int]
    alone: bool = False
    stacked: bool = False

    def inner(self, name: str) -> int:
        """Columns for a pane's text; for one that is not shown as many as it would have."""
        return max(1, self.widths.get(name, max(self.widths.values(), default=1)) - FRAME)


def place(width: int, *, narrow: bool, beside: str, zoomed: str | None) -> PaneLayout:
    """`beside`: the pane that is wanted beside the steps where there is no room for all; `zoomed`: the one that is wanted alone."""
    if zoomed is not None:
        return PaneLayout({zoomed: width}, alone=True)
    if narrow and beside == STEPS:
        return PaneLayout({STEPS: width}, alone=True)
    if narrow:
        return PaneLayout({STEPS: width, beside: width}, stacked=True)
    left = round(width * _LEFT_SHARE)
    return PaneLayout({name: left if name in LEFT else width - left for name in PANES})


def heights(found: PaneLayout, height: int, needs: Mapping[str, int], ribbon: int) -> dict[str, int]:
    """Rows of each pane that is shown, frames included. `needs`: lines that each has to say; `ribbon`: those of the steps in short."""
    shown = tuple(found.widths)
    if found.alone:
        return {shown[0]: height}
    if found.stacked:
        return _stacked(shown[1], height, needs, ribbon)
    rows: dict[str, int] = {}
    for upper, lower in ((STEPS, ROLLOUT), (GATE, LOG)):
        rows[upper] = max(FRAME + 1, min(needs[upper] + FRAME, int(height * _MOST)))
        rows[lower] = max(0, height - rows[upper])
    return rows


def in_short(found: PaneLayout, height: int, needs: Mapping[str, int]) -> bool:
    """Whether the steps have to be told in short, so that what matters now is seen."""
    if not found.stacked:
        return False
    beside = next(name for name in found.widths if name != STEPS)
    wanted = min(needs[beside], _LOG) if beside == LOG else needs[beside]
    return height - needs[STEPS] - FRAME < wanted + FRAME


def _stacked(beside: str, height: int, needs: Mapping[str, int], ribbon: int) -> dict[str, int]:
    short = in_short(PaneLayout({STEPS: 0, beside: 0}, stacked=True), height, needs)
    steps = min(height, (ribbon if short else needs[STEPS]) + FRAME)
    return {STEPS: steps, beside: max(0, height - steps)}
