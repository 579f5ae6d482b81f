"""What served in a Deployment, one after the other: its revisions, and the operations that tell of them, each real move once however many
memories tell of it. A revision that no operation explains is somebody else's doing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.kubernetes.workloads import Deployment, ReplicaSet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.common.change_cause import cause_of
from modeldeck.operations.history.records import JOURNAL, OperationRecord
from modeldeck.operations.history.revisions import SECOND, Revision, bounded, revisions


@dataclass(frozen=True, slots=True)
class Arrival:
    """A version came into service, or was tried. At least one of `revision` and `move` is there."""

    model: str | None
    version: str | None
    revision: Revision | None = None
    """None: its ReplicaSet is gone, or no pod was changed."""
    move: OperationRecord | None = None
    """None: somebody else did it."""
    back: bool = False
    """The way back of an operation that was undone."""
    served: bool = True
    """False: it was taken back before it took over, or is just coming."""

    @property
    def since(self) -> float:
        return self.revision.since if self.revision else self.at

    @property
    def at(self) -> float:
        """By then it had happened."""
        if self.move is not None and not self.back:
            return self.move.at
        if self.revision is None:
            return 0.0
        return self.revision.until if self.revision.until < float("inf") else self.revision.since


def timeline(
    deployment: Deployment, sets: Iterable[ReplicaSet], moves: Sequence[OperationRecord], registry: Registry | None, patterns: LinkPatterns
) -> tuple[Arrival, ...]:
    """Oldest first. `sets` and `moves` (moves.py): the Deployment's own."""
    found = revisions(deployment, sets, registry, patterns)
    if not moves:
        return tuple(Arrival(one.model, one.version, one) for one in found)
    return _merged(*aligned(found, moves))


def aligned(found: Sequence[Revision], moves: Sequence[OperationRecord]) -> tuple[tuple[Arrival, ...], tuple[OperationRecord, ...]]:
    """Every revision with the operation that made it, if any; and the operations that are left."""
    forth: dict[int, OperationRecord] = {}
    back: dict[int, OperationRecord] = {}

    def take(places: Mapping[int, OperationRecord]) -> None:
        forth.update(places)
        for place, move in places.items():
            if not move.served:
                returning = _way_back(found, place, move, forth.keys() | back.keys())
                if returning is not None:
                    back[returning] = move

    def left() -> list[OperationRecord]:
        known = {move.id for move in forth.values()}
        return [move for move in moves if move.id not in known]

    def free() -> list[int]:
        return [index for index in range(len(found)) if index not in forth and index not in back]

    # By identity, which is sure where it leaves no choice; then by time; then, for machines whose clocks are far apart, by identity without
    # the time, and by what the cause says.
    named = {move.id: _named_by(found, move) for move in moves}
    for move in left():
        within = [index for index in named[move.id] if move.within(found[index].since, found[index].until)]
        if len(within) == 1:
            take({within[0]: move})
    take(_by_time(found, left(), free(), named))
    for move in left():
        own = [index for index in free() if index in named[move.id]]
        place = own[-1] if own else _best([index for index in free() if _says_so(found, index, move)], found, move)
        if place is not None:
            take({place: move})
    undone = {move.id for move in back.values()}
    arrivals = [_arrival(one, forth.get(index), back.get(index), undone) for index, one in enumerate(_retimed(found, forth, back))]
    return tuple(arrivals), tuple(left())


def _named_by(found: Sequence[Revision], move: OperationRecord) -> tuple[int, ...]:
    """The revisions of the first ReplicaSet whose cause names the operation: later ones of others inherit it. A set has the cause of its
    last revision, and `kubectl rollout undo` brings it back, so that one of several revisions is the operation's; none where the set that
    it made was given another cause since, and only others are left that inherited it. Behind an alias the set that served before is named,
    too: there the deployment is marked before its pods are restarted."""
    fits = {index: _same_change(found, index, move) for index in range(len(found)) if _named(found[index]) == move.id}
    places = [index for index, same in fits.items() if same or not found[index].by_alias]
    first = min((found[index].replica_set for index in places), key=lambda one: one.revision, default=None)
    return tuple(index for index in places if found[index].replica_set is first and fits[index])


def _named(one: Revision) -> str:
    """The operation that the ReplicaSet's cause names; "" for none."""
    cause = cause_of(one.replica_set.change_cause)
    return cause.id if cause is not None else ""


