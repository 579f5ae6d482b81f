"""Who moved what, when and why, from every memory that there is: the journal, the Deployments' own history, version tags, ReplicaSets that
no operation of ours explains, and aliases that were seen to move."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.annotations import FIELD_MANAGER, HISTORY_LENGTH, history_of
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, ReplicaSet
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.mlflow.alias_changes import AliasChange
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.common.change_cause import is_ours
from modeldeck.operations.common.text import iso
from modeldeck.operations.history.attribution import by_others
from modeldeck.operations.history.records import (
    CAUSES,
    JOURNAL,
    TAGS,
    OperationRecord,
    each_once,
    of_annotations,
    of_causes,
    of_journal,
    of_tags,
    records_of,
)
from modeldeck.operations.history.revisions import Revision, writer_of
from modeldeck.operations.history.timeline import Arrival, timeline

CLUSTER = "cluster"
REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Memories:
    """Everything that remembers. None: that backend cannot be asked, and what only it remembers is missing."""

    fleet: Fleet | None
    registry: Registry | None
    journal: tuple[Operation, ...] = ()
    """Operations of all clusters that it knows."""
    sightings: tuple[AliasChange, ...] = ()
    """Of this very registry."""
    cluster: ClusterId = field(default_factory=ClusterId)
    registry_id: str = ""
    """As `ModelRegistry.identity` names it; "" where it is not known."""


def history(memories: Memories, patterns: LinkPatterns, *, of: str | None = None) -> tuple[HistoryEntry, ...]:
    """Newest first, each real move once however many memories tell of it. `of`: only look for others' doing in this Deployment
    (`namespace/name`), as there may be thousands."""
    fleet = memories.fleet or Fleet((), (), ())
    sets: dict[str, list[ReplicaSet]] = defaultdict(list)
    for each in fleet.replica_sets:
        sets[each.owner_uid or ""].append(each)
    tagged = of_tags(memories.registry)
    annotated = {one.key: tuple(of_annotations(one, sets[one.uid])) for one in fleet.deployments}
    caused = {one.key: tuple(of_causes(one, sets[one.uid])) for one in fleet.deployments}
    here = tuple(operation for operation in memories.journal if operation.cluster.same(memories.cluster) is not False)
    found = _ours(here, annotated, tagged, chain.from_iterable(caused.values()))
    journaled = tuple(of_journal(here))
    on, by_tag = _grouped(journaled), _grouped(tagged)
    for one in fleet.deployments if of is None else filter(None, (fleet.deployment(of),)):
        moves = records_of(one, on[one.key], annotated[one.key], (*by_tag[one.key], *caused[one.key]))
        forgotten = _forgotten(one, sets[one.uid], annotated[one.key])
        found += _of_others(one, timeline(one, sets[one.uid], moves, memories.registry, patterns), forgotten)
    serving = _serving(fleet, patterns) if memories.sightings else {}
    # What moves an alias may be in any cluster, as long as it is the alias of this registry.
    elsewhere = [operation for operation in memories.journal if operation.cluster.same(memories.cluster) is False]
    there = of_journal(one for one in elsewhere if memories.registry_id in ("", one.registry))
    ours = (*journaled, *there, *chain.from_iterable(annotated.values()), *tagged, *chain.from_iterable(caused.values()))
    found += [_seen(one, serving.get(one.move.model, frozenset())) for one in by_others(memories.sightings, ours)]
    found = [replace(entry, elsewhere=_elsewhere(entry, fleet, memories.cluster)) for entry in found]
    return tuple(sorted(found, key=_when)[::-1])


def _elsewhere(entry: HistoryEntry, fleet: Fleet, cluster: ClusterId) -> frozenset[str]:
    """Its Deployments that only have the name of one here."""
    if entry.cluster.same(cluster) is False:
        return frozenset(entry.keys)
    known = {deployment.key: deployment.uid for deployment in fleet.deployments}
    return frozenset(change.key for change in entry.changes if change.uid and known.get(change.key, change.uid) != change.uid)


def _ours(
    journal: Sequence[Operation],
    annotated: Mapping[str, Iterable[OperationRecord]],
    tagged: Iterable[OperationRecord],
    caused: Iterable[OperationRecord],
) -> list[HistoryEntry]:
    """Operations of modeldeck: as the journal tells them, else the cluster, else the registry, else a change cause."""
    known = {operation.id for operation in journal}
    # The last of several Deployments is the one that an operation is named after.
    last_first = sorted(chain.from_iterable(annotated.values()), key=lambda move: move.at, reverse=True)
    places: dict[str, dict[str, VersionChange]] = defaultdict(dict)
    caused = tuple(caused)
    for move in (*caused, *reversed(last_first)):
        places[move.id].setdefault(move.change.key, move.change)
    told = (move for move in each_once((*last_first, *tagged, *caused)) if move.id not in known)
    return [*map(_of_operation, journal), *(_told(move, tuple(places[move.id].values())) for move in told)]


def _of_operation(operation: Operation) -> HistoryEntry:
    return HistoryEntry(
        id=operation.id,
        kind=operation.kind,
        actor=operation.actor,
        changes=operation.changes,
        reason=operation.reason,
        state=operation.state,
        outcome=operation.outcome,
        started_at=operation.started_at,
        finished_at=operation.finished_at,
        message=operation.message,
        source=JOURNAL,
        environment=operation.environment,
        cluster=operation.cluster,
    )


def _grouped(all_of_them: Iterable[OperationRecord]) -> Mapping[str, list[OperationRecord]]:
    """By `namespace/name` of their Deployment."""
    found: dict[str, list[OperationRecord]] = defaultdict(list)
    for one in all_of_them:
        found[one.change.key].append(one)
    return found


def _when(entry: HistoryEntry) -> tuple[float, float]:
    return entry.finished_at or entry.started_at, entry.started_at


def _serving(fleet: Fleet, patterns: LinkPatterns) -> Mapping[str, frozenset[str]]:
    """Model → the Deployments whose templates name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for deployment in fleet.deployments:
        link = link_of(deployment, patterns)
        if link is not None and link.model is not None:
            found[link.model].add(deployment.key)
    return {model: frozenset(keys) for model, keys in found.items()}


