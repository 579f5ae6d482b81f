"""The end of an operation as edits of the Deployment: the mark comes off, one line goes to its history."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_of, history_text, mark_of, under_way
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.common.ownership import mark_before
from modeldeck.operations.common.patch import own_annotation
from modeldeck.operations.common.text import iso
from modeldeck.operations.execution.execution import Execution


def release_edits(execution: Execution, deployment: Deployment) -> Edits:
    """Empty where the history has it already. A mark of somebody else's operation stays; that of one with an open end, which ours had
    replaced, comes back with everything else that is taken back."""
    edits: dict[str, tuple[str | None, str | None]] = {}
    annotations = deployment.annotations
    mark = mark_of(annotations)
    if mark is not None and mark.id == execution.plan.id:
        edits[own_annotation(OPERATION)] = (annotations[OPERATION], _left_behind(execution, annotations))
    if any(past.id == execution.plan.id for past in history_of(annotations)):
        return edits
    edits[own_annotation(HISTORY)] = (annotations.get(HISTORY), history_text(annotations, _line(execution)))
    return edits


def _left_behind(execution: Execution, annotations: Mapping[str, str]) -> str | None:
    before = mark_before(execution.target) if execution.undoing and not execution.open_ends else None
    return before if before and under_way({**annotations, OPERATION: before}) is not None else None


def _line(execution: Execution) -> OperationAnnotation:
    intent = execution.plan.intent
    outcome = Outcome.NEEDS_ATTENTION if execution.open_ends else Outcome.UNDONE if execution.undoing else Outcome.DONE
    return OperationAnnotation(
        id=execution.plan.id,
        kind=intent.kind.value,
        actor=intent.actor,
        model=execution.target.model,
        from_version=execution.target.from_version,
        to_version=execution.target.to_version,
        alias=execution.target.alias,
        previous=execution.target.fingerprint.alias_version,
        reason=intent.reason,
        at=iso(execution.clock.now()) or "",
        outcome=outcome.value,
    )
