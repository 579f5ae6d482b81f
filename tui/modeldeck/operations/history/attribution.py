"""Which operations explain what an alias was seen to do, and what is left: moves that no operation known here explains.

An operation is a step of the alias from one version to another, in the time in which it was under way. What was seen between two readings
is explained by a run of such steps, in their order; where a step does not begin where the one before it ended, something else moved the
alias between. Of all ways to lay the operations over the sightings, each used once, the one is taken that leaves the fewest moves
unexplained, then the one that needs the clocks to differ least.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.mlflow.alias_changes import AliasChange
from modeldeck.operations.history.records import SLACK, OperationRecord
from modeldeck.operations.history.revisions import SECOND


def by_others(sightings: Iterable[AliasChange], moves: Iterable[OperationRecord]) -> tuple[AliasChange, ...]:
    """Oldest first. A sighting that spans a move of ours and another one is told as what is left of it.

    An operation may be told of by several memories, the best of them first, and be about several Deployments that share an alias.
    """
    known = _each_once(moves)
    chains: dict[tuple[str, str], list[AliasChange]] = defaultdict(list)
    for sighting in sightings:
        if sighting.move.from_version != sighting.move.to_version:
            chains[sighting.move.model, sighting.move.alias].append(sighting)
    left: list[AliasChange] = []
    for (model, alias), chain in chains.items():
        chain.sort(key=lambda one: (one.before, one.after))
        steps = sorted(
            (step for move in known if move.change.model == model and move.change.alias in ("", alias) for step in _steps(move)),
            key=lambda step: step.order,
        )
        left += _Chain(chain, steps).unexplained()
    return tuple(sorted(left, key=lambda one: (one.before, one.after)))


def _each_once(moves: Iterable[OperationRecord]) -> Iterable[OperationRecord]:
    found: dict[tuple[str, str], OperationRecord] = {}
    for move in moves:
        known = found.setdefault((move.id, move.change.model), move)
        if known.alias_moved is False and move.alias_moved:
            found[move.id, move.change.model] = move  # of Deployments that share an alias one has moved it
    return found.values()


class _Unknown:
    """A version that fits any other."""


_ANY = _Unknown()
_Version = str | None | _Unknown


@dataclass(frozen=True, slots=True)
class _Step:
    """What an operation did to an alias: `since` and `until` hold the moment."""

    before: _Version
    after: _Version
    since: float
    until: float
    order: tuple[float, float, bool]
    surely: bool
    """It is known to have happened: whoever read the alias before and after must have seen it."""

    def near(self, sighting: AliasChange, slack: float) -> bool:
        return self.since - slack <= sighting.before and sighting.after <= self.until + slack

    def inside(self, sighting: AliasChange) -> bool:
        return sighting.after <= self.since and self.until <= sighting.before


def _steps(move: OperationRecord) -> Iterator[_Step]:
    """The way there, and the way back of one that did not last, or is not known to have."""
    if move.alias_moved is False or (move.change.alias_before is not None and move.change.alias_before == move.change.to_version):
        return
    since = move.since if move.alias_since is None else move.alias_since
    until = move.at if move.alias_until is None else move.alias_until
    before: _Version = _ANY if move.change.alias_before is None else move.change.alias_before
    yield _Step(before, move.change.to_version, since, until, (until, since, False), move.served and move.change.alias != "")
    if not move.served:
        yield _Step(move.change.to_version, before, since, until, (until, since, True), False)


_FORGOTTEN = 3_000_000
# A step that surely happened is not passed over: rather two moves of others are told, before and behind it.
_GAP = 1_000_000
_OFF = 1_000
_PERHAPS = 3
# For a step that need not have happened: it has to explain something.
_PASSED = 1
_NOBODY = -1

_Path = tuple[int, "_Path | None", int, int]
"""Cost; the path before; sighting and step that it goes on with (_NOBODY: the sighting ends)."""


class _Chain:
    """All sightings of one alias and all steps that may explain them."""

    def __init__(self, sightings: Sequence[AliasChange], steps: Sequence[_Step]) -> None:
        self._sightings, self._steps = sightings, steps
        passed = [0]
        for step in steps:
            forgotten = step.surely and any(step.inside(sighting) for sighting in sightings)
            passed.append(passed[-1] + (_FORGOTTEN if forgotten else _PASSED))
        self._passed = passed
        """What it costs to pass over the first n steps."""

    def cheapest(self) -> _Path:
        """Of all ways to lay the steps over the sightings."""
        ends: dict[int, _Path] = {_NOBODY: (0, None, _NOBODY, _NOBODY)}
        for number in range(len(self._sightings)):
            ends = self._after(number, ends)
        last = len(self._steps) - 1
        return min((path for path in _closed(ends, self, last)), key=lambda found: found[0])

    def unexplained(self) -> list[AliasChange]:
        path: _Path | None = self.cheapest()
        used: list[list[int]] = [[] for _ in self._sightings]
        while path is not None:
            _, before, number, step = path
            if step != _NOBODY:
                used[number].append(step)
            path = before
        return [gap for sighting, steps in zip(self._sightings, used, strict=True) for gap in self._gaps(sighting, steps[::-1])]

    def skipped(self, last: int, next_one: int) -> int:
        return self._passed[next_one] - self._passed[last + 1]

    def _after(self, number: int, ends: dict[int, _Path]) -> dict[int, _Path]:
        """The last step that was used up to this sighting → the best path to it."""
        sighting = self._sightings[number]
        begins, target = sighting.move.from_version, sighting.move.to_version
        within: dict[int, _Path] = {}
        for index, step in enumerate(self._steps):
            if not step.near(sighting, SLACK):
                continue
            off = (0 if step.near(sighting, SECOND) else _OFF) + (0 if step.surely else _PERHAPS)
            ways = [
                (path[0] + off + self.skipped(last, index) + _gap(begins, step.before), path) for last, path in ends.items() if last < index
            ]
            ways += [
                (path[0] + off + self.skipped(last, index) + _gap(self._steps[last].after, step.before), path)
                for last, path in within.items()
            ]
            if ways:
                cost, before = min(ways, key=lambda way: way[0])
                within[index] = (cost, before, number, index)
        found: dict[int, _Path] = {last: (path[0] + _gap(begins, target), path, number, _NOBODY) for last, path in ends.items()}
        for index, path in within.items():
            closed: _Path = (path[0] + _gap(self._steps[index].after, target), path, number, _NOBODY)
            if index not in found or closed[0] < found[index][0]:
                found[index] = closed
        return found

    def _gaps(self, sighting: AliasChange, used: Sequence[int]) -> Iterator[AliasChange]:
        """What is left of one sighting, bounded by the steps before and behind."""
        at: _Version = sighting.move.from_version
        after = sighting.after
        for index in used:
            step = self._steps[index]
            until = sighting.before if math.isinf(step.until) else min(sighting.before, max(step.since, after))
            yield from _between(sighting, at, step.before, after, until)
            at = step.after
            after = max(after, min(step.until, sighting.before))
        yield from _between(sighting, at, sighting.move.to_version, after, sighting.before)


def _closed(ends: dict[int, _Path], chain: _Chain, last: int) -> Iterator[_Path]:
    for index, path in ends.items():
        yield (path[0] + chain.skipped(index, last + 1), path[1], path[2], path[3])


def _gap(one: _Version, other: _Version) -> int:
    return 0 if _fits(one, other) else _GAP


def _fits(one: _Version, other: _Version) -> bool:
    return isinstance(one, _Unknown) or isinstance(other, _Unknown) or one == other


def _between(sighting: AliasChange, one: _Version, other: _Version, after: float, before: float) -> Iterator[AliasChange]:
    if not isinstance(one, _Unknown) and not isinstance(other, _Unknown) and one != other:
        yield AliasChange(replace(sighting.move, from_version=one, to_version=other), after, before)
