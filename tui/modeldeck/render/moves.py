"""Words and signs that plans and operations share. Each sign differs from the others: colour is never the only one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.checks import Verdict
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.render.cell import Cell, Line, Role

EMPTY: Line = (Cell(""),)

CUT_OFF = "cut off"
"""How an operation stands whose process is gone before its end."""

_STATES: dict[str, tuple[str, Role]] = {
    State.PLANNED: ("·", "muted"),
    State.RUNNING: ("▸", "accent"),
    State.WAITING: ("?", "warn"),
    State.UNDOING: ("◂", "warn"),
    CUT_OFF: ("×", "bad"),
    State.ENDED: ("–", "muted"),
    Outcome.DONE: ("✔", "ok"),
    Outcome.NOTHING_TO_DO: ("–", "muted"),
    Outcome.UNDONE: ("↶", "warn"),
    Outcome.REFUSED: ("✘", "bad"),
    Outcome.NEEDS_ATTENTION: ("!", "bad"),
}

_STEPS: dict[StepState, tuple[str, Role]] = {
    StepState.PLANNED: ("·", "muted"),
    StepState.TRYING: ("▸", "accent"),
    StepState.DONE: ("✔", "ok"),
    StepState.FAILED: ("✘", "bad"),
    StepState.SKIPPED: ("–", "muted"),
    StepState.UNDOING: ("◂", "warn"),
    StepState.UNDONE: ("↶", "warn"),
    StepState.UNDO_FAILED: ("!", "bad"),
}


_VERDICTS: dict[Verdict, Cell] = {
    Verdict.OK: Cell("✔", "ok"),
    Verdict.WARN: Cell("!", "warn"),
    Verdict.REFUSE: Cell("✘", "bad"),
    Verdict.UNKNOWN: Cell("?", "muted"),
}


def verdict_sign(verdict: Verdict) -> Cell:
    return _VERDICTS[verdict]


_VERBS = {Kind.PROMOTE: "promote", Kind.ROLLBACK: "roll back", Kind.MOVE: "move"}


def verb(kind: Kind) -> str:
    return _VERBS[kind]


def standing(operation: Operation, *, cut_off: bool = False) -> str:
    """How it stands, in a word or two: its outcome, else its state, or that its process is gone."""
    if operation.outcome is not None:
        return operation.outcome.value
    return CUT_OFF if cut_off else operation.state.value


def sign(operation: Operation, *, cut_off: bool = False) -> Cell:
    return Cell(*_STATES.get(standing(operation, cut_off=cut_off), ("▸", "accent")))


def step_sign(step: Step, operation: Operation, *, cut_off: bool = False) -> Cell:
    """One that was begun and never ended is not at work any more where nobody carries it out, or where the way back has begun."""
    if step.state is StepState.TRYING and cut_off:
        return Cell(*_STATES[CUT_OFF])
    return Cell(*_STEPS[StepState.SKIPPED if left_off(step, operation) else step.state])


def left_off(step: Step, operation: Operation) -> bool:
    """Whether it was stopped in the middle."""
    return step.state is StepState.TRYING and (operation.undoing or operation.state is State.ENDED)


def versions(old: str | None, new: str) -> tuple[Cell, ...]:
    """`v6 → v7`; what nobody knows is a question mark."""
    return (Cell(f"v{old}" if old is not None else "?", "muted"), Cell(" → "), Cell(f"v{new}", "version"))


def move(kind: Kind, model: str, old: str | None, new: str, key: str) -> Line:
    """`promote iris  v6 → v7  on serving/iris`."""
    return (
        Cell(f"{verb(kind)} ", "muted"),
        Cell(model, "strong"),
        Cell("  "),
        *versions(old, new),
        Cell("  on ", "muted"),
        Cell(key, "strong"),
    )


def moves(kind: Kind, changes: Sequence[VersionChange]) -> list[Line]:
    """Deployment after Deployment. One where the same is done as on the one before stands beside it, any other on a line of its own."""
    first = changes[0]
    lines: list[Line] = [move(kind, first.model, first.from_version, first.to_version, first.key)]
    for before, change in pairwise(changes):
        key = Cell(change.key, "strong")
        if (change.model, change.from_version, change.to_version) == (before.model, before.from_version, before.to_version):
            lines[-1] = (*lines[-1], Cell(", then ", "muted"), key)
            continue
        name = (Cell("copied to " if change.copied else "as ", "muted"), Cell(change.model, "strong"), Cell("  "))
        under = name if change.model != before.model else ()
        lines.append((Cell("  then ", "muted"), *under, *versions(change.from_version, change.to_version), Cell("  on ", "muted"), key))
    return lines


def at_work(operation: Operation) -> str:
    """The step at work, or the one that comes next; "" where none does."""
    working = StepState.UNDOING if operation.undoing else StepState.TRYING
    step = next((step for step in operation.steps if step.state is working), None)
    if operation.undoing:
        return step.name.value if step is not None else ""
    step = step or next((step for step in operation.steps if step.state is StepState.PLANNED), None)
    return step.name.value if step is not None else ""


def failure_lines(failure: Failure) -> tuple[Line, ...]:
    lines: list[Line] = [(Cell("✘ ", "bad"), Cell(str(failure), "bad"))]
    if failure.hint:
        lines.append((Cell(f"  {failure.hint}", "muted"),))
    return tuple(lines)
