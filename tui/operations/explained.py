"""Sightings that no operation of ours explains: what somebody else did to an alias."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tui.domain.pointers import Sighting
from tui.operations.moves import Move


def by_others(sightings: Iterable[Sighting], moves: Iterable[Move]) -> tuple[Sighting, ...]:
    """Oldest first. A sighting that spans a move of ours and one of somebody else is told as what is theirs of it.

    Each operation explains one way there, and one way back where it did not last; of each model, where it is about several. It may be told
    of by several memories, the best of them first.
    """
    oldest_first = sorted(sightings, key=lambda one: (one.before, one.after))
    each_once: dict[tuple[str, str], Move] = {}
    for move in moves:
        each_once.setdefault((move.id, move.model), move)
    ours = sorted(each_once.values(), key=lambda move: move.at)
    spent: set[_Way] = set()
    return tuple(left for sighting in oldest_first for left in _left(sighting, ours, spent))


_Way = tuple[str, str, str]
"""Operation, model, and there or back."""
_THERE, _BACK = "there", "back"


def _left(sighting: Sighting, ours: Sequence[Move], spent: set[_Way]) -> tuple[Sighting, ...]:
    move = sighting.move
    if move.from_version == move.to_version:
        return ()
    near = [one for one in ours if _about(one, sighting)]
    came = _last(near, spent, _THERE, lambda one: one.to_version == move.to_version)
    if came is not None:
        return _before_ours(sighting, came, ours, spent)
    went_back = _last(near, spent, _BACK, lambda one: not one.served and one.to_version == move.from_version)
    if went_back is not None and went_back.previous in (None, move.to_version):
        return ()
    between = _last(near, spent, _THERE, lambda one: one.served and sighting.after <= one.since and one.at <= sighting.before)
    if between is None:
        return (sighting,)
    theirs = Sighting(replace(move, from_version=between.to_version), between.at, sighting.before)
    return (*_before_ours(sighting, between, ours, spent), *_left(theirs, ours, spent))


def _before_ours(sighting: Sighting, own: Move, ours: Sequence[Move], spent: set[_Way]) -> tuple[Sighting, ...]:
    """What had moved already when ours was planned, where that is known."""
    if own.previous is None or own.previous == sighting.move.from_version:
        return ()
    until = sighting.before if math.isinf(own.at) else min(sighting.before, max(own.since, sighting.after))
    return _left(Sighting(replace(sighting.move, to_version=own.previous), sighting.after, until), ours, spent)


def _about(own: Move, sighting: Sighting) -> bool:
    move = sighting.move
    return own.model == move.model and own.alias in ("", move.alias) and own.within(sighting.after, sighting.before)


def _last(near: Sequence[Move], spent: set[_Way], way: str, fits: Callable[[Move], bool]) -> Move | None:
    """The last that fits and has not explained anything of the kind yet."""
    found = next((one for one in reversed(near) if (one.id, one.model, way) not in spent and fits(one)), None)
    if found is not None:
        spent.add((found.id, found.model, way))
    return found
