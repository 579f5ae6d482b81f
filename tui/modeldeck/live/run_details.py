"""One run in full, kept up to date without asking for more than can have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from modeldeck.domain.failures import Failure
from modeldeck.domain.mlflow.runs import MetricPoint, Run, RunDetails, RunStatus
from modeldeck.ports import Clock, Tracking

HISTORY_METRICS = 12
"""Metrics of a run whose history is drawn: each is a request."""
HISTORIES_A_ROUND = 2
"""Histories read again in one round while the run goes on, of those that have a new value."""
FINISHED_EVERY = 60.0
"""Seconds between two looks at a run that has ended: only its tags may change."""
ARTIFACTS_EVERY = 30.0
_GOES_ON = (RunStatus.RUNNING, RunStatus.SCHEDULED, RunStatus.UNKNOWN)


class RunReader:
    """Call `read` as often as wanted; `forget` has the next one ask for everything."""

    def __init__(self, tracking: Tracking, run_id: str, clock: Clock) -> None:
        self._tracking, self._run_id, self._clock = tracking, run_id, clock
        self.forget()

    def forget(self) -> None:
        self._known: RunDetails | None = None
        self._drawn: dict[str, float] = {}
        """Metric → its newest value when its history was read, the one read longest ago first."""
        self._read_at = self._listed_at = 0.0

    async def read(self) -> RunDetails:
        """Raises a Failure where the run itself cannot be read."""
        known, now = self._known, self._clock.monotonic()
        if known is not None and known.run.status not in _GOES_ON and now - self._read_at < FINISHED_EVERY:
            return known
        run = await self._tracking.run(self._run_id)
        names = sorted(run.metrics)[:HISTORY_METRICS]
        ended = known is None or known.run.status != run.status
        wanted = names if ended else [*self._changed(run, names)][:HISTORIES_A_ROUND]
        listed = ended or now - self._listed_at >= ARTIFACTS_EVERY
        histories = asyncio.gather(*(self._history(name) for name in wanted))
        artifacts = await self._tracking.artifacts(self._run_id) if listed else known.artifacts if known else ()
        history, missing = dict(known.history) if known else {}, None
        for name, answer in zip(wanted, await histories, strict=True):
            if isinstance(answer, Failure):
                missing = answer
                continue
            history[name] = answer
            self._drawn.pop(name, None)
            self._drawn[name] = run.metrics[name]
        self._read_at, self._listed_at = now, now if listed else self._listed_at
        self._known = RunDetails(run, history, artifacts, missing)
        return self._known

    def _changed(self, run: Run, names: Iterable[str]) -> Iterable[str]:
        order = {name: place for place, name in enumerate(self._drawn)}
        for name in sorted(names, key=lambda name: order.get(name, -1)):
            if name not in self._drawn or self._drawn[name] != run.metrics[name]:
                yield name

    async def _history(self, metric: str) -> tuple[MetricPoint, ...] | Failure:
        """A history that cannot be had leaves the metric without its line; the values themselves are known."""
        try:
            return await self._tracking.metric_history(self._run_id, metric)
        except Failure as failure:
            return failure
