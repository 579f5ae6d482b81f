"""What Prometheus is asked about objectives, and how a deployment stands against its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from modeldeck.domain.failures import InvalidQuery
from modeldeck.domain.gates.formatting import shown
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.objectives import queries
from modeldeck.domain.objectives.burn import RULES, Budget, BurnRule, Count, Standing, budget, burn
from modeldeck.domain.objectives.counting import Uncountable, failed_count, is_exact, slow_count
from modeldeck.domain.objectives.objective import Indicator, LatencyTarget, Objective
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus
from modeldeck.ports import Metrics

MOMENTS = 240
"""At so many moments of the window it is looked whether there are data."""
BEFORE = 900.0
"""Seconds before a window in which a series has to be seen to be an old one: some scrapes may fail."""
_AT_ONCE = 4
"""Questions: others want answers, too."""
Counts = Mapping[float, Count | None]
"""By window, in seconds."""


async def objective_status(key: str, objective: Objective, scraped: Scraped | None, where: str, metrics: Metrics) -> ObjectiveStatus:
    """One deployment's. `where` selects its pods (live/fleet_metrics.where_of). All is asked of one moment, by Prometheus' own clock.

    Raises a Failure where one question is not answered.
    """
    why = _unanswerable(scraped)
    if scraped is None or why:
        return ObjectiveStatus(key, objective, tuple(_unknown(one, target, why) for one, target in objective.targets.items()))
    at = (await metrics.query(queries.SERVER_TIME)).samples[0].at
    asking = _Asking(metrics, scraped, where, at)
    covered, begin = await asking.coverage(objective.window)
    rules = tuple(rule for rule in RULES if rule.long <= objective.window)
    windows = sorted({objective.window, *(each for rule in rules for each in (rule.long, rule.short))}, reverse=True)
    found = []
    for indicator, target in objective.targets.items():
        if indicator is Indicator.LATENCY and objective.latency is not None:
            found.append(_status(indicator, target, rules, await asking.slow(objective.latency, windows)))
        else:
            found.append(_status(indicator, target, rules, await asking.failed(windows, begin)))
    return ObjectiveStatus(key, objective, tuple(found), covered, at, dict(asking.asked))


def _unanswerable(scraped: Scraped | None) -> str:
    """Why nothing can be counted; "" where it can."""
    if scraped is None:
        return "its pods export no metrics of a known model server"
    if scraped.mixed:
        return "; ".join(scraped.several)
    if scraped.labels.by_address:
        return "its pods are known by their addresses alone, which others had before them"
    return ""


def _unknown(indicator: Indicator, target: float, why: str) -> IndicatorStatus:
    return IndicatorStatus(indicator, target, Budget(Standing.NO_DATA), not_known=why)


@dataclass(frozen=True, slots=True)
class _Counted:
    counts: Counts
    """The objective's own window comes first."""
    bound: float | None = None
    notes: tuple[str, ...] = ()


def _status(indicator: Indicator, target: float, rules: Sequence[BurnRule], found: _Counted | Uncountable) -> IndicatorStatus:
    if isinstance(found, Uncountable):
        return _unknown(indicator, target, found.message)
    counts = found.counts
    burns = tuple(burn(rule, target, counts[rule.long], counts[rule.short]) for rule in rules)
    return IndicatorStatus(indicator, target, budget(target, next(iter(counts.values()))), burns, found.bound, notes=found.notes)


