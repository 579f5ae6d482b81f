"""The list of experiments, kept up to date by asking for those that changed: with thousands of them the whole list is a megabyte."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tui.domain.runs import Experiment

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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_all, self._read_since = read_all, read_since
        self._monotonic = monotonic
        self._known: Mapping[str, Experiment] = {}
        self._told: tuple[Experiment, ...] = ()
        self._due_at = 0.0

    async def experiments(self) -> tuple[Experiment, ...]:
        """The same object where nothing changed."""
        now = self._monotonic()
        newest = max((known.last_update or 0.0 for known in self._known.values()), default=0.0)
        if now >= self._due_at or not newest:
            found = await self._read_all()
            self._due_at = now + PAUSE_FOR_EACH * len(found)
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
