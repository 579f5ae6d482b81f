"""Who moved what, when, from what to what, and why: the moves that are known, newest first."""

from __future__ import annotations

import time
from collections.abc import Iterable

from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
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


def move_line(operation: Operation, source: str, now: float) -> Line:
    """Others' moves are told apart by their kind and its colour. Of one that was seen between two readings, the later time is shown."""
    sign, role = _ENDS[operation.outcome] if operation.outcome or operation.state is not State.ENDED else ("–", "muted")
    others = operation.kind is Kind.MOVE
    moment = (operation.finished_at if others else None) or operation.started_at
    at = time.strftime("%m-%d %H:%M", time.localtime(moment))
    why = operation.reason or operation.message
    return (
        Cell(f" {sign} ", role),
        Cell(f"{at} {numbers.age(now - moment):>5}  ", "muted"),
        Cell(f"{_where(operation):<24}  "),
        Cell(f"{operation.model} {_versions(operation):<10}  ", "version"),
        Cell(f"{operation.kind:<9}", "warn" if others else ""),
        Cell(f"{operation.actor or 'somebody':<20}  ", "" if operation.actor else "muted"),
        Cell(f"{source:<8}  ", "muted"),
        Cell(why, "muted"),
    )


def _where(operation: Operation) -> str:
    return operation.key if operation.deployment else f"alias {operation.alias}"


def _versions(operation: Operation) -> str:
    """An alias that is not there points at nothing; of a template that somebody changed it may not be known."""
    missing = "v?" if operation.deployment else "nothing"
    before = f"v{operation.from_version}" if operation.from_version else missing
    return f"{before} → {f'v{operation.to_version}' if operation.to_version else missing}"


def history_lines(moves: Iterable[tuple[Operation, str]], now: float) -> list[Line]:
    """`moves`: operations with where they are known from."""
    lines = [move_line(operation, source, now) for operation, source in moves]
    return lines or [(Cell("nothing is known to have been moved here yet", "muted"),)]
