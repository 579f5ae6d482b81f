"""Who moved what, when, from what to what, and why: the moves that are known, newest first."""

from __future__ import annotations

import time
from collections.abc import Iterable

from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line, Role

_ENDS: dict[Outcome | None, tuple[str, Role]] = {
    Outcome.DONE: ("✔", "ok"),
    Outcome.NOTHING_TO_DO: ("–", "muted"),
    Outcome.UNDONE: ("↶", "warn"),
    Outcome.REFUSED: ("✘", "bad"),
    Outcome.NEEDS_ATTENTION: ("!", "bad"),
    None: ("▸", "accent"),
}


def move_line(entry: HistoryEntry, now: float) -> Line:
    """Others' moves are told apart by their kind and its colour. Of one that was seen between two readings, the later time is shown."""
    sign, role = _ENDS[entry.outcome] if entry.outcome or entry.state is not State.ENDED else ("–", "muted")
    others = entry.kind is Kind.MOVE
    moment = (entry.finished_at if others else None) or entry.started_at
    at = time.strftime("%m-%d %H:%M", time.localtime(moment))
    why = entry.reason or entry.message
    return (
        Cell(f" {sign} ", role),
        Cell(f"{at} {numbers.age(now - moment):>5}  ", "muted"),
        Cell(f"{_where(entry.last):<24}  "),
        Cell(f"{entry.last.model} {_versions(entry.last):<10}  ", "version"),
        Cell(f"{entry.kind:<9}", "warn" if others else ""),
        Cell(f"{entry.actor or 'somebody':<20}  ", "" if entry.actor else "muted"),
        Cell(f"{entry.source:<8}  ", "muted"),
        Cell(why, "muted"),
    )


def _where(change: VersionChange) -> str:
    return change.key or f"alias {change.alias}"


def _versions(change: VersionChange) -> str:
    """An alias that is not there points at nothing; of a template that somebody changed it may not be known."""
    missing = "v?" if change.key else "nothing"
    before = f"v{change.from_version}" if change.from_version else missing
    return f"{before} → {f'v{change.to_version}' if change.to_version else missing}"


def history_lines(entries: Iterable[HistoryEntry], now: float) -> list[Line]:
    lines = [move_line(entry, now) for entry in entries]
    return lines or [(Cell("nothing is known to have been moved here yet", "muted"),)]
