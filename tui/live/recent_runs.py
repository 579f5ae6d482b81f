"""The newest runs of some experiments, kept up to date by asking for what is new and for what still runs.

A finished run hardly changes: a page of a hundred, some 600 KB, is not read again every few seconds. What escapes the two questions
(edited tags, deleted runs, runs that began before those that are known) is seen when the whole page is read again, in pauses that grow
with its size: a small one is read whole nearly every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.domain.runs import Run, RunPage, RunStatus
from tui.ports import Clock, Tracking

RUNS_A_PAGE = 100
BYTES_A_SECOND = 5_000
"""Of answers that repeat what is known: of the whole page, and of the runs that still run."""
OVERLAP = 60.0
"""Seconds by which the clocks of those who train may differ, and in which runs may come late."""
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
        self._asked: tuple[tuple[str, ...], str] | None = None
        self._page = RunPage((), None)
        self._whole_at = self._running_at = 0.0

    def forget(self) -> None:
        """The next page is read whole."""
        self._asked = None

    async def page(self, experiment_ids: Sequence[str], filter_text: str) -> RunPage:
        """Newest first; more than a page where new ones have come. Its token leads to what is older."""
        asked, now = (tuple(experiment_ids), filter_text), self._clock.monotonic()
        if asked == self._asked and now < self._whole_at and (fresh := await self._news(asked, now)) is not None:
            self._page = fresh
            return fresh
        self._asked = None
        page = await self._tracking.search_runs(experiment_ids, filter_text=filter_text, page_size=RUNS_A_PAGE)
        self._asked, self._page = asked, page
        self._whole_at = now + bytes_of(page.runs) / BYTES_A_SECOND
        self._running_at = now
        return page

    async def _news(self, asked: tuple[tuple[str, ...], str], now: float) -> RunPage | None:
        """None: too many new ones to tell without reading the whole page."""
        ids, filter_text = asked
        known = {run.id: run for run in self._page.runs}
        # A clock that is ahead must not hide what others start meanwhile.
        started = [run.started_at for run in known.values() if run.started_at and run.started_at <= self._clock.now() + OVERLAP]
        if not started:
            return None
        since = f"attributes.start_time > {round((max(started) - OVERLAP) * 1000)}"
        new = await self._tracking.search_runs(ids, filter_text=_both(filter_text, since), page_size=RUNS_A_PAGE)
        if new.next_token is not None:
            return None
        known |= {run.id: run for run in new.runs}
        running = [run for run in known.values() if run.status not in _ENDED and run not in new.runs]
        if running and now >= self._running_at:
            theirs = ", ".join(f"'{run.id}'" for run in running)
            again = await self._tracking.search_runs(
                sorted({run.experiment_id for run in running}),
                filter_text=_both(filter_text, f"attributes.run_id IN ({theirs})"),
                page_size=len(running),
            )
            self._running_at = now + bytes_of(again.runs) / BYTES_A_SECOND
            known = {name: run for name, run in known.items() if run not in running} | {run.id: run for run in again.runs}
        newest_first = sorted(known.values(), key=lambda run: run.started_at or 0.0, reverse=True)
        return RunPage(tuple(newest_first), self._page.next_token)


def _both(one: str, other: str) -> str:
    """MLflow's filters know AND, and no brackets."""
    return f"{one} AND {other}" if one.strip() else other
