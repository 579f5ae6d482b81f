"""An operation as lines: how it stands and for whom it waits, its steps, and its end with what stands where."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence

from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.render import deployments, numbers
from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.moves import CUT_OFF, at_work, left_off, moves, sign, standing, step_sign, verb, versions
from modeldeck.render.text import cells, clean, crop

STALE = 10.0
"""Seconds without a sign of life after which its absence is told: the runner gives one every two."""
_NAME = 15
_EVIDENCE = {StepName.AWAIT_ROLLOUT: "rollout", StepName.JUDGE_GATE: "gate"}
_DOCUMENT = re.compile(r"[{\[]\s*[{\"]")
_LONG = 40
"""Characters of a JSON document that are still read at a glance."""
"""What stands before a command in an operation's own words."""


def head_lines(operation: Operation, now: float, width: int, *, cut_off: bool) -> list[Line]:
    """How it stands, what it moves on each of its Deployments, and since when or for how long. The moves begin a line of their own where
    there is no room for all of it on one."""
    mark = sign(operation, cut_off=cut_off)
    took = numbers.duration(_whole((operation.finished_at or now) - operation.started_at))
    work = at_work(operation) if operation.state is not State.ENDED else ""
    stands = (Cell(f"{mark.text} {standing(operation, cut_off=cut_off).upper()}", mark.role), Cell(f"  {work}" if work else "", "strong"))
    since = Cell(f"  {'after ' if operation.state is State.ENDED else ''}{took}", "muted")
    first, *further = moves(operation.kind, operation.changes)
    whole = (*stands, Cell("  "), *first, since)
    if _width(whole) <= width:
        return [whole, *further]
    return [(*stands, since), (Cell("  "), *first), *further]


def who_line(operation: Operation, now: float, heartbeat_at: float | None, width: int, *, cut_off: bool) -> Line:
    """Who asked for it, when, why, and which process carries it out; what matters least goes where room is short."""
    today = now - operation.started_at < 43200.0
    started = time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M", time.localtime(operation.started_at))
    parts: list[tuple[int, Line]] = [
        (0, (Cell(operation.actor or "somebody"), Cell(f" at {started}", "muted"))),
        (1, (Cell(f"“{operation.reason}”") if operation.reason else Cell("no reason given", "muted"),)),
        (0, _process(operation, now, heartbeat_at, cut_off=cut_off)),
        (3, (Cell(f"in {operation.environment}", "muted"),) if operation.environment else ()),
        (2, (Cell(operation.id, "muted"),)),
    ]
    kept = [part for part in parts if part[1]]
    while len(kept) > 1 and _width(_joined(line for _, line in kept)) > width:
        dropped = max(range(len(kept)), key=lambda index: kept[index][0])
        if not kept[dropped][0]:
            break
        del kept[dropped]
    return _joined(line for _, line in kept)


def _joined(lines: Iterable[Line]) -> Line:
    cells_: list[Cell] = []
    for line in lines:
        cells_ += [Cell(" · ", "muted"), *line] if cells_ else line
    return tuple(cells_)


def _width(line: Iterable[Cell]) -> int:
    return sum(cells(clean(cell.text)) for cell in line)


def _process(operation: Operation, now: float, heartbeat_at: float | None, *, cut_off: bool) -> Line:
    if operation.state is State.ENDED or operation.runner_pid is None:
        return ()
    where = Cell(f"process {operation.runner_pid} on {operation.host or 'some host'}", "muted")
    if heartbeat_at is None:
        return (where, Cell(", gone", "bad")) if cut_off else (where,)
    silent = now - heartbeat_at
    if silent >= STALE:
        return (where, Cell(f", not heard for {numbers.age(silent)}", "warn"))
    return (where, Cell(", gone", "bad") if cut_off else Cell(", alive", "muted"))


