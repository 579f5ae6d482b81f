"""What moved the version or the template of a deployment: operations, others' doing, and its rollouts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.domain.changes.template_changes import differences, is_restart
from modeldeck.domain.kubernetes.surroundings import TemplateFields
from modeldeck.domain.kubernetes.workloads import Deployment, ReplicaSet
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.domain.status.version_changes import ServingChange

ROLLING = 600.0
"""Seconds after its begin in which pods that come and go are a rollout's doing: the Deployment's own usual deadline."""
SAME = 5.0
"""Seconds between two tellings of one moment: Kubernetes cuts its times to whole seconds, and controllers follow a write a little later."""
_KINDS = {Kind.PROMOTE: ChangeKind.PROMOTION, Kind.ROLLBACK: ChangeKind.ROLLBACK}


def version_moves(
    key: str, entries: Iterable[HistoryEntry], rollouts: Sequence[ChangeEvent], moment: float
) -> tuple[tuple[ChangeEvent, ...], tuple[ChangeEvent, ...]]:
    """(moves, the rollouts that none of them explains). A move that is not over was under way at the moment, or comes after it."""
    moves: list[ChangeEvent] = []
    left = list(rollouts)
    for entry in entries:
        move = _move(key, entry, moment)
        if entry.keys:
            mine = [one for one in left if move.at - SAME <= one.at <= move.end + SAME]
            left = [one for one in left if one not in mine]
            move = replace(move, details=(*move.details, *(line for one in mine for line in (one.what, *one.details))))
        moves.append(move)
    return tuple(moves), tuple(left)


def _move(key: str, entry: HistoryEntry, moment: float) -> ChangeEvent:
    change = next((one for one in entry.changes if one.key == key), entry.last)
    others = ChangeKind.VERSION if entry.keys else ChangeKind.ALIAS
    outcome = "" if entry.outcome in (None, Outcome.DONE) else f", {entry.outcome}"
    going = ", under way" if entry.state is not State.ENDED else ""
    told = (f"by {entry.actor}" if entry.actor else "", entry.reason, entry.message)
    return ChangeEvent(
        _KINDS.get(entry.kind, others),
        entry.started_at,
        f"deployment {key}" if entry.keys else f"alias {change.model}@{change.alias}",
        f"{change.model} {_versions(change)}{outcome}{going}",
        entry.source,
        until=max(entry.started_at, moment) if entry.finished_at is None else entry.finished_at,
        details=tuple(text for text in told if text),
    )


def _versions(change: VersionChange) -> str:
    before, after = (f"v{version}" if version else "?" for version in (change.from_version, change.to_version))
    return f"{before} → {after}"


def template_rollouts(
    deployment: Deployment, sets: Sequence[ReplicaSet], serving: Iterable[ServingChange], templates: Mapping[str, TemplateFields]
) -> tuple[ChangeEvent, ...]:
    """One for each revision whose ReplicaSet is there, oldest first."""
    mine = sorted((one for one in sets if one.owner_uid == deployment.uid), key=lambda one: one.revision)
    by_revision = {one.revision: place for place, one in enumerate(mine)}
    found = []
    for change in serving:
        place = by_revision.get(change.revision)
        if place is None:
            continue  # of another deployment of that name, which was deleted since
        before = mine[place - 1] if place else None
        found.append(_rollout(deployment, mine[place], before, change, templates))
    return tuple(found)


def _rollout(
    deployment: Deployment, now: ReplicaSet, before: ReplicaSet | None, change: ServingChange, templates: Mapping[str, TemplateFields]
) -> ChangeEvent:
    subject, source = f"deployment {deployment.key}", f"ReplicaSet {now.name}"
    head = f"revision {now.revision}"
    if before is None:
        first = now.revision == 1
        what = f"{head}: the first one" if first else f"{head}: what it changed is not known, as the ReplicaSet before it is gone"
        return ChangeEvent(ChangeKind.ROLLOUT, change.at, subject, what, source)
    if now.uid not in templates or before.uid not in templates:
        return ChangeEvent(ChangeKind.ROLLOUT, change.at, subject, f"{head}: another template than revision {before.revision}", source)
    one, other = templates[before.uid], templates[now.uid]
    if is_restart(one, other):
        return ChangeEvent(ChangeKind.RESTART, change.at, subject, f"{head}: all pods restarted, the template is the same", source)
    lines = differences(one, other)
    told = lines[0] if lines else f"the template of revision {before.revision} once more"
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return ChangeEvent(ChangeKind.ROLLOUT, change.at, subject, f"{head}: {told}{more}", source, details=lines if len(lines) > 1 else ())
