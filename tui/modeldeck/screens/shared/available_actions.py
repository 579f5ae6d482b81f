"""What a person can do with an operation as it stands, and why not: a pure function of what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from modeldeck.domain.environments import Environment
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.operations.execution.reconcile import committed
from modeldeck.operations.execution.undo import undo_order
from modeldeck.operations.journal.signals import same_person

UNTAKEN = 30.0
"""Seconds after which an operation that no process has taken up is left to itself: a runner is ready before the word is given."""


class Action(StrEnum):
    UNDO = "undo"
    RESUME = "resume"
    ACCEPT = "accept"
    EXTEND = "extend"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class AvailableActions:
    """`gone`: whoever carried it out is gone before its end. `plan` None: not known."""

    operation: Operation
    plan: Plan | None
    gone: bool
    who: str
    environment: Environment
    cluster: ClusterId = field(default_factory=ClusterId)
    unheard: float | None = None
    """Seconds since the last sign of life of a process that may hang; None: it is heard, or there is none."""

    def why_not(self, act: Action) -> str | None:
        """None: not to be thought of now; "": it can be done; else why it cannot, in a few words."""
        found = self._why_not(act)
        if found == "" and self.environment.read_only:
            return "read-only"
        return found

    def _why_not(self, act: Action) -> str | None:
        operation = self.operation
        if self.left_behind:
            return self._recovery(act)
        if operation.state is State.ENDED:
            return None
        if act is Action.UNDO:
            return self._cancel()
        if act is Action.APPROVE:
            if not operation.awaits_approval:
                return None
            return "your own: somebody else has to" if same_person(operation.actor, self.who) else ""
        if act is Action.ACCEPT:
            return "" if operation.state is State.WAITING and self._at_gate else None
        if act is Action.EXTEND:
            return "" if self._at_gate and not operation.undoing else None
        return None

    @property
    def left_behind(self) -> bool:
        """Nobody is known to go on with it: it can be resumed, or taken back."""
        ended = self.operation.state is State.ENDED
        return self.operation.outcome is Outcome.NEEDS_ATTENTION if ended else self.gone or self.unheard is not None

    @property
    def past_commit(self) -> bool:
        """Everything that an undo would take back has been done: only a roll-back leads back from there."""
        return self.plan is not None and bool(self.plan.steps) and committed(self.operation, self.plan)

    @property
    def taken_back(self) -> tuple[Step, ...]:
        """What an undo would take back, first to last: steps that may have changed something."""
        plan, steps = self.plan, self.operation.steps
        if plan is None:
            return ()
        return tuple(steps[index] for index in undo_order(plan) if steps[index].may_stand)

    @property
    def _at_gate(self) -> bool:
        return any(step.name is StepName.JUDGE_GATE and step.state is StepState.TRYING for step in self.operation.steps)

    def _cancel(self) -> str:
        if self.operation.undoing:
            return "it is being undone"
        if self.operation.cancel_asked:
            return "it was asked to"
        return "past its commit: roll back instead" if self.past_commit else ""

    def _recovery(self, act: Action) -> str | None:
        named = self.operation.environment
        same = self.operation.cluster.same(self.cluster)
        elsewhere = named not in ("", self.environment.name) if same is None else not same
        if act not in (Action.UNDO, Action.RESUME):
            return None
        if elsewhere:
            return f"it belongs to environment {named}" if named != self.environment.name else "it belongs to another cluster"
        if act is Action.RESUME:
            return "begun on another machine" if self.operation.adopted and not self.past_commit else ""
        return "past its commit: roll back instead" if self.past_commit else ""


def untaken(operation: Operation, now: float) -> bool:
    """Whether no process has begun with it although one should have."""
    return operation.state is State.PLANNED and operation.runner_pid is None and now - operation.started_at >= UNTAKEN
