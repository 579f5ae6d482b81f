"""Journal entries, and an operation as the replay of them: `replay(entries)` is what happened, whoever wrote it down and whenever.

    planned      the whole plan               at, plan, host
    started      carried out by               at, pid, host, birth
    trying       a step's intent              at, step (its place in the plan)
    request      about to leave               at, step, message
    done         its outcome                  at, step, message
    failed       its outcome                  at, step, message
    skipped      left open, and why           at, step, message
    judged       what a gate said             at, step, judgement
    serving      pods before they change      at, step, pods ([namespace/name, address, since])
    log          what was seen                at, message
    held-up      what it waits for            at, message (a backend that is away)
    extended     the gate's time beyond its own, in all   at, seconds
    waiting      for a person, and what for   at, message
    going-on     a person has decided         at, message
    asked        what a person wants of it    at, what (cancel, accept, extend, approve), by, reason, seconds
    undoing      and why                      at, message
    undo-trying  the intent to undo a step    at, step
    undone       its outcome                  at, step, message
    undo-failed  its outcome                  at, step, message
    ended        the operation's outcome      at, outcome, message

Kinds that are not known (a newer modeldeck's) change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from modeldeck.domain.gates import judgement_from_json
from modeldeck.domain.kubernetes.pod_addresses import MOST, PodAddress
from modeldeck.domain.operations.operation import Operation, Outcome, Said, State, Waiting
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.operations.common.serialization import plan_from_journal


@dataclass(frozen=True, slots=True)
class JournalEntry:
    operation_id: str
    kind: str
    body: Mapping[str, Any]

    @property
    def at(self) -> float:
        """Seconds since the epoch; 0 where the entry does not say."""
        at = self.body.get("at")
        return float(at) if isinstance(at, int | float) else 0.0

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


def replay(entries: Iterable[JournalEntry]) -> Operation | None:
    """One operation's entries in order → the operation; None where they hold no plan that can be read."""
    operation: Operation | None = None
    for entry in entries:
        operation = advance(operation, entry)
    return operation


def heard(operation: Operation, beat: float | None) -> Operation:
    """With the newest sign of life of its process, while that says something: that it began is one, too."""
    newest = max(beat or 0.0, operation.heartbeat_at or 0.0) or None
    if operation.state is State.ENDED or operation.heartbeat_at == newest:
        return operation
    return replace(operation, heartbeat_at=newest)


def plan_in(entries: Iterable[JournalEntry]) -> Plan | None:
    """The plan that an operation was started with."""
    for entry in entries:
        if entry.kind == "planned":
            try:
                return plan_from_journal(entry.body["plan"])
            except (KeyError, TypeError, ValueError, AttributeError):
                return None
    return None


def advance(operation: Operation | None, entry: JournalEntry) -> Operation | None:
    """The operation after one more entry."""
    if entry.kind == "planned" and operation is None:
        plan = plan_in((entry,))
        return None if plan is None else _planned(plan, entry)
    if operation is None:
        return None
    if operation.held_up and entry.kind not in _SAY_NOTHING_OF_BACKENDS:
        operation = replace(operation, held_up="")
    if entry.kind in (*_STEP_STATES, "judged", "serving"):
        return _advance_step(operation, entry)
    return _advance_operation(operation, entry)


_STEP_STATES = {
    "trying": StepState.TRYING,
    "request": None,
    "done": StepState.DONE,
    "failed": StepState.FAILED,
    "skipped": StepState.SKIPPED,
    "undo-trying": StepState.UNDOING,
    "undone": StepState.UNDONE,
    "undo-failed": StepState.UNDO_FAILED,
}
_SAY_NOTHING_OF_BACKENDS = ("asked", "extended")
_JUDGEMENTS = 240
"""As many as a chart can show."""
_ENDINGS = ("done", "failed", "skipped", "undone", "undo-failed")


def _planned(plan: Plan, entry: JournalEntry) -> Operation:
    intent = plan.intent
    return Operation(
        id=entry.operation_id,
        kind=intent.kind,
        actor=intent.actor,
        changes=plan.changes,
        reason=intent.reason,
        state=State.PLANNED,
        outcome=None,
        started_at=entry.at,
        finished_at=None,
        runner_pid=None,
        steps=plan.steps,
        environment=plan.environment,
        host=str(entry.body.get("host", "")),
        cluster=plan.cluster,
        registry=plan.registry,
        adopted=bool(entry.body.get("adopted", False)),
    )


def _advance_step(operation: Operation, entry: JournalEntry) -> Operation:
    index = entry.body.get("step")
    if not isinstance(index, int) or not 0 <= index < len(operation.steps):
        return operation
    step = _moved(operation.steps[index], entry)
    steps = (*operation.steps[:index], step, *operation.steps[index + 1 :])
    log = (*operation.log, Said(entry.at, entry.message)) if entry.kind == "request" and entry.message else operation.log
    begins = entry.kind == "trying" and step.name is StepName.JUDGE_GATE
    return replace(operation, steps=steps, log=log, extended=0.0 if begins else operation.extended)


