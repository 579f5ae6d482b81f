"""What is known of operations on Deployments, from three memories that may each have gaps: the journal on this machine, the history
annotation on the Deployment (colleagues' operations), and the tags of versions."""

from __future__ import annotations

import math
import time
from calendar import timegm
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from modeldeck.domain.identity import ClusterId, cluster_of
from modeldeck.domain.kubernetes.annotations import CLUSTER_TAG, OperationAnnotation, history_of, under_way
from modeldeck.domain.kubernetes.workloads import Deployment, ReplicaSet
from modeldeck.domain.mlflow.registry import ModelVersion, Registry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.common.change_cause import cause_of
from modeldeck.operations.common.text import from_iso

JOURNAL = "journal"
ANNOTATIONS = "annotations"
TAGS = "tags"
CAUSES = "causes"
"""The change causes of ReplicaSets: they name an operation, and do not tell how it ended."""

SLACK = 60.0
"""Seconds by which the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation, under way or over. `served`: whether the new version really took over; else it was taken back, or may yet be."""

    id: str
    change: VersionChange
    """Of one of its Deployments; model and alias are "" where the memory does not say."""
    kind: Kind
    actor: str
    reason: str
    since: float
    """When it was planned, as its id says."""
    at: float
    """When it was over; infinite while it is under way."""
    outcome: Outcome | None
    served: bool
    source: str
    cluster: ClusterId = field(default_factory=ClusterId)
    """Where the Deployment is."""
    alias_moved: bool | None = None
    """Whether it moved the alias, or may have; None: the memory does not say."""
    alias_since: float | None = None
    alias_until: float | None = None
    """When that was, where it is known better than the time of the whole."""

    @property
    def rollback(self) -> bool:
        return self.kind is Kind.ROLLBACK

    def within(self, since: float, until: float) -> bool:
        """Whether it may have happened between these two times."""
        return self.since - SLACK <= until and since <= self.at + SLACK


def records_of(
    deployment: Deployment, journaled: Iterable[OperationRecord], annotated: Iterable[OperationRecord], tagged: Iterable[OperationRecord]
) -> tuple[OperationRecord, ...]:
    """On one Deployment. Oldest first, each operation once: as the journal tells it, where it does. `annotated` are its own; the others may
    be of other Deployments, too."""
    own = (move for move in journaled if move.change.key == deployment.key and move.change.uid in ("", deployment.uid))
    return each_once((*own, *annotated, *(move for move in tagged if _is_on(move, deployment))))


def _is_on(move: OperationRecord, deployment: Deployment) -> bool:
    """Several clusters may share a registry: Deployments of one name in each of them. Older tags name no uid."""
    if move.change.key != deployment.key:
        return False
    return move.change.uid == deployment.uid if move.change.uid else move.at >= (deployment.created_at or 0.0)


def each_once(moves: Iterable[OperationRecord]) -> tuple[OperationRecord, ...]:
    """Oldest first; of several memories of one operation the one that comes first."""
    found: dict[str, OperationRecord] = {}
    for move in moves:
        found.setdefault(move.id, move)
    return tuple(sorted(found.values(), key=lambda move: (move.at, move.since)))


_BEGUN = (Outcome.DONE, Outcome.UNDONE, Outcome.NEEDS_ATTENTION, None)


def of_journal(past: Iterable[Operation]) -> Iterator[OperationRecord]:
    """One for each of its Deployments. Without operations that never changed anything."""
    for operation in past:
        if operation.state is State.PLANNED or operation.outcome not in _BEGUN:
            continue
        for target, change in enumerate(operation.changes):
            yield OperationRecord(
                id=operation.id,
                change=change,
                kind=operation.kind,
                actor=operation.actor,
                reason=operation.reason,
                since=operation.started_at,
                at=math.inf if operation.finished_at is None else operation.finished_at,
                outcome=operation.outcome,
                served=_took_over(operation, target),
                source=JOURNAL,
                cluster=operation.cluster,
                **_alias_times(operation, target),
            )


class _AliasTimes(TypedDict, total=False):
    alias_moved: bool
    alias_since: float
    alias_until: float


def _alias_times(operation: Operation, target: int) -> _AliasTimes:
    """What the journal tells of the alias' own step. One that was read from a mark has steps without times of their own."""
    if operation.adopted or not operation.steps:
        return {}
    step = next((step for step in operation.steps if step.target == target and step.name is StepName.MOVE_ALIAS), None)
    if step is None or not step.requests:
        return {"alias_moved": False}
    # One that was tried again only tells when it was tried last.
    since = step.started_at if step.requests == 1 and step.started_at is not None else operation.started_at
    ends = (step.finished_at, operation.finished_at, math.inf)
    return {"alias_moved": True, "alias_since": since, "alias_until": next(end for end in ends if end is not None)}