def _by_time(
    found: Sequence[Revision], moves: Sequence[OperationRecord], free: Sequence[int], named: Mapping[str, Collection[int]]
) -> dict[int, OperationRecord]:
    """Both are in order. Of all ways to lay the operations over the revisions that are free, the one that places the most of them, at the
    surest times; else at the latest revisions, as memories forget the oldest operations first. One that a cause names has one of the
    revisions that are `named` for it."""
    best = [[0.0] * (len(free) + 1) for _ in range(len(moves) + 1)]
    takes = [[0] * len(free) for _ in moves]
    for row in range(len(moves) - 1, -1, -1):
        for column in range(len(free) - 1, -1, -1):
            skipped, passed = best[row + 1][column], best[row][column + 1]
            own = named[moves[row].id]
            fits = not own or free[column] in own
            worth, used = _worth(found, free, column, moves[row]) if fits else (0.0, 0)
            matched = worth + best[row + 1][column + used] if used else -1.0
            # Of ways that are worth the same, the revision is passed over: a later one is taken.
            best[row][column] = max(matched, skipped, passed)
            takes[row][column] = used if matched > max(skipped, passed) else -1 if skipped > passed else 0
    places: dict[int, OperationRecord] = {}
    row = column = 0
    while row < len(moves) and column < len(free):
        taken = takes[row][column]
        if taken > 0:
            places[free[column]] = moves[row]
        row, column = (row + 1, column + taken) if taken > 0 else (row + 1, column) if taken < 0 else (row, column + 1)
    return places


def _worth(found: Sequence[Revision], free: Sequence[int], column: int, move: OperationRecord) -> tuple[float, int]:
    """How well an operation fits a revision, and how many revisions it takes: its way back is the next one. 0: it does not fit."""
    index = free[column]
    one = found[index]
    named = "" if one.returned or not one.newest_of_set else _named(one)
    other = named not in ("", move.id) and all(_named(earlier) != named for earlier in found[:index])
    if other or not _same_change(found, index, move) or not move.within(one.since, one.until):
        return 0.0, 0
    worth = 1000.0 - 100.0 * _doubt(one, move) + (10.0 if _before(found, index) == move.change.from_version else 0.0)
    follows = column + 1 < len(free) and free[column + 1] == index + 1
    returns = not move.served and follows and _way_back(found, index, move, ()) is not None
    return (worth + 500.0, 2) if returns else (worth, 1)


def _says_so(found: Sequence[Revision], index: int, move: OperationRecord) -> bool:
    said = f"modeldeck {move.kind} {move.change.model} {move.change.from_version or 'unknown'} -> {move.change.to_version} by {move.actor}"
    return _same_change(found, index, move) and found[index].cause.startswith(said)


def _same_change(found: Sequence[Revision], index: int, move: OperationRecord) -> bool:
    one = found[index]
    named = one.replica_set.template.annotations.get("modeldeck.dev/version") if one.by_alias else one.version
    if named != move.change.to_version or (move.change.model and one.model not in (None, move.change.model)):
        return False
    if one.by_alias:
        return True  # it restarts the pods, also where another Deployment's operation had moved the shared alias there already
    # An operation that found the template in place made no revision, unless it restarted the pods.
    return move.change.from_version != move.change.to_version or _before(found, index) in (None, move.change.to_version)


def _before(found: Sequence[Revision], index: int) -> str | None:
    return found[index - 1].version if index else None


def _best(places: Sequence[int], found: Sequence[Revision], move: OperationRecord) -> int | None:
    """The surest time, then where the version before fits, then the earliest."""
    return min(places, key=lambda at: (_doubt(found[at], move), _before(found, at) != move.change.from_version, at), default=None)


def _doubt(one: Revision, move: OperationRecord) -> int:
    """A known time that falls into the operation's own is surer than bounds, and these than one that clocks must be wrong for."""
    if not one.exact:
        return 1
    return 0 if move.since - SECOND <= one.since <= move.at + SECOND else 2


def _way_back(found: Sequence[Revision], place: int, move: OperationRecord, taken: Collection[int]) -> int | None:
    """The next revision, where it brings back what was there before."""
    index = place + 1
    if index >= len(found) or index in taken or place == 0:
        return None
    same = found[index].replica_set.uid == found[place - 1].replica_set.uid
    return index if same and move.within(found[index].since, found[index].until) else None


def _retimed(found: Sequence[Revision], forth: dict[int, OperationRecord], back: dict[int, OperationRecord]) -> tuple[Revision, ...]:
    """What an operation made was made while it went on, unless the clocks say otherwise."""
    timed = list(found)
    for index, move in (*forth.items(), *back.items()):
        one = timed[index]
        since, until = max(one.since, move.since), min(one.until, move.at)
        if since <= until:
            timed[index] = replace(one, since=since, until=until)
    return bounded(timed)


def _arrival(one: Revision, forth: OperationRecord | None, back: OperationRecord | None, undone: set[str]) -> Arrival:
    if forth is None:
        version = one.version or (back.change.from_version if back else None)
        return Arrival(one.model, version, one, back, back=back is not None)
    served = forth.served
    if forth.outcome is Outcome.NEEDS_ATTENTION and forth.source != JOURNAL:
        served = forth.id not in undone  # a colleague's: its pods serve, unless the template has gone back
    return Arrival(forth.change.model or one.model, forth.change.to_version, one, forth, served=served)


def _merged(arrivals: Sequence[Arrival], left: Sequence[OperationRecord]) -> tuple[Arrival, ...]:
    """The operations without a revision between the others, by time."""
    merged: list[Arrival] = []
    pending = [Arrival(move.change.model or None, move.change.to_version, None, move, served=move.served) for move in left]
    for one in arrivals:
        while pending and pending[0].at <= one.since:
            merged.append(pending.pop(0))
        merged.append(one)
    return (*merged, *pending)
