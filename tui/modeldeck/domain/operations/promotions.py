"""Promotions and roll-backs as data: intent, plan, steps, outcome. Times in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from modeldeck.domain.failures import Failure
from modeldeck.domain.gates import Gate, GateVerdict, Judgement
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.pod_addresses import PodAddress


class ExitCode(IntEnum):
    """What the command line ends with. A contract with pipelines."""

    DONE = 0
    UNDONE = 1
    USAGE = 2
    REFUSED = 3
    GATE_FAILED = 4
    NEEDS_ATTENTION = 5
    UNREACHABLE = 6
    WAITING = 7
    BUG = 8
    """Of modeldeck. What was begun before it was met goes on in a process of its own."""
    UNTOLD = 9
    """Only looked, and the answer could not be written. What became of a change is never hidden by it."""


class Kind(StrEnum):
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    MOVE = "move"
    """Somebody else's doing, as far as it can be seen: what they meant by it is not known. Never an intent of ours."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What an operator wants. `to_version` None on a roll-back: the last version that served and was not itself rolled back."""

    kind: Kind
    namespace: str
    deployment: str
    model: str | None
    to_version: str | None
    actor: str
    reason: str = ""
    alias: str = "champion"
    rollout_deadline: float = 600.0
    """Seconds that a rollout may take at most, whatever the Deployment's own deadline says."""
    gate: Gate | None = None
    """None: the environment's own for this model."""
    then: tuple[str, ...] = ()
    """Further deployments, `namespace/name`, in order: what follows `deployment` when wanted; what came before it in a plan."""
    copy_to: str | None = None
    """The registered model that the version is copied to first, for the deployments that serve that one."""
    ungated: bool = False
    """Asked for without any gate, which needs a reason."""

    @property
    def key(self) -> str:
        """`namespace/name` of the deployment."""
        return f"{self.namespace}/{self.deployment}"


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    REFUSE = "refuse"
    UNKNOWN = "unknown"


class CheckName(StrEnum):
    """What a check is of: the condition, as a plan names it."""

    REFERENCE = "reference"
    VARIABLES = "variables"
    OTHER_DEPLOYMENTS = "other deployments"
    OWNERS = "owners"
    AVAILABILITY = "availability"
    ENVIRONMENT = "environment"
    REASON = "reason"
    VERSION = "version"
    ARTIFACTS = "artifacts"
    PERMISSION = "permission to patch"
    ALIAS = "alias"
    ROLLOUT = "rollout"
    OTHER_OPERATIONS = "other operations"
    DRY_RUN = "dry run"
    AUTOSCALER = "autoscaler"
    GATE = "gate"
    LOCK = "lock"
    OTHER = "other"
    """A check of a newer modeldeck, met in its journal."""


@dataclass(frozen=True, slots=True)
class Check:
    name: CheckName
    verdict: Verdict
    message: str
    hint: str = ""
    deployments: tuple[str, ...] = ()
    """`namespace/name` of those of a plan's Deployments that it is about; none where it is about the whole."""

    def is_about(self, key: str) -> bool:
        return not self.deployments or key in self.deployments

    @property
    def text(self) -> str:
        """The message, with the Deployments that it is about."""
        return f"{', '.join(self.deployments)}: {self.message}" if self.deployments else self.message


class StepName(StrEnum):
    AWAIT_APPROVAL = "await approval"
    """Where the environment asks for a second person."""
    LOCK = "lock"
    """The lease of the Deployment, so that no other operation begins on it."""
    COPY_VERSION = "copy version"
    """From one registered model to another, as MLflow copies it."""
    MARK = "mark"
    """Annotate the Deployment before anything moves; part of `patch template` where that comes first."""
    PATCH_TEMPLATE = "patch template"
    RESTART = "restart"
    AWAIT_ROLLOUT = "await rollout"
    JUDGE_GATE = "judge gate"
    MOVE_ALIAS = "move alias"
    TAG_VERSION = "tag version"
    WRITE_EVENT = "write event"
    RELEASE = "release"
    """Take the mark off again and leave one line of history on the Deployment."""
    VERIFY = "verify"
    OTHER = "other"
    """A step of a newer modeldeck, met in its journal."""


EVIDENCE = (StepName.TAG_VERSION, StepName.WRITE_EVENT, StepName.VERIFY, StepName.RELEASE)
"""Steps after the commit: what cannot be written of them is said, and nothing is taken back."""


class StepState(StrEnum):
    PLANNED = "planned"
    TRYING = "trying"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_FAILED = "undo failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One change with what stands before and after it. `message` is what came of it; what machines need stands in the plan's edits."""

    name: StepName
    before: str
    after: str
    command: str = ""
    """What a person could type instead."""
    state: StepState = StepState.PLANNED
    started_at: float | None = None
    finished_at: float | None = None
    message: str = ""
    target: int = 0
    """Which of the plan's deployments it is about: 0 is the plan's own, n the n-th of `Plan.others`."""
    judgements: tuple[Judgement, ...] = ()
    """Of a gate: the newest last, not more than are worth looking at."""
    requests: int = 0
    """How many requests that change something have left, or were about to: 0 means that there is surely nothing to undo."""
    addresses: tuple[PodAddress, ...] = ()
    """Of the pods that served just before it changed them: afterwards, nobody can tell which were theirs."""

    @property
    def may_stand(self) -> bool:
        """Whether what it changes may stand, and an undo has to look: also of one that was left open when its answer was lost."""
        return self.requests > 0 and self.state is not StepState.UNDONE


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the plan was made from; compared again at apply. `alias_version` None: the alias does not exist."""

    deployment_uid: str
    generation: int
    template_hash: str
    alias_version: str | None
    version_status: str
    alias_known: bool = True
    """False: the registry could not be asked (a roll-back while MLflow is down)."""
    replicas: int | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    """Pointer → digest of every place of the pod template, so that what changed can be named."""
    annotations: str = ""
    """Digest of the Deployment's own annotations. A change of them moves the generation, too."""
    last_operation: str = ""
    """The newest one in the Deployment's history; "" where it has none."""
    tagged: str | None = None
    """The operation that the tags of the version to promote told of; "" where they told of none, None where that is not known."""
    autoscaled: bool = False
    """Somebody else owns the replica count: a generation that moved with an equal template is then no news."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an operation does to one Deployment: each of several may serve another model, and come from another version."""

    key: str
    """`namespace/name`."""
    model: str
    from_version: str | None
    to_version: str
    copied: bool = False
    """Whether `to_version` is made as a copy, by the same operation."""
    uid: str = ""
    """Tells deployments of the same name in two clusters apart; "" where the memory does not say."""
    alias: str = ""
    alias_before: str | None = None
    """What the alias pointed at when it was planned; None: nothing, or not known."""


