"""What served in a Deployment, one after the other: its revisions, and the operations that tell of them, each real move once however many
memories tell of it. A revision that no operation explains is somebody else's doing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tui.domain.links import LinkPatterns
from tui.domain.promotions import Outcome
from tui.domain.registry import Registry
from tui.domain.serving import Deployment, ReplicaSet
from tui.operations.moves import JOURNAL, Move
from tui.operations.revisions import SECOND, Revision, bounded, revisions


@dataclass(frozen=True, slots=True)
class Arrival:
    """A version came into service, or was tried. At least one of `revision` and `move` is there."""

    model: str | None
    version: str | None
    revision: Revision | None = None
    """None: its ReplicaSet is gone, or no pod was changed."""
    move: Move | None = None
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
    deployment: Deployment, sets: Iterable[ReplicaSet], moves: Sequence[Move], registry: Registry | None, patterns: LinkPatterns
) -> tuple[Arrival, ...]:
    """Oldest first. `sets` and `moves` (moves.py): the Deployment's own."""
    found = revisions(deployment, sets, registry, patterns)
    if not moves:
        return tuple(Arrival(one.model, one.version, one) for one in found)
    return _merged(*aligned(found, moves))


def aligned(found: Sequence[Revision], moves: Sequence[Move]) -> tuple[tuple[Arrival, ...], tuple[Move, ...]]:
    """Every revision with the operation that made it, if any; and the operations that are left."""
    forth: dict[int, Move] = {}
    back: dict[int, Move] = {}
    # First by time, which is sure; then by the change cause, for machines whose clocks are far apart.
    for fits in (_by_time, _by_cause):
        for move in moves:
            if any(move.id == known.id for known in forth.values()):
                continue
            taken = forth.keys() | back.keys()
            place = _best([index for index in range(len(found)) if index not in taken and fits(found, index, move)], found, move)
            if place is not None:
                forth[place] = move
                if not move.served:
                    returning = _way_back(found, place, move, {*taken, place})
                    if returning is not None:
                        back[returning] = move
    undone = {move.id for move in back.values()}
    arrivals = [_arrival(one, forth.get(index), back.get(index), undone) for index, one in enumerate(_retimed(found, forth, back))]
    explained = {move.id for move in forth.values()}
    return tuple(arrivals), tuple(move for move in moves if move.id not in explained)


def _by_time(found: Sequence[Revision], index: int, move: Move) -> bool:
    one = found[index]
    return _same_change(found, index, move) and move.within(one.since, one.until)


def _by_cause(found: Sequence[Revision], index: int, move: Move) -> bool:
    said = f"modeldeck {move.kind} {move.model} {move.from_version or 'unknown'} -> {move.to_version} by {move.actor}"
    return _same_change(found, index, move) and found[index].cause.startswith(said)


def _same_change(found: Sequence[Revision], index: int, move: Move) -> bool:
    one = found[index]
    named = one.replica_set.template.annotations.get("modeldeck.dev/version") if one.by_alias else one.version
    if named != move.to_version or (move.model and one.model not in (None, move.model)):
        return False
    # An operation that found the template in place made no revision, unless it restarted the pods.
    return move.from_version != move.to_version or _before(found, index) in (None, move.to_version)


def _before(found: Sequence[Revision], index: int) -> str | None:
    return found[index - 1].version if index else None


def _best(places: Sequence[int], found: Sequence[Revision], move: Move) -> int | None:
    """The surest time, then where the version before fits, then the earliest."""
    return min(places, key=lambda at: (_doubt(found[at], move), _before(found, at) != move.from_version, at), default=None)


def _doubt(one: Revision, move: Move) -> int:
    """A known time that falls into the operation's own is surer than bounds, and these than one that clocks must be wrong for."""
    if not one.exact:
        return 1
    return 0 if move.since - SECOND <= one.since <= move.at + SECOND else 2


def _way_back(found: Sequence[Revision], place: int, move: Move, taken: set[int]) -> int | None:
    """The next revision, where it brings back what was there before."""
    index = place + 1
    if index >= len(found) or index in taken or place == 0:
        return None
    same = found[index].replica_set.uid == found[place - 1].replica_set.uid
    return index if same and move.within(found[index].since, found[index].until) else None


def _retimed(found: Sequence[Revision], forth: dict[int, Move], back: dict[int, Move]) -> tuple[Revision, ...]:
    """What an operation made was made while it went on, unless the clocks say otherwise."""
    timed = list(found)
    for index, move in (*forth.items(), *back.items()):
        one = timed[index]
        since, until = max(one.since, move.since), min(one.until, move.at)
        if since <= until:
            timed[index] = replace(one, since=since, until=until)
    return bounded(timed)


def _arrival(one: Revision, forth: Move | None, back: Move | None, undone: set[str]) -> Arrival:
    if forth is None:
        version = one.version or (back.from_version if back else None)
        return Arrival(one.model, version, one, back, back=back is not None)
    served = forth.served
    if forth.outcome is Outcome.NEEDS_ATTENTION and forth.source != JOURNAL:
        served = forth.id not in undone  # a colleague's: its pods serve, unless the template has gone back
    return Arrival(forth.model or one.model, forth.to_version, one, forth, served=served)


def _merged(arrivals: Sequence[Arrival], left: Sequence[Move]) -> tuple[Arrival, ...]:
    """The operations without a revision between the others, by time."""
    merged: list[Arrival] = []
    pending = [Arrival(move.model or None, move.to_version, None, move, served=move.served) for move in left]
    for one in arrivals:
        while pending and pending[0].at <= one.since:
            merged.append(pending.pop(0))
        merged.append(one)
    return (*merged, *pending)
