"""The columns of the list of operations, and its rows: those that have not ended stand first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.common.liveness import is_abandoned, unheard
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.moves import CUT_OFF, at_work, sign, standing
from modeldeck.render.text import clean
from modeldeck.screens.shared.available_actions import untaken
from modeldeck.widgets.table.source import Column, TableSource


@dataclass(frozen=True, slots=True)
class Row:
    """`gone`: whoever carried it out is gone before its end."""

    operation: Operation
    gone: bool = False
    unheard: int | None = None
    """Whole seconds since the last sign of life of a process that may hang."""

    @property
    def id(self) -> str:
        return self.operation.id


def rows_of(operations: Iterable[Operation], known: Mapping[str, Row], now: float) -> list[Row]:
    """Those under way first, then the newest; the same rows as before where nothing is new."""
    found = [_row(operation, known.get(operation.id), now) for operation in operations]
    return sorted(found, key=lambda row: row.operation.state is State.ENDED)


def _row(operation: Operation, before: Row | None, now: float) -> Row:
    gone = is_abandoned(operation) or untaken(operation, now)
    quiet = None if gone else unheard(operation, now)
    row = Row(operation, gone, None if quiet is None else int(quiet))
    return before if before is not None and before.operation is operation and before == row else row


def source(now: Callable[[], float], empty: str) -> TableSource[Row]:
    columns: tuple[Column[Row], ...] = (
        Column("when", "when", lambda row: _when(row, now()), sort=lambda row: row.operation.started_at, descending=True, align="right"),
        Column("state", "state", _state, sort=lambda row: _state(row).text, max_width=16, min_width=7),
        Column("took", "took", lambda row: _took(row, now()), sort=lambda row: _seconds(row, now()), align="right", priority=5),
        Column("who", "who", lambda row: Cell(row.operation.actor or "–"), sort=lambda row: row.operation.actor, priority=4, max_width=20),
        Column("kind", "kind", lambda row: Cell(row.operation.kind.value, "muted"), sort=lambda row: row.operation.kind.value, priority=6),
        Column("deployment", "deployment", _where, sort=lambda row: row.operation.key, min_width=14, max_width=32),
        Column(
            "model",
            "model",
            lambda row: Cell(row.operation.last.model),
            sort=lambda row: row.operation.last.model,
            priority=3,
            max_width=20,
        ),
        Column("move", "from → to", _move, sort=lambda row: row.operation.last.to_version, priority=1, max_width=18),
        Column("message", "how it stands", _words, priority=2, min_width=24, max_width=200, weight=1),
    )
    return TableSource(columns, sign=lambda row: sign(row.operation, cut_off=row.gone), empty=empty)


def _where(row: Row) -> Cell:
    """The last one, which matters most, and how many come before it: their names are on the operation's own screen."""
    further = len(row.operation.changes) - 1
    return Cell(row.operation.key + (f" +{further}" if further else ""))


def _model(row: Row) -> str:
    return row.operation.last.model


def story(row: Row) -> Line:
    """One operation in a sentence: who, why, and how it stands."""
    operation = row.operation
    why = f" “{operation.reason}”" if operation.reason else ""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(operation.started_at))
    message = _words(row)
    return (Cell(f"{at} {clean(operation.actor, limit=24) or 'somebody'}", "muted"), Cell(why), Cell("  "), message)


def _when(row: Row, now: float) -> Cell:
    return Cell(numbers.age(now - row.operation.started_at), "muted")


def _state(row: Row) -> Cell:
    if row.unheard is not None:
        return Cell("not heard", "bad")
    return Cell(standing(row.operation, cut_off=row.gone), sign(row.operation, cut_off=row.gone).role)


def _seconds(row: Row, now: float) -> float:
    return (row.operation.finished_at or now) - row.operation.started_at


def _took(row: Row, now: float) -> Cell:
    seconds = _seconds(row, now)
    return Cell(numbers.duration(seconds if seconds < 10 else float(round(seconds))), "muted")


def _move(row: Row) -> Cell:
    return Cell(f"{row.operation.last.from_version or '?'} → {row.operation.last.to_version}", "version")


def _words(row: Row) -> Cell:
    operation = row.operation
    if operation.state is State.ENDED:
        return Cell(operation.message, "muted")
    if row.gone:
        work = at_work(operation)
        return Cell(f"{CUT_OFF}{f' at {work}' if work else ''}: enter, then resume or undo", "bad")
    if row.unheard is not None:
        return Cell(f"not heard for {row.unheard} s: enter, then resume or undo", "bad")
    if operation.waiting is not None:
        return Cell(operation.waiting.text, "warn")
    return Cell(at_work(operation), "accent")