def _told(move: OperationRecord, places: tuple[VersionChange, ...]) -> HistoryEntry:
    """An operation as the cluster or the registry tell it. `places`: all Deployments that do."""
    over = not math.isinf(move.at)
    ended = over and move.source != CAUSES
    return HistoryEntry(
        id=move.id,
        kind=move.kind,
        actor=move.actor,
        changes=(*(place for place in places if place.key != move.change.key), move.change),
        reason=move.reason,
        state=State.ENDED if over else State.RUNNING,
        outcome=(move.outcome or Outcome.NEEDS_ATTENTION) if ended else None,
        started_at=move.since,
        finished_at=move.at if ended else None,
        message="" if move.source != CAUSES else "as the change cause tells; how it ended is not known",
        source=TAGS if move.source == TAGS else CLUSTER,
        cluster=move.cluster,
    )


def _forgotten(deployment: Deployment, sets: Iterable[ReplicaSet], moves: Iterable[OperationRecord]) -> float:
    """Up to when operations may have been on the Deployment that nobody remembers any more: its history keeps the last ones. Seconds since
    the epoch."""
    full = any(len(history_of(told)) >= HISTORY_LENGTH for told in (deployment.annotations, *(one.annotations for one in sets)))
    return min((move.since for move in moves), default=0.0) if full else 0.0