def step_lines(
    operation: Operation, now: float, width: int, *, whole: bool, cut_off: bool = False, where: Sequence[str] = ()
) -> list[Line]:
    """One line a step: sign, name, time, and what came of it, or what it will do. `where`: the deployments of its targets, where there are
    several. Not `whole`: words that do not fit are cut, but for those that matter now."""
    lines: list[Line] = []
    for step in operation.steps:
        planned = step.state in (StepState.PLANNED, StepState.SKIPPED)
        role: Role = "muted" if planned else "strong" if _works(step, operation) else ""
        mark = step_sign(step, operation, cut_off=cut_off)
        start = [Cell(" "), mark, Cell(f" {step.name:<{_NAME}}", role), Cell(f"{_took(step, operation, now):>8}  ", "muted")]
        if where and step.target < len(where):
            start.append(Cell(f"{where[step.target]}  ", "muted"))
        lines += _worded(start, step, operation, width, whole=whole)
    return lines


def _works(step: Step, operation: Operation) -> bool:
    return step.state is StepState.UNDOING or (step.state is StepState.TRYING and not left_off(step, operation))


def _took(step: Step, operation: Operation, now: float) -> str:
    """How long it took, or takes: of one that was taken back only the way back is known, and of one that was left off nothing."""
    if step.started_at is None or step.state in (StepState.UNDONE, StepState.UNDO_FAILED) or left_off(step, operation):
        return ""
    return numbers.duration(_whole((step.finished_at or now) - step.started_at))


def ribbon(operation: Operation, width: int, *, cut_off: bool = False, where: Sequence[str] = ()) -> list[Line]:
    """The steps side by side, as many to a line as fit: `✔ lock  ✔ patch template  ▸ await rollout  · move alias`. `where`: as for
    `step_lines`; told where it changes."""
    lines: list[list[Cell]] = [[]]
    target = -1
    for step in operation.steps:
        mark = step_sign(step, operation, cut_off=cut_off)
        role: Role = "strong" if _works(step, operation) else mark.role
        told = [Cell(" "), mark, Cell(f" {step.name} ", "" if step.state is StepState.DONE else role)]
        if step.target != target and step.target < len(where):
            told.insert(0, Cell(f" {where[step.target]}:", "muted"))
        target = step.target
        if lines[-1] and _width((*lines[-1], *told)) > width + 1:
            lines.append([])
        lines[-1] += told
    return [tuple(line) for line in lines]


def _worded(start: list[Cell], step: Step, operation: Operation, width: int, *, whole: bool) -> list[Line]:
    message = step.message or (step.after.partition(":")[0] if step.name is StepName.JUDGE_GATE else step.after)
    if left_off(step, operation):
        message = "left off"
    elif not step.message and step.judgements:
        message = ""  # the gate's own pane tells
    urgent = step.state in (StepState.FAILED, StepState.UNDO_FAILED, StepState.UNDONE)
    role: Role = "bad" if step.state in (StepState.FAILED, StepState.UNDO_FAILED) else "muted"
    text = " ".join(message.splitlines())
    room = width - _width(start)
    if cells(clean(text)) <= room:
        return [(*start, Cell(text, role))]
    if whole or urgent:
        return [tuple(start), (Cell("     "), Cell(text, role))]
    return [(*start, Cell(crop(clean(text), max(1, room)), role))]


def end_lines(operation: Operation, row: ServingRow | None, awaited: Sequence[str] = ()) -> list[Line]:
    """How it ended, on which evidence, and what stands where now; what to type where it needs attention, each on a line of its own.

    `awaited`: backends that `row` is made from and that have not told yet what stands there since the end."""
    if operation.state is not State.ENDED:
        return []
    role: Role = "bad" if operation.outcome in (Outcome.NEEDS_ATTENTION, Outcome.REFUSED) else ""
    lines: list[Line] = [(Cell(operation.message, role),)] if operation.message else []
    lines += [(Cell("type    ", "warn"), Cell(command, "key")) for command in operation.next_commands]
    evidence = list(_evidence(operation))
    if evidence:
        lines.append((Cell("seen    ", "muted"), Cell(" · ".join(evidence), "muted")))
    if row is not None:
        lines.append(stands(row, awaited))
    return lines


