"""A plan as sections of lines: what the plan screen shows, and nothing that it decides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.environments import Environment
from modeldeck.domain.gates import Gate
from modeldeck.domain.gates.formatting import bound_words, shown
from modeldeck.domain.gates.settings import Op
from modeldeck.domain.kubernetes.annotations import OPERATION
from modeldeck.domain.operations import targets
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Intent
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.moves import EMPTY, move, moves, verdict_sign

_ORDER = (Verdict.REFUSE, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK)
_LONG = 160
"""Characters of a value in the diff: what is longer is a document of its own."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the plan, under a title."""

    title: str
    lines: tuple[Line, ...]


def told(sections: Iterable[Section], *, within: str = "") -> tuple[Line, ...]:
    """Sections one below the other. `within`: what the pane is called, which need not be said twice."""
    lines: list[Line] = []
    for section in sections:
        title = [] if section.title == within else [(Cell(section.title, "strong"),)]
        lines += [*([EMPTY] if lines else []), *title, *section.lines]
    return tuple(lines)


def head(intent: Intent, found: Plan | Refusal | None, environment: Environment) -> tuple[Line, ...]:
    """The moves in their order, what the checks come to, and why it is wanted."""
    plan = found if isinstance(found, Plan) else None
    tags = [
        Cell(f"  {word}", "warn") for word, holds in (("protected", environment.protected), ("approval", environment.approval)) if holds
    ]
    *before, last = moves(intent.kind, plan.changes) if plan else [_wanted(intent)]
    lines: list[Line] = [*before, (*last, Cell("  in ", "muted"), Cell(environment.name), *tags)]
    if plan is not None:
        lines.append(summary(plan))
    elif found is None:  # nothing below moves when the plan comes
        lines.append((Cell("◌ planning", "muted"),))
    lines.append((Cell("reason ", "muted"), Cell(intent.reason) if intent.reason else Cell("none given", "muted")))
    return tuple(lines)


def _wanted(intent: Intent) -> Line:
    """What is wanted, as long as there is no plan."""
    first, *further = targets.keys(intent)
    line = [*move(intent.kind, intent.model or "?", None, intent.to_version or "?", first)]
    for key in further:
        line += [Cell(", then ", "muted"), Cell(key, "strong")]
    if intent.copy_to is not None:
        line += [Cell(", copied to ", "muted"), Cell(intent.copy_to, "strong"), Cell(" on the way", "muted")]
    return tuple(line)


def summary(plan: Plan) -> Line:
    """What the checks come to, in one line."""
    if plan.refused:
        names = ", ".join(check.name for check in plan.refused)
        return (Cell("✘ ", "bad"), Cell(f"refused: {names}", "bad"))
    if plan.already_there:
        return (Cell("– ", "ok"), Cell("already there: nothing would change", "ok"))
    warnings = sum(check.verdict is Verdict.WARN for check in plan.checks)
    if warnings:
        return (Cell("! ", "warn"), Cell(f"{warnings} warning{'s' if warnings > 1 else ''}, and nothing that refuses", "warn"))
    return (Cell("✔ ", "ok"), Cell("ready to apply", "ok"))


def checks(found: Sequence[Check], *, compact: bool) -> Section:
    """What refuses first, then what warns, then what is not known; what is well comes last, and only by name where room is short."""
    lines: list[Line] = []
    wide = max((len(check.name) for check in found), default=0)
    for check in sorted(found, key=lambda check: _ORDER.index(check.verdict)):
        if check.verdict is Verdict.OK and compact:
            continue
        role: Role = "muted" if check.verdict in (Verdict.OK, Verdict.UNKNOWN) else verdict_sign(check.verdict).role
        lines.append((Cell(" "), verdict_sign(check.verdict), Cell(f" {check.name:<{wide}}  "), Cell(check.text, role)))
        if check.hint and check.verdict is not Verdict.OK:
            lines.append((Cell(f"   {'':<{wide}}  "), Cell(f"› {check.hint}", "muted")))
    well = [check.name for check in found if check.verdict is Verdict.OK]
    if compact and well:
        lines.append((Cell(" "), verdict_sign(Verdict.OK), Cell(" "), Cell(" · ".join(well), "muted")))
    return Section("Checks", tuple(lines))


def diff(plan: Plan) -> list[Section]:
    """What is changed on each Deployment, place by place: before → after."""
    sections = []
    for target in plan.targets:
        if target.slot_edits:
            title = f"Changes on {target.key}" if len(plan.targets) > 1 else "Changes"
            sections.append(Section(title, tuple(_edits(target.slot_edits))))
    return sections


def _edits(edits: Mapping[str, tuple[str | None, str | None]]) -> Iterable[Line]:
    for place, (before, after) in sorted(edits.items(), key=lambda edit: not edit[0].startswith("/spec/")):
        if before == after:
            continue
        path = path_of(place)
        if place.endswith(OPERATION.replace("/", "~1")):
            before, after = None, "the mark of this operation, until it ends"
        if before is None and after is not None:
            yield (Cell(" + ", "ok"), Cell(f"{path}: ", "muted"), Cell(_short(after), "ok"))
        elif after is None and before is not None:
            yield (Cell(" - ", "bad"), Cell(f"{path}: ", "muted"), Cell(_short(before), "bad"))
        elif before is not None and after is not None:
            yield (Cell(f"   {path}", "muted"),)
            yield (Cell(" - ", "bad"), Cell(_short(before), "bad"))
            yield (Cell(" + ", "ok"), Cell(_short(after), "ok"))


