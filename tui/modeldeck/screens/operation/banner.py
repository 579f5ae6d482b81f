"""What the operation's banner says: how it stands, for whom, and what each key that matters now would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.operation import Operation, Outcome, State, Waiting
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.render import operation as render
from modeldeck.render.cell import Cell, Line
from modeldeck.render.moves import at_work, failure_lines
from modeldeck.screens.shared.available_actions import Action, AvailableActions

_LOOKS = "looks first: nothing is done twice"


def banner_lines(
    standing: AvailableActions,
    now: float,
    width: int,
    *,
    heartbeat_at: float | None,
    failure: Failure | None,
    row: ServingRow | None,
    awaited: Sequence[str] = (),
) -> list[Line]:
    """`awaited`: backends that `row` is made from and that have not told yet what stands there since the end."""
    operation = standing.operation
    lines = [
        *render.head_lines(operation, now, width, cut_off=standing.gone),
        render.who_line(operation, now, heartbeat_at, width, cut_off=standing.gone),
    ]
    if failure is not None:
        lines += failure_lines(failure)[: 1 if standing.gone else None]  # where it is gone, keys stand for its hint
    lines += render.end_lines(operation, row, awaited)
    if operation.held_up and not standing.gone:
        lines.append((Cell("◌ ", "warn"), Cell(operation.held_up, "warn")))
    if operation.waiting is not None and not standing.gone:
        lines.append((Cell("? ", "warn"), Cell(_waited_for(operation, operation.waiting), "warn")))
    if operation.state is State.UNDOING or (operation.undoing and standing.gone):
        lines.append((Cell("◂ ", "warn"), Cell(operation.message)))
    elif operation.cancel_asked and operation.state is not State.ENDED:
        lines.append((Cell("◂ ", "warn"), Cell("asked to undo it: it stops before its next request", "warn")))
    return [*lines, *_keys(standing)]


def _waited_for(operation: Operation, waiting: Waiting) -> str:
    """What a person is asked: with keys instead of commands. What single criteria lack stands beside each of them."""
    judged = operation.judged
    told_below = judged is not None and judged.criteria
    return waiting.message if told_below else waiting.text


def _keys(standing: AvailableActions) -> Iterable[Line]:
    """The keys that lead on from where nothing goes on by itself."""
    if standing.left_behind:
        if standing.why_not(Action.RESUME) == "":
            yield _key("R", "resume", resume_words(standing.operation))
        if standing.why_not(Action.UNDO) == "":
            yield _key("u", "undo", undo_words(standing))
        return
    if standing.why_not(Action.APPROVE) is not None:
        own = standing.why_not(Action.APPROVE)
        yield _key("a", "approve", "it begins") if not own else (Cell("  you began it yourself: somebody else has to approve it", "muted"),)
    if standing.why_not(Action.ACCEPT) == "":
        yield _key("a", "accept", "it goes on as if the gate had passed; asks for a reason")
        yield _key("x", "more time", "the gate goes on judging")
        yield _key("u", "undo", undo_words(standing))


def _key(key: str, name: str, message: str) -> Line:
    return (Cell(f"{key} ", "key"), Cell(f"{name:<10}"), Cell(message, "muted"))


def resume_words(operation: Operation) -> str:
    """What going on with it would do."""
    if operation.undoing or (operation.cancel_asked and operation.state is not State.ENDED):
        return f"goes on taking it back; {_LOOKS}"
    if operation.state is State.ENDED and operation.outcome is Outcome.NEEDS_ATTENTION:
        return f"tries again what is left; {_LOOKS}"
    name = at_work(operation)
    return f"{f'goes on with {name}' if name else 'ends it'}; {_LOOKS}"


def undo_words(standing: AvailableActions) -> str:
    """What taking it back would change."""
    steps = standing.taken_back
    if standing.plan is not None and not steps:
        return "nothing has been changed: it only ends"
    return "takes back " + ", then ".join(_back(step) for step in steps) if steps else "takes back what it has changed"


def _back(step: Step) -> str:
    """`patch template (models:/iris/9 → models:/iris/7)`."""
    if step.name is StepName.MARK or not step.before:
        return str(step.name)
    return f"{step.name} ({step.after} → {step.before})"
