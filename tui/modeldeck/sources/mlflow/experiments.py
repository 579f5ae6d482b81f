"""The list of experiments, kept up to date by asking for those that changed: with thousands of them the whole list is a megabyte."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from modeldeck.domain.mlflow.beats import beat, beats_between
from modeldeck.domain.mlflow.runs import Experiment

PAUSE_FOR_EACH = 0.1
"""Seconds until everything is read again, for each experiment: 3 KB/s at most. What was deleted for good is seen then."""


@dataclass(frozen=True, slots=True)
class ExperimentChange:
    """One that was made, renamed, deleted or restored."""

    experiment: Experiment
    deleted: bool


class ExperimentFollower:
    """`read_all` answers those that are not deleted; `read_since` everything that changed at a time (milliseconds) or later."""

    def __init__(
        self,
        read_all: Callable[[], Awaitable[tuple[Experiment, ...]]],
        read_since: Callable[[int], Awaitable[tuple[ExperimentChange, ...]]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._read_all, self._read_since = read_all, read_since
        self._clock = clock
        self._known: Mapping[str, Experiment] = {}
        self._told: tuple[Experiment, ...] = ()
        self._read_at, self._every = 0.0, 1.0

    async def experiments(self) -> tuple[Experiment, ...]:
        """The same object where nothing changed."""
        now = self._clock()
        newest = max((known.last_update or 0.0 for known in self._known.values()), default=0.0)
        if not newest or beats_between(self._every, self._read_at, now):
            found = await self._read_all()
            self._read_at, self._every = now, beat(PAUSE_FOR_EACH * len(found))
            known: dict[str, Experiment] = {each.id: each for each in found}
        else:
            changes = await self._read_since(round(newest * 1000))
            known = dict(self._known) | {change.experiment.id: change.experiment for change in changes if not change.deleted}
            for change in changes:
                if change.deleted:
                    known.pop(change.experiment.id, None)
        if known != self._known:
            self._known, self._told = known, tuple(known.values())
        return self._told