def _of_others(deployment: Deployment, arrivals: Iterable[Arrival], forgotten: float) -> Iterator[HistoryEntry]:
    """Changes of version that no operation tells of: with kubectl, by a pipeline, or by an operation that is not known here. What was there
    first was moved by nobody."""
    before: Revision | None = None
    ours = False
    for arrival in arrivals:
        revision = arrival.revision
        if revision is None:
            continue
        if before is not None and arrival.move is None and _changed(before, arrival.model, arrival.version, revision):
            writer = writer_of(revision, deployment, after=before.since, follows_ours=ours)
            yield _by_hand(deployment, before, revision, writer, forgotten)
        before = replace(revision, model=arrival.model, version=arrival.version)
        ours = arrival.move is not None


def _changed(before: Revision, model: str | None, version: str | None, revision: Revision) -> bool:
    """Pods behind an alias may serve anything after they were started anew; else a template that names nothing has nothing to tell."""
    if version is None:
        return revision.by_alias
    return (model, version) != (before.model, before.version)


def _by_hand(deployment: Deployment, before: Revision, revision: Revision, writer: str, forgotten: float) -> HistoryEntry:
    follows = before.number == revision.number - 1 and before.model == revision.model
    going = revision.number == deployment.revision and rollout.status(deployment).state != rollout.DONE
    at = revision.until if not math.isinf(revision.until) else revision.since
    from_version = before.version if follows else None
    return HistoryEntry(
        id=f"{revision.replica_set.name}@{revision.number}",
        kind=Kind.MOVE,
        actor="" if writer == FIELD_MANAGER else writer,
        changes=(VersionChange(deployment.key, revision.model or "", from_version, revision.version or "", uid=deployment.uid),),
        reason=others_cause(revision),
        state=State.RUNNING if going else State.ENDED,
        outcome=None if going else Outcome.DONE,
        started_at=revision.since,
        finished_at=None if going else at,
        message=f"{_by_whom(revision, writer, forgotten)}: {_how(revision)}",
        source=CLUSTER,
    )


def others_cause(revision: Revision) -> str:
    """The change cause of an operation of ours stays on the Deployment, and later changes by others inherit it: it is not theirs."""
    return "" if is_ours(revision.cause) else revision.cause


def _by_whom(revision: Revision, writer: str, forgotten: float) -> str:
    """What cannot be known is nobody's doing: no operation known here tells of it, which is all that can be said."""
    if writer == FIELD_MANAGER:
        return "by an operation of modeldeck that is not known here"
    if not writer and revision.since < forgotten:
        return f"by whom is not known, as a deployment remembers its last {HISTORY_LENGTH} operations"
    return NOT_KNOWN


NOT_KNOWN = "by no operation known here"


def _how(revision: Revision) -> str:
    how = (
        "an earlier template came back"
        if revision.returned
        else "the pods were restarted"
        if revision.by_alias
        else "the template was changed"
    )
    if revision.version is None:
        how += "; the pods asked the registry what to serve, and what it said then is not known"
    if not revision.exact and not math.isinf(revision.until):
        how += f"; between {iso(revision.since)} and {iso(revision.until)}"
    return f"{how} (revision {revision.number})"


def _seen(sighting: AliasChange, concerns: frozenset[str]) -> HistoryEntry:
    move = sighting.move
    message = f"{NOT_KNOWN}: {move.alias} was {_at(move.from_version)} at {iso(sighting.after)} and {_at(move.to_version)} at "
    return HistoryEntry(
        id=f"{move.model}@{move.alias}:{move.from_version or ''}>{move.to_version or ''}@{iso(sighting.before)}",
        kind=Kind.MOVE,
        actor="",
        changes=(VersionChange("", move.model, move.from_version, move.to_version or "", alias=move.alias),),
        reason="",
        state=State.ENDED,
        outcome=Outcome.DONE,
        started_at=sighting.after,
        finished_at=sighting.before,
        message=message + str(iso(sighting.before)),
        source=REGISTRY,
        concerns=concerns,
    )


def _at(version: str | None) -> str:
    return f"at {version}" if version is not None else "not there"