@dataclass(frozen=True, slots=True)
class _Asking:
    metrics: Metrics
    scraped: Scraped
    where: str
    at: float
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    asked: dict[str, str] = field(default_factory=dict)
    """The PromQL of the objective's own window, by what it counts."""

    @property
    def profile(self) -> Profile:
        return self.scraped.profile

    async def coverage(self, window: float) -> tuple[float | None, float]:
        """(Of how many seconds there are data, None where that is not known; where they begin.)"""
        promql, start, step = queries.present(self.profile, self.where), self.at - window, window / MOMENTS
        seen = await self._times(promql, start, step) if promql else []
        if not seen:
            return None, start
        if seen[0] < start + step / 2:
            return min(window, len(seen) * step), start
        # The first data came since the moment before, which of what is young may be longer than all that there is.
        finer = await self._times(promql, seen[0] - step, step / MOMENTS, end=seen[0])
        begin = finer[0] if finer else seen[0]
        return (len(seen) - 1) * step + seen[0] - begin, begin

    async def _times(self, promql: str, start: float, step: float, end: float | None = None) -> list[float]:
        async with self.turn:
            answer = await self.metrics.query_range(promql, start=start, end=self.at if end is None else end, step=step)
        return sorted({at for series in answer.series for at, _ in series.points})

    async def failed(self, windows: Sequence[float], begin: float) -> _Counted | Uncountable:
        """Requests that failed. Where data begin within a window, nobody knows what the first series had before."""
        if not self.profile.requests or not self.profile.errors:
            return Uncountable(
                next((note for note in self.scraped.notes if "failed" in note or "errors" in note), "failed requests are not counted")
            )
        found = await asyncio.gather(*(self._failed(window, begin) for window in windows))
        wrong = next((one for one, _ in found if isinstance(one, Uncountable)), None)
        if wrong is not None:
            return wrong
        counts = {window: self._doubted(one) for window, (one, _) in zip(windows, found, strict=True) if not isinstance(one, Uncountable)}
        unseen = (
            ()
            if all(known for _, known in found)
            else ("failed requests that a series begins with are not counted: this Prometheus cannot tell them",)
        )
        blind = (f"its counter of failed requests leaves out {self.profile.blind_to}",) if self.profile.blind_to else ()
        return _Counted(counts, notes=(*self.scraped.several, *blind, *unseen))

    async def _failed(self, window: float, begin: float) -> tuple[Count | Uncountable | None, bool]:
        """With whether what series begin with is known."""
        requests, errors, seconds = self.profile.requests[0], self.profile.errors[0], round(window)
        known = min(window, self.at - begin)
        before = BEFORE if known == window else min(BEFORE, known / 4)
        since = round(known if known == window else known - before)
        total, failed = queries.grown(requests, self.where, seconds), queries.grown(errors, self.where, seconds)
        self.asked.setdefault("requests", total)
        self.asked.setdefault("failed", failed)
        begun = queries.begun_with(errors, self.where, max(1, since), max(1, round(before)))
        first, second, third = await asyncio.gather(self._query(total), self._query(failed), self._query_or_none(begun))
        return failed_count(self.profile, first, second, third), third is not None

    async def slow(self, target: LatencyTarget, windows: Sequence[float]) -> _Counted | Uncountable:
        """Requests that took too long: in all windows by the same bound, as the longest one has it."""
        if not self.profile.latency:
            return Uncountable(f"{self.profile.name} exports no histogram of latency here")
        promql = {window: queries.buckets(self.profile, self.where, self.scraped.labels, round(window)) for window in windows}
        self.asked.setdefault("latency", promql[windows[0]])
        answers = dict(zip(promql, await asyncio.gather(*(self._query(text) for text in promql.values())), strict=True))
        counts: dict[float, Count | None] = {}
        bound = target.below
        for window, answer in answers.items():
            one = slow_count(self.profile, answer, bound)
            if isinstance(one, Uncountable):
                return one
            bound = one.bound if one is not None else bound
            counts[window] = self._doubted(one.count) if one is not None else None
        notes = list(self.scraped.several)
        if not is_exact(bound, target.below):
            notes.append(f"no bucket ends at {shown(target.below, 's')}: what took more than {shown(bound, 's')} counts as slow")
        if self.profile.latency[0] == self.profile.latency_of_all:
            notes.append("its histogram has no label of the path: probes are among the requests")
        return _Counted(counts, bound, tuple(notes))

    def _doubted(self, count: Count | None) -> Count | None:
        """Several clusters' series are summed: nothing is well for sure then."""
        return replace(count, partial=True) if count is not None and self.scraped.several else count

    async def _query(self, promql: str) -> Vector:
        async with self.turn:
            return await self.metrics.query(promql, at=self.at)

    async def _query_or_none(self, promql: str) -> Vector | None:
        """Stand-ins for Prometheus know a part of PromQL only."""
        try:
            return await self._query(promql)
        except InvalidQuery:
            return None