def _took_over(operation: Operation, target: int) -> bool:
    """An operation that ended with an open end may still have brought its version into service."""
    if operation.outcome is not Outcome.NEEDS_ATTENTION:
        return operation.outcome is Outcome.DONE
    steps = [step for step in operation.steps if step.target == target]
    taken_back = any(step.state in (StepState.UNDONE, StepState.UNDO_FAILED) for step in steps)
    return not taken_back and any(step.name is StepName.AWAIT_ROLLOUT and step.state is StepState.DONE for step in steps)


def of_annotations(deployment: Deployment, sets: Iterable[ReplicaSet]) -> Iterator[OperationRecord]:
    """The history, then the mark of the one under way. Each ReplicaSet has a copy of the history from the time when it was the newest:
    `kubectl rollout undo` puts an older copy back on the Deployment, and with it perhaps a mark whose end only the newer ones tell."""
    newest_first = sorted(sets, key=lambda one: -one.revision)
    for told in (deployment.annotations, *(one.annotations for one in newest_first)):
        for mark in history_of(told):
            if mark.to_version is not None:
                yield _of_mark(mark, mark.to_version, deployment)
    standing = under_way(deployment.annotations)
    if standing is not None and standing.to_version is not None:
        yield _of_mark(standing, standing.to_version, deployment)


def _of_mark(mark: OperationAnnotation, to_version: str, deployment: Deployment) -> OperationRecord:
    outcome = next((one for one in Outcome if one == mark.outcome), None)
    at = from_iso(mark.at)
    over = (at if at is not None else 0.0) if mark.outcome else math.inf
    return OperationRecord(
        id=mark.id,
        change=VersionChange(
            deployment.key,
            mark.model,
            mark.from_version,
            to_version,
            uid=deployment.uid,
            alias=mark.alias,
            alias_before=mark.previous,
        ),
        kind=Kind.ROLLBACK if mark.kind == Kind.ROLLBACK else Kind.PROMOTE,
        actor=mark.actor,
        reason=mark.reason,
        since=_planned(mark.id, at or 0.0),
        at=over,
        outcome=outcome,
        served=outcome is Outcome.DONE,
        source=ANNOTATIONS,
    )


def of_causes(deployment: Deployment, sets: Iterable[ReplicaSet]) -> Iterator[OperationRecord]:
    """Operations of which nothing else may be left: the history on the Deployment keeps the last ten."""
    for one in sets:
        cause = cause_of(one.change_cause)
        if cause is None:
            continue
        since = _planned(cause.id, math.inf)
        since = since if since < math.inf else one.created_at or 0.0
        yield OperationRecord(
            id=cause.id,
            change=VersionChange(deployment.key, cause.model, cause.before, cause.after, uid=deployment.uid),
            kind=cause.kind,
            actor=cause.actor,
            reason=cause.reason,
            since=since,
            at=since + _LONG,
            outcome=None,
            served=False,
            source=CAUSES,
        )


def of_tags(registry: Registry | None) -> Sequence[OperationRecord]:
    """A version's tags tell its latest arrival, wherever that was."""
    versions = registry.versions if registry else ()
    return [_of_tagged(version) for version in versions if version.tags.get("modeldeck.operation")]


def _of_tagged(version: ModelVersion) -> OperationRecord:
    tags = version.tags
    at = from_iso(tags.get("modeldeck.when", "")) or 0.0
    return OperationRecord(
        id=tags["modeldeck.operation"],
        change=VersionChange(
            tags.get("modeldeck.deployment", ""),
            version.model,
            tags.get("modeldeck.from") or None,
            version.version,
            uid=tags.get("modeldeck.deployment-uid", ""),
        ),
        kind=Kind.ROLLBACK if tags.get("modeldeck.kind") == Kind.ROLLBACK else Kind.PROMOTE,
        actor=tags.get("modeldeck.actor", ""),
        reason=tags.get("modeldeck.reason", ""),
        since=_planned(tags["modeldeck.operation"], at),
        at=at,
        outcome=Outcome.DONE,
        served=True,
        source=TAGS,
        cluster=cluster_of(tags.get(CLUSTER_TAG, "")),
    )


_LONG = 900.0
# Seconds that an operation is taken to have lasted where its id does not tell when it was planned.


def _planned(id: str, at: float) -> float:
    """An id of ours begins with its time (`words.new_id`); anybody may have written another one."""
    try:
        planned = float(timegm(time.strptime(id[:15], "%Y%m%d-%H%M%S")))
    except ValueError:
        planned = at - _LONG
    return min(planned, at)
