"""Plans and operations as plain text for a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from modeldeck.cli.output import lines, say
from modeldeck.domain.operations.checks import Verdict
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import Step, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.common.liveness import unheard
from modeldeck.operations.common.text import iso
from modeldeck.render.cell import line_text
from modeldeck.render.moves import moves, step_sign, verdict_sign


def plan_text(plan: Plan) -> str:
    """Checks, then steps with before, after and what a person could type instead; no steps where a check refuses."""
    keys = [target.key for target in plan.targets]
    text = [f"plan: {_moves(plan.intent.kind, plan.changes)} ({plan.environment})", "checks"]
    wide = max((len(check.name) for check in plan.checks), default=0)
    for check in plan.checks:
        hint = f" — {check.hint}" if check.hint and check.verdict is not Verdict.OK else ""
        text.append(f"  {verdict_sign(check.verdict).text} {check.name:<{wide}}  {check.text}{hint}")
    if plan.refused:
        return lines("\n".join(text), keep_blanks=True)
    if plan.already_there:
        return lines("\n".join([*text, "steps", "  none: already there"]), keep_blanks=True)
    text.append("steps")
    for number, step in enumerate(plan.steps, 1):
        on = f" ({keys[step.target]})" if len(keys) > 1 else ""
        text.append(f"  {number}. {step.name:<15} {step.before} → {step.after}{on}")
        if step.command:
            text.append(f"       {step.command}")
    return lines("\n".join(text), keep_blanks=True)


def _moves(kind: Kind, changes: Sequence[VersionChange]) -> str:
    """Deployment after deployment, in one line."""
    return ", ".join(" ".join(line_text(line).split()) for line in moves(kind, changes))


def operation_text(operation: Operation) -> str:
    """How it ended, with each step."""
    outcome = operation.outcome or operation.state
    text = [f"{operation.id}  {_moves(operation.kind, operation.changes)}", f"{outcome}: {operation.message}"]
    text += [f"  type: {command}" for command in operation.next_commands]
    text += [step_text(operation, step) for step in operation.steps]
    return lines("\n".join(text), keep_blanks=True)


def operation_story(operation: Operation, now: float) -> str:
    """Everything that is known of one operation, its log included."""
    text = [operation_text(operation), f"actor    {operation.actor or 'not known'}"]
    if operation.reason:
        text.append(f"reason   {operation.reason}")
    text.append(f"started  {iso(operation.started_at)}")
    if operation.finished_at is not None:
        text.append(f"finished {iso(operation.finished_at)}")
    quiet = unheard(operation, now)
    if quiet is not None:
        text.append(f"runner   {unheard_words(operation, quiet)}")
    if operation.log:
        text += ["log", *(f"  {iso(said.at)}  {said.message}" for said in operation.log)]
    return lines("\n".join(text), keep_blanks=True)


def unheard_words(operation: Operation, quiet: float) -> str:
    """`quiet`: seconds."""
    who = f"process {operation.runner_pid} on {operation.host}"
    what = f"modeldeck operations resume {operation.id} goes on with it, undo {operation.id} takes it back"
    return f"not heard for {quiet:.0f} s ({who}): {what}"


def step_text(operation: Operation, step: Step) -> str:
    took = ""
    if step.started_at is not None and step.finished_at is not None:
        took = f"{step.finished_at - step.started_at:6.1f} s"
    on = f"{operation.keys[step.target]}: " if len(operation.keys) > 1 else ""
    return f"  {step_sign(step, operation).text} {step.name:<15} {step.state:<11} {took:>8}  {on}{step.message}".rstrip()


def progress_teller() -> Callable[[Operation], None]:
    """Each new line of the log and each step that changed, once."""
    said = 0
    silent = False
    states: dict[int, StepState] = {}

    def tell(operation: Operation) -> None:
        nonlocal said, silent
        quiet = unheard(operation, time.time())
        if quiet is not None and not silent:
            say(f"modeldeck: {unheard_words(operation, quiet)}")
        silent = quiet is not None
        for line in operation.log[said:]:
            say(f"    {line.message}")
        said = len(operation.log)
        for index, step in enumerate(operation.steps):
            if states.get(index, StepState.PLANNED) is not step.state:
                states[index] = step.state
                say(lines(step_text(operation, step), keep_blanks=True))

    return tell
