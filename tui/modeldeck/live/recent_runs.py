"""The newest runs of some experiments, kept up to date by asking for what is new and for what still runs.

A finished run hardly changes: a page of a hundred, some 600 KB, is not read again every few seconds. What escapes the two questions
(edited tags, deleted runs, runs that began before those that are known) is seen when the whole page is read again, in pauses that grow
with its size: a small one is read whole nearly every time.

MLflow wants the ids of all experiments that are searched. Where there are thousands, only those are named in which something goes on, and
the others now and then: what is new in one that nobody used lately is seen within `EVERYWHERE_EVERY`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modeldeck.domain.mlflow.beats import beat, beats_between
from modeldeck.domain.mlflow.runs import Run, RunPage, RunStatus
from modeldeck.ports import Clock, Tracking

RUNS_A_PAGE = 100
BYTES_A_SECOND = 2_000
"""Of answers that repeat what is known: of the whole page, and of the runs that still run."""
OVERLAP = 60.0
"""Seconds by which the clocks of those who train may differ, and in which runs may come late."""
LIVELY, MADE_LATELY = 100, 20
"""Experiments that every search names: of the newest runs, and those that were made or changed last."""
EVERYWHERE_EVERY = 64.0
"""Seconds between two searches of all experiments, where there are more."""
_RUN_BYTES, _ENTRY_BYTES = 900, 60
_ENDED = (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


def bytes_of(runs: Iterable[Run]) -> int:
    """About what their answer weighs."""
    return sum(
        _RUN_BYTES
        + _ENTRY_BYTES * (len(run.metrics) + len(run.params) + len(run.tags))
        + sum(len(text) for texts in (run.params, run.tags) for text in texts.values())
        for run in runs
    )


class RecentRuns:
    """One page at a time: another one (experiments or filter) is read anew."""

    def __init__(self, tracking: Tracking, clock: Clock) -> None:
        self._tracking = tracking
        self._clock = clock
        self._asked: tuple[frozenset[str], str] | None = None
        self._forced = False
        self._page = RunPage((), None)
        self._whole_at = self._running_at = self._everywhere_at = 0.0
        """When they were last asked for, in seconds since the epoch."""
        self._whole_every = self._running_every = 1.0
        self._everywhere_since = 0.0
        """Of the newest run that was known when all experiments were last searched."""

    def forget(self) -> None:
        """The next page is read whole, and for this console alone."""
        self._asked, self._forced = None, True

    async def page(self, experiment_ids: Sequence[str], filter_text: str) -> RunPage:
        """Newest first; more than a page where new ones have come. Its token leads to what is older. `experiment_ids`: those that were made
        or changed last come first."""
        asked, now = (frozenset(experiment_ids), filter_text), self._clock.now()
        if asked == self._asked and not beats_between(self._whole_every, self._whole_at, now):
            fresh = await self._news(experiment_ids, filter_text, now)
            if fresh is not None:
                self._page = fresh
                return fresh
        again, self._asked = asked == self._asked and not self._forced, None
        page = await self._tracking.search_runs(sorted(experiment_ids), filter_text=filter_text, page_size=RUNS_A_PAGE, again=again)
        self._asked, self._forced, self._page = asked, False, page
        self._whole_every = beat(bytes_of(page.runs) / BYTES_A_SECOND)
        self._whole_at = self._running_at = self._everywhere_at = now
        self._everywhere_since = self._newest(page.runs) or 0.0
        return page

    async def _news(self, experiment_ids: Sequence[str], filter_text: str, now: float) -> RunPage | None:
        """None: too many new ones to tell without reading the whole page."""
        known = {run.id: run for run in self._page.runs}
        newest = self._newest(known.values())
        if newest is None:
            return None
        ids = _lively(experiment_ids, known.values())
        everywhere = len(ids) == len(experiment_ids) or beats_between(EVERYWHERE_EVERY, self._everywhere_at, now)
        since = (self._everywhere_since if everywhere else newest) - OVERLAP
        new = await self._tracking.search_runs(
            sorted(experiment_ids) if everywhere else ids,
            filter_text=_both(filter_text, f"attributes.start_time > {round(since * 1000)}"),
            page_size=RUNS_A_PAGE,
            again=True,
        )
        if new.next_token is not None:
            return None
        if everywhere:
            self._everywhere_at, self._everywhere_since = now, newest
        known |= {run.id: run for run in new.runs}
        running = [run for run in known.values() if run.status not in _ENDED and run not in new.runs]
        if running and beats_between(self._running_every, self._running_at, now):
            theirs = ", ".join(f"'{id}'" for id in sorted(run.id for run in running))
            again = await self._tracking.search_runs(
                sorted({run.experiment_id for run in running}),
                filter_text=_both(filter_text, f"attributes.run_id IN ({theirs})"),
                page_size=len(running),
                again=True,
            )
            self._running_at, self._running_every = now, beat(bytes_of(again.runs) / BYTES_A_SECOND)
            known = {name: run for name, run in known.items() if run not in running} | {run.id: run for run in again.runs}
        newest_first = sorted(known.values(), key=lambda run: run.started_at or 0.0, reverse=True)
        return RunPage(tuple(newest_first), self._page.next_token)

    def _newest(self, runs: Iterable[Run]) -> float | None:
        """When the newest one started. A clock that is ahead must not hide what others start meanwhile."""
        limit = self._clock.now() + OVERLAP
        return max((run.started_at for run in runs if run.started_at and run.started_at <= limit), default=None)


def _lively(experiment_ids: Sequence[str], runs: Iterable[Run]) -> list[str]:
    """Where something may well go on, in an order that is the same for all who know the same runs."""
    if len(experiment_ids) <= LIVELY:
        return list(experiment_ids)
    found, possible = dict.fromkeys(experiment_ids[:MADE_LATELY]), frozenset(experiment_ids)
    for run in sorted(runs, key=lambda run: run.started_at or 0.0, reverse=True):
        if len(found) < LIVELY and run.experiment_id in possible:
            found[run.experiment_id] = None
    return sorted(found)


def _both(one: str, other: str) -> str:
    """MLflow's filters know AND, and no brackets."""
    return f"{one} AND {other}" if one.strip() else other