@dataclass(frozen=True, slots=True)
class Plan:
    intent: Intent
    model: str
    from_version: str | None
    to_version: str
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    fingerprint: Fingerprint
    slot_edits: Mapping[str, tuple[str | None, str | None]]
    """JSON pointer below the Deployment → (value before, value after); None: absent."""
    by_alias: bool = False
    """An alias-served deployment: the alias moves first, then the pods restart."""
    id: str = ""
    """The id that the operation will have: it stands in the mark on the Deployment."""
    environment: str = ""
    run_id: str | None = None
    """The run that `to_version` came from, where known."""
    copied_from: str | None = None
    """`models:/NAME/VERSION` where `to_version` is made by a step of this plan, as a copy of that one."""
    gate: Gate | None = None
    """How the new pods are judged; None: not at all."""
    serving_sets: tuple[str, ...] = ()
    """Names of the ReplicaSets that served when the plan was made: what the new pods are compared with."""
    cluster: ClusterId = field(default_factory=ClusterId)
    """The cluster of its Deployments: the environment's name may mean another one later."""
    registry: str = ""
    """Likewise its registry, as `ModelRegistry.identity` names it; "" where it could not be asked."""
    others: tuple[Plan, ...] = ()
    """What is done to further deployments, in order and before this one: plans without steps, as the steps of all stand here."""

    def target(self, number: int) -> Plan:
        """The plan of one deployment: 0 is this one."""
        return self if number == 0 else self.others[number - 1]

    @property
    def targets(self) -> tuple[Plan, ...]:
        return (self, *self.others)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is done to each Deployment, as one follows the other."""
        own = Part(
            self.intent.key,
            self.model,
            self.from_version,
            self.to_version,
            copied=self.copied_from is not None,
            uid=self.fingerprint.deployment_uid,
            alias=self.intent.alias,
            alias_before=self.fingerprint.alias_version,
        )
        return (*(part for other in self.others for part in other.parts), own)

    @property
    def refused(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if c.verdict is Verdict.REFUSE)

    @property
    def already_there(self) -> bool:
        return not self.steps

    @property
    def commit_index(self) -> int:
        """Place of the last step that can be undone; everything after it is evidence."""
        return max((index for index, step in enumerate(self.steps) if step.name not in (*EVIDENCE, StepName.OTHER)), default=-1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no plan can be made."""

    code: str
    message: str
    hint: str = ""
    checks: tuple[Check, ...] = ()
    failure: Failure | None = None
    """Where a backend was the reason (exit code 6)."""


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
    model: str
    namespace: str
    deployment: str
    from_version: str | None
    to_version: str
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
    alias: str = ""
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
    others: tuple[Part, ...] = ()
    """What is done to further deployments, before this one and in order."""
    copied: bool = False
    """Whether `to_version` is made as a copy by one of its steps."""
    deployment_uid: str = ""
    """Tells deployments of the same name in two clusters apart."""
    alias_before: str | None = None
    """What the alias pointed at when it was planned; None: nothing, or not known."""
    cluster: ClusterId = field(default_factory=ClusterId)
    registry: str = ""
    extended: float = 0.0
    """Seconds that people have given the gate at work, or the last one, beyond its own time."""

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.deployment}"

    @property
    def awaits_approval(self) -> bool:
        """Whether what it waits for is a second person's word before it begins."""
        at_work = any(step.name is StepName.AWAIT_APPROVAL and step.state is StepState.TRYING for step in self.steps)
        return self.state is State.WAITING and at_work

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it does to each Deployment, as one follows the other."""
        own = Part(
            self.key,
            self.model,
            self.from_version,
            self.to_version,
            copied=self.copied,
            uid=self.deployment_uid,
            alias=self.alias,
            alias_before=self.alias_before,
        )
        return (*self.others, own)

    @property
    def keys(self) -> tuple[str, ...]:
        """`namespace/name` of its Deployments, as one follows the other."""
        return tuple(part.key for part in self.parts)

    @property
    def targets(self) -> tuple[str, ...]:
        """The same by the numbers that steps name them by (`Step.target`)."""
        return (self.key, *(part.key for part in self.others))

    def is_about(self, key: str, uid: str) -> bool:
        """Whether it was carried out on this very Deployment, and not on one of the same name elsewhere or before."""
        return any(part.key == key and part.uid in ("", uid) for part in self.parts)

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


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """A version that served in this deployment, with the evidence."""

    version: str
    model: str
    served_from: float | None
    served_until: float | None
    ended_why: str
    sources: tuple[str, ...]
    """Which of `journal`, `annotations`, `replica sets`, `metrics` tell of it."""
    revision: int | None = None
    rolled_back: bool = False
    is_default: bool = False
    stats_words: str = ""
