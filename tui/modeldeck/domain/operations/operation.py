"""An operation as its journal tells it. Times in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from modeldeck.domain.gates import GateVerdict, Judgement
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange


class State(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    WAITING = "waiting"
    """For a person: an approval, or a decision about a gate that cannot judge."""
    UNDOING = "undoing"
    ENDED = "ended"


class Outcome(StrEnum):
    DONE = "done"
    UNDONE = "undone"
    REFUSED = "refused"
    NEEDS_ATTENTION = "needs attention"
    NOTHING_TO_DO = "nothing to do"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a person has to decide."""

    message: str
    details: str = ""
    """What is known about it beside the message."""
    commands: tuple[str, ...] = ()
    """What can be typed to decide it."""

    @property
    def text(self) -> str:
        return f"{self.message}; {self.details}" if self.details else self.message


@dataclass(frozen=True, slots=True)
class Said:
    """One line of an operation's log."""

    at: float
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One promotion or roll-back: the fold of its journal entries. What consoles show and `--output json` writes."""

    id: str
    kind: Kind
    actor: str
    changes: tuple[VersionChange, ...]
    """One for each of its Deployments, in the order in which they change; at least one."""
    reason: str
    state: State
    outcome: Outcome | None
    started_at: float
    finished_at: float | None
    runner_pid: int | None
    steps: tuple[Step, ...] = ()
    message: str = ""
    next_commands: tuple[str, ...] = ()
    """Once it has ended: what to type for what it left open, in order."""
    log: tuple[Said, ...] = ()
    """Every request that changed something, what the pods said, and what people decided, in order."""
    environment: str = ""
    host: str = ""
    """Where `runner_pid` runs."""
    runner_birth: str = ""
    """Tells that process from a later one of the same pid."""
    undoing: bool = False
    """Whether the way back has begun: from then on there is no other."""
    cancel_asked: bool = False
    adopted: bool = False
    """Read from the mark on its Deployment, not from its own journal: it can be taken back, and not gone on with."""
    waiting: Waiting | None = None
    """None while nobody is waited for."""
    held_up: str = ""
    """Which backend it waits for, in words; "" while all answer."""
    heartbeat_at: float | None = None
    """When its process last said that it lives, where the journal knows."""
    cluster: ClusterId = field(default_factory=ClusterId)
    registry: str = ""
    extended: float = 0.0
    """Seconds that people have given the gate at work, or the last one, beyond its own time."""

    @property
    def last(self) -> VersionChange:
        """Of the Deployment that matters most: the operation is named after it."""
        return self.changes[-1]

    @property
    def key(self) -> str:
        return self.last.key

    @property
    def keys(self) -> tuple[str, ...]:
        """`namespace/name` of its Deployments, as one follows the other."""
        return tuple(change.key for change in self.changes)

    @property
    def awaits_approval(self) -> bool:
        """Whether what it waits for is a second person's word before it begins."""
        at_work = any(step.name is StepName.AWAIT_APPROVAL and step.state is StepState.TRYING for step in self.steps)
        return self.state is State.WAITING and at_work

    def is_about(self, key: str, uid: str) -> bool:
        """Whether it was carried out on this very Deployment, and not on one of the same name elsewhere or before."""
        return any(change.key == key and change.uid in ("", uid) for change in self.changes)

    @property
    def judged(self) -> Judgement | None:
        """The newest judgement of its newest gate."""
        return next((step.judgements[-1] for step in reversed(self.steps) if step.judgements), None)

    @property
    def gate_failed(self) -> bool:
        """Whether a gate's FAIL is why it was taken back."""
        gates = (step for step in self.steps if step.name is StepName.JUDGE_GATE and step.state is StepState.FAILED)
        return any(step.judgements and step.judgements[-1].verdict is GateVerdict.FAIL for step in gates)

    @property
    def exit_code(self) -> ExitCode:
        """How a command that carried it out ends."""
        if self.outcome is None:
            return ExitCode.WAITING
        if self.outcome is Outcome.UNDONE and self.gate_failed:
            return ExitCode.GATE_FAILED
        return _EXIT_CODES[self.outcome]


_EXIT_CODES = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.NOTHING_TO_DO: ExitCode.DONE,
    Outcome.UNDONE: ExitCode.UNDONE,
    Outcome.REFUSED: ExitCode.REFUSED,
    Outcome.NEEDS_ATTENTION: ExitCode.NEEDS_ATTENTION,
}
