"""The steps of an operation. Times in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeldeck.domain.gates import Judgement
from modeldeck.domain.kubernetes.pod_addresses import PodAddress


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
    """Which of `Plan.targets` it is about."""
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