def _short(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def path_of(pointer: str) -> str:
    """A JSON pointer as kubectl writes a path: `template.spec.containers[0].env[2].value`."""
    path = ""
    for part in pointer.removeprefix("/spec/").removeprefix("/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if part.isdecimal() and path:
            path += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", part):
            path += f".{part}" if path else part
        else:
            path += f"[{part}]"
    return path


def steps(plan: Plan) -> Section:
    lines: list[Line] = []
    several = len(plan.targets) > 1
    for number, step in enumerate(plan.steps, 1):
        where = (Cell(f"{plan.targets[step.target].key}  ", "muted"),) if several else ()
        lines.append((Cell(f" {number:>2} ", "muted"), Cell(f"{step.name:<15}  "), *where, *_change(step)))
    return Section("Steps", tuple(lines))


def _change(step: Step) -> Line:
    if step.name is StepName.JUDGE_GATE:
        return (Cell(step.after.partition(":")[0]),)  # what it asks for has a section of its own
    if not step.before or step.before in (step.after, "–"):
        return (Cell(step.after),)
    return (Cell(f"{step.before} → {step.after}"),)


def gate(plan: Plan) -> Section:
    """What the new pods are judged by, in words; without a gate why there is none. Deployments with gates of their own are
    told one by one."""
    gate = plan.last.gate
    found = [check for check in plan.checks if check.name is CheckName.GATE]
    if all(target.gate == gate for target in plan.targets) and (gate is not None or len(found) < 2):
        return Section("Gate", _gate_lines(gate, found[0].text if found else ""))
    named = [((Cell(target.key, "strong"),), *_gate_lines(target.gate, _message_about(target.key, found))) for target in plan.targets]
    return Section("Gates", tuple(line for lines in named for line in lines))


def gate_outlook(plan: Plan, key: str) -> str:
    """What the plan's check said of the gate of one of its Deployments (`namespace/name`): what it can see."""
    return _message_about(
        key, [check for check in plan.checks if check.name is CheckName.GATE and check.verdict in (Verdict.OK, Verdict.WARN)]
    )


def _message_about(key: str, found: Sequence[Check]) -> str:
    """Of one of several Deployments: what is said of it rather than what is said of all."""
    about = sorted((check for check in found if check.is_about(key)), key=lambda check: not check.deployments)
    return about[0].message if about else ""


def _gate_lines(found: Gate | None, said: str) -> tuple[Line, ...]:
    if found is None:
        return ((Cell(" – ", "muted"), Cell(said or "nothing judges how the new pods behave", "muted")),)
    lines: list[Line] = [(Cell(" ● ", "accent"), Cell(message)) for message in _criteria(found)]
    every = numbers.duration(found.interval)
    warm_up = f" after a warm-up of {numbers.duration(found.warm_up)}" if found.warm_up else ""
    told = [f"judged every {every}{warm_up}, on everything since"]
    if found.compares:
        told.append(f"compared with the {numbers.duration(found.baseline)} before the change")
    if found.tested:
        undo, let_in = shown(found.wrong_undo, "ratio"), shown(found.wrong_pass, "ratio")
        told.append(f"wrong at most {undo} of the times that nothing is worse, {let_in} of those that something is")
    if found.criteria:
        told.append(f"of your own queries {found.passes_in_a_row} × PASS in a row lets it in, {found.fails_in_a_row} × FAIL takes it back")
    told.append(f"undecided after {numbers.duration(found.timeout)}: waits for a person")
    return (*lines, *(((Cell("   "), Cell(said, "muted")),) if said else ()), *((Cell("   "), Cell(message, "muted")) for message in told))


def _criteria(found: Gate) -> Iterable[str]:
    if found.max_error_ratio is not None:
        yield f"error ratio {bound_words(Op.AT_MOST, found.max_error_ratio, 'ratio')}"
    if found.max_error_rise is not None:
        tolerated = bound_words(Op.AT_MOST, found.tolerated_errors, "ratio")
        yield f"errors ≤ {found.max_error_rise:g} × those of the version before, or {tolerated}"
    if found.max_p99 is not None:
        yield f"p99 {bound_words(Op.AT_MOST, found.max_p99, 's')}"
    if found.max_p99_ratio is not None:
        yield f"p99 ≤ {found.max_p99_ratio:g} × that of the version before"
    if found.max_drift is not None:
        yield f"drift of the predictions ≤ {found.max_drift:g} PSI"
    for criterion in found.criteria:
        yield f"{criterion.name} {bound_words(criterion.op, criterion.bound, criterion.unit)}: {criterion.query}"


def commands(plan: Plan, *, whole: bool, width: int) -> Section:
    """What a person could type instead. Not `whole`: each in one line, as far as it fits."""
    lines: list[Line] = []
    for step in plan.steps:
        for text in step.command.splitlines():
            room = max(8, width - 3)
            lines.append((Cell(" $ ", "muted"), Cell(text if whole or len(text) <= room else text[: room - 1] + "…", "muted")))
    return Section("The same by hand", tuple(lines))


def refusal(found: Refusal) -> tuple[Line, ...]:
    lines: list[Line] = [(Cell("✘ ", "bad"), Cell(found.message, "bad"))]
    if found.hint:
        lines.append((Cell("  › "), Cell(found.hint, "muted")))
    return tuple(lines)