def _moved(step: Step, entry: JournalEntry) -> Step:
    if entry.kind == "judged":
        judgement = entry.body.get("judgement")
        found = judgement_from_json(judgement if isinstance(judgement, Mapping) else {})
        return replace(step, judgements=(*step.judgements, found)[-_JUDGEMENTS:])
    if entry.kind == "serving":
        return replace(step, addresses=_addresses(entry))
    state = _STEP_STATES[entry.kind]
    if state is None:
        return replace(step, requests=step.requests + 1)
    started = entry.at if entry.kind == "trying" else step.started_at
    finished = entry.at if entry.kind in _ENDINGS else step.finished_at
    message = entry.message if entry.kind in _ENDINGS else step.message
    return replace(step, state=state, started_at=started, finished_at=finished, message=message)


def _addresses(entry: JournalEntry) -> tuple[PodAddress, ...]:
    found = []
    for one in entry.body.get("pods") or ():
        match one:
            case [str(pod), str(address), int() | float() as since]:
                found.append(PodAddress(pod, address, float(since)))
    return tuple(found[:MOST])


def _advance_operation(operation: Operation, entry: JournalEntry) -> Operation:
    if entry.kind == "started":
        pid = entry.body.get("pid")
        host, birth = str(entry.body.get("host", operation.host)), str(entry.body.get("birth", ""))
        pid = pid if isinstance(pid, int) else None
        return replace(
            operation,
            state=State.UNDOING if operation.undoing else State.RUNNING,
            outcome=None,
            finished_at=None,
            runner_pid=pid,
            host=host,
            runner_birth=birth,
            next_commands=(),
            waiting=None,
            heartbeat_at=entry.at,
        )
    if entry.kind == "log":
        return replace(operation, log=(*operation.log, Said(entry.at, entry.message)))
    if entry.kind == "held-up":
        return replace(operation, held_up=entry.message, log=(*operation.log, Said(entry.at, entry.message)))
    if entry.kind == "extended":
        return replace(operation, extended=_seconds(entry))
    if entry.kind == "waiting":
        waiting = Waiting(entry.message, str(entry.body.get("details") or ""), _commands(entry))
        return replace(operation, state=State.WAITING, waiting=waiting, log=(*operation.log, Said(entry.at, _told(waiting))))
    if entry.kind == "going-on":
        return replace(operation, state=State.RUNNING, waiting=None, log=(*operation.log, Said(entry.at, entry.message)))
    if entry.kind == "asked":
        cancelled = operation.cancel_asked or entry.body.get("what") == "cancel"
        extended = operation.extended + (_seconds(entry) if entry.body.get("what") == "extend" else 0.0)
        said = replace(operation, log=(*operation.log, Said(entry.at, asked_words(entry))), cancel_asked=cancelled, extended=extended)
        # Nobody is waited for any more, though whoever carries it out may not have heard it yet.
        return replace(said, state=State.RUNNING, waiting=None) if _decides(operation, entry) else said
    if entry.kind == "undoing":
        return replace(operation, state=State.UNDOING, undoing=True, message=entry.message, waiting=None)
    if entry.kind == "ended":
        try:
            outcome = Outcome(entry.body.get("outcome", ""))
        except ValueError:
            outcome = Outcome.NEEDS_ATTENTION
        return replace(
            operation,
            state=State.ENDED,
            outcome=outcome,
            finished_at=entry.at,
            message=entry.message,
            next_commands=_commands(entry),
            waiting=None,
            heartbeat_at=None,
        )
    return operation


def _commands(entry: JournalEntry) -> tuple[str, ...]:
    return tuple(str(command) for command in entry.body.get("commands") or ())


def _told(waiting: Waiting) -> str:
    """In one line of the log."""
    return f"{waiting.text}: {' | '.join(waiting.commands)}" if waiting.commands else waiting.text


def _decides(operation: Operation, entry: JournalEntry) -> bool:
    """Whether it is what the operation waits for: an approval lets none go on that a gate holds, nor the other way round."""
    if operation.state is not State.WAITING:
        return False
    what = entry.body.get("what")
    return what == "cancel" or what in (("approve",) if operation.awaits_approval else ("accept", "extend"))


def _seconds(entry: JournalEntry) -> float:
    seconds = entry.body.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else 0.0


_REQUESTS = {"cancel": "asked to undo it", "accept": "accepted it", "extend": "gave it more time", "approve": "approved it"}


def asked_words(entry: JournalEntry) -> str:
    """What a person wanted of an operation: `bob@box approved it: looked at the numbers`."""
    what = _REQUESTS.get(str(entry.body.get("what", "")), "asked for something that this modeldeck does not know")
    seconds = _seconds(entry)
    more = f" ({seconds:.0f} s)" if seconds else ""
    reason = str(entry.body.get("reason") or "")
    return f"{entry.body.get('by') or 'somebody'} {what}{more}" + (f": {reason}" if reason else "")
