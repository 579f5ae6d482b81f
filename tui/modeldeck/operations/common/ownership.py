"""Whether what stands on a Deployment is still an operation's own, so that it may take it back.

Its mark comes with, or before, everything else that it changes there, and goes with the last of it. Without the mark, the Deployment's
history tells who has been there since: values alone do not, as somebody else may have wanted the very same ones. An operation that was
undone has left what it found, the mark of one with an open end included: it is as if it had never been there.
"""

from __future__ import annotations

from enum import StrEnum

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, history_of, under_way
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Target
from modeldeck.operations.common.patch import own_annotation


class Ownership(StrEnum):
    OURS = "ours"
    """It is marked; or it ended with an open end, and nobody has been there since."""
    REVERTED = "reverted"
    """It has been taken back, as its own line in the history tells; what has changed since is others' doing."""
    HELD_BY_OTHER = "held by other"
    """The mark of another operation stands: how that one ends decides whose doing it is that stands."""
    SUPERSEDED = "superseded"
    """Another operation has been there since: whatever stands is that one's."""
    UNMARKED = "unmarked"
    """It never took effect; or somebody took the mark off by hand, and what stands may still be its doing."""


def ownership_of(target: Target, operation_id: str, deployment: Deployment) -> Ownership:
    mark, past = under_way(deployment.annotations), history_of(deployment.annotations)
    if any(one.id == operation_id and one.outcome == Outcome.UNDONE for one in past):
        return Ownership.REVERTED
    if mark is not None and deployment.annotations[OPERATION] != mark_before(target):
        return Ownership.OURS if mark.id == operation_id else Ownership.HELD_BY_OTHER
    for one in past:
        if one.id == operation_id:
            return Ownership.OURS
        if one.id == target.fingerprint.last_operation:
            break
        if one.outcome != Outcome.UNDONE:
            return Ownership.SUPERSEDED
    return Ownership.UNMARKED


def mark_before(target: Target) -> str | None:
    """The mark that stood when it was planned, and that its own replaces: of an operation with an open end."""
    before, _ = target.slot_edits.get(own_annotation(OPERATION), (None, None))
    return before


def newest(deployment: Deployment) -> OperationAnnotation | None:
    """The operation that ended last."""
    return next(iter(history_of(deployment.annotations)), None)


def passed_words(deployment: Deployment) -> str:
    """Who has been there since."""
    return f"{_who(newest(deployment))} has been there since: what stands is its own"


def taken(deployment: Deployment) -> Conflict:
    """Why nothing can be told yet."""
    mark = under_way(deployment.annotations)
    hint = f"modeldeck operations undo {mark.id}, or wait for its end" if mark else ""
    return Conflict(f"{_who(mark)} stands on deployment {deployment.key}, and has to end first", hint=hint, backend="Kubernetes")


def _who(found: OperationAnnotation | None) -> str:
    return f"operation {found.id} of {found.actor or 'somebody'}" if found else "another operation"