def stands(row: ServingRow, awaited: Sequence[str] = ()) -> Line:
    """What template, alias and pods say now. What was read before the end is not what stands now, and is not shown."""
    there = "MLflow" not in awaited
    # Where pods follow an alias, which version that is only the registry can tell.
    here = "Kubernetes" not in awaited and (there or row.link is None or row.link.alias is None)
    unknown = Cell("?", "muted")
    agree = not row.disagreements
    verdict = Cell(" · they agree" if agree else f" · ! {row.disagreements[0].message}", "ok" if agree else "warn")
    return (
        Cell("now     ", "muted"),
        Cell("template ", "muted"),
        deployments.spec(row) if here else unknown,
        Cell(f" · alias {row.alias or 'none'} ", "muted"),
        deployments.alias(row) if there else unknown,
        Cell(" · pods ", "muted"),
        deployments.live(row) if here else unknown,
        Cell(f" {row.ready}/{row.desired}" if here else "", "muted"),
        Cell(f" · waiting for {' and '.join(awaited)}", "muted") if awaited else verdict,
    )


def _evidence(operation: Operation) -> Iterable[str]:
    for step in operation.steps:
        name = _EVIDENCE.get(step.name)
        told = step.message.partition(":")[0] in operation.message
        if name and step.message and not told and step.state in (StepState.DONE, StepState.FAILED):
            yield f"{name}: {step.message}"


def under_way_line(operation: Operation, *, cut_off: bool, unheard: str = "") -> Line:
    """For the deck: `▸ promote v7 → v9 by ann@box, await rollout`. `unheard`: for how long its process has given no sign of life."""
    mark = sign(operation, cut_off=cut_off)
    said = Cell(f", {at_work(operation)}", "accent")
    if cut_off:
        said = Cell(f" was {CUT_OFF}: p to resume or undo", "bad")
    elif unheard:
        said = Cell(f" not heard for {unheard}: p to resume or undo", "bad")
    elif operation.state is State.WAITING:
        said = Cell(" waits for a person: p to decide", "warn")
    elif operation.state is State.UNDOING:
        said = Cell(f" is being undone, {at_work(operation)}", "warn")
    return (
        Cell(f"{mark.text} ", mark.role),
        Cell(f"{verb(operation.kind)} "),
        *versions(operation.last.from_version, operation.last.to_version),
        Cell(f" by {operation.actor or 'somebody'}", "muted"),
        said,
    )


def _whole(seconds: float) -> float:
    """Running times tick by the second: a tenth more or less says nothing and costs a repaint."""
    return seconds if seconds < 10 else float(round(seconds))


def log_lines(operation: Operation) -> list[Line]:
    """Every request that changed something and what was seen, in order, each with its time of day; whole documents in it in short."""
    if not operation.log:
        return [(Cell(" nothing was changed yet", "muted"),)]
    return [(Cell(f" {_clock(said.at)} ", "muted"), Cell(in_short(said.message))) for said in operation.log]


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def in_short(text: str) -> str:
    """The text with every long JSON document in it as `{…}`: a mark says nothing that does not stand elsewhere on the screen."""
    told, at = "", 0
    for match in _DOCUMENT.finditer(text):
        if match.start() < at:
            continue
        end = _end_of_document(text, match.start())
        if end - match.start() > _LONG:
            told += text[at : match.start()] + match[0][0] + "…" + ("}" if match[0][0] == "{" else "]")
            at = end
    return told + text[at:]


def _end_of_document(text: str, start: int) -> int:
    """Past the bracket that closes the one at `start`; the end of the text where none does."""
    depth, quoted, escaped = 0, False, False
    for index in range(start, len(text)):
        character = text[index]
        if escaped:
            escaped = False
        elif quoted:
            quoted, escaped = character != '"', character == "\\"
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if not depth:
                return index + 1
    return len(text)
