"""The charts of one deployment over any span of time, up to now or in the past. Asked only while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.chart_kind import ALL_CHARTS, ChartKind, computed, queries_of
from modeldeck.domain.metrics.measured import ChartPoints, chart_points
from modeldeck.domain.metrics.profiles.queries import deployment_queries
from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.live.fleet_metrics import where_of
from modeldeck.live.range_answers import RangeAnswers
from modeldeck.live.scrapes import Scrapes
from modeldeck.ports import Clock, Metrics

LEAST_STEP = 5.0
LEAST_SPAN = 300.0
"""Seconds that charts show at least, however short the data."""
_LATE = 0.1
"""Of a span: where data begin later than that in it, the charts show only from there on."""
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class SpanQuery:
    """So many seconds up to `end` (None: up to now), at about `columns` points, of these charts."""

    window: float
    end: float | None = None
    columns: int = 120
    kinds: frozenset[ChartKind] = ALL_CHARTS


@dataclass(frozen=True, slots=True)
class SpanCharts:
    """What was answered. `start` is later than was asked for where data begin later. No `promql`: the pods export nothing known."""

    query: SpanQuery
    start: float
    end: float
    latest: float
    """The newest moment that was asked for, of the last step before `end`."""
    step: float
    points: ChartPoints
    promql: Mapping[str, str]
    """Of all charts that there could be, not only of those that were asked for."""
    warnings: tuple[str, ...] = ()
    computed: Mapping[ChartKind, str] = field(default_factory=dict)
    """How a chart comes from the answers, where it is not drawn as they are."""


def step_of(span: float, columns: int) -> float:
    """Whole seconds between two points."""
    return max(LEAST_STEP, round(span / max(10, columns)))


class DeploymentCharts:
    """Call `read` as often as wanted. What was answered is remembered, and where data begin, as it takes some questions to find."""

    def __init__(
        self, namespace: str, deployment: str, metrics: Metrics, scrapes: Scrapes, fleet: Callable[[], Fleet | None], clock: Clock
    ) -> None:
        self._namespace, self._deployment = namespace, deployment
        self._metrics, self._scrapes, self._fleet, self._clock = metrics, scrapes, fleet, clock
        self.forget()

    def forget(self) -> None:
        """The next `read` asks for everything."""
        self._begin: _Begin | None = None
        self._known: RangeAnswers | None = None

    async def read(self, query: SpanQuery) -> SpanCharts:
        """Raises a Failure where one question is not answered."""
        fleet = self._fleet()
        scraped = (await self._scrapes.of(fleet)).by_deployment.get(f"{self._namespace}/{self._deployment}")
        now = self._clock.now()
        end = now if query.end is None else min(query.end, now)
        start = end - query.window
        if scraped is None or fleet is None:
            return SpanCharts(query, start, end, end, step_of(query.window, query.columns), ChartPoints(), {})
        where = where_of(scraped, fleet, self._namespace, self._deployment)
        if self._begin is not None and self._begin.holds(where, start, end):
            return await self._ask(query, scraped, where, self._begin.at, end)
        found = await self._ask(query, scraped, where, start, end)
        for _ in range(_ROUNDS):
            begin = begin_of(found)
            if begin is None:
                break
            found = await self._ask(query, scraped, where, begin, end)
            self._begin = _Begin(where, start, begin)
        return found

    async def _ask(self, query: SpanQuery, scraped: Scraped, where: str, start: float, end: float) -> SpanCharts:
        profile, step = scraped.profile, step_of(end - start, query.columns)
        promql = deployment_queries(profile, where, step=step)
        wanted = {name: promql[name] for name in promql if name in queries_of(query.kinds, profile)}
        # On a grid that stays where it is: points that are there already do not move when others come.
        last = end // step * step
        answers = await self._grid(wanted, last - (last - start) // step * step, last, step)
        latest = end // LEAST_STEP * LEAST_STEP
        if latest > last:  # steps of hours must not hide the present
            newer = await self._range(wanted, latest, latest, step)
            answers = {name: _joined(answer, newer[name]) for name, answer in answers.items()}
            last += step
        warnings = dict.fromkeys((*scraped.several, *(message for answer in answers.values() for message in answer.warnings)))
        points = chart_points(profile, answers)
        return SpanCharts(query, max(start, last - query.window), last, latest, step, points, promql, tuple(warnings), computed(profile))

    async def _grid(self, promql: Mapping[str, str], start: float, end: float, step: float) -> Mapping[str, Matrix]:
        """Only the new end where the rest is known."""
        now = self._clock.now()
        since = self._known.ask_from(promql, start, end, step, now) if self._known is not None else None
        if self._known is not None and since is not None:
            self._known = self._known.extended(await self._range(promql, since, end, step), start, since, end)
        else:
            self._known = RangeAnswers(promql, start, end, step, await self._range(promql, start, end, step), now)
        return self._known.answers

    async def _range(self, promql: Mapping[str, str], start: float, end: float, step: float) -> dict[str, Matrix]:
        ranges = (self._metrics.query_range(text, start=start, end=end, step=step) for text in promql.values())
        return dict(zip(promql, await asyncio.gather(*ranges), strict=True))


@dataclass(frozen=True, slots=True)
class _Begin:
    """Looked for from `searched` on, data of those series begin about `at`."""

    where: str
    searched: float
    at: float

    def holds(self, where: str, start: float, end: float) -> bool:
        return where == self.where and self.searched <= start < self.at < end - LEAST_SPAN


def begin_of(found: SpanCharts) -> float | None:
    """Where to begin instead, so that charts are not mostly blank; None where there is no data, or not much later."""
    points = found.points
    first = min((line[0][0] for line in (points.p99, points.p90, points.p50, points.requests, points.error_ratio) if line), default=None)
    if first is None:
        return None
    begin = min(first - found.step, found.end - LEAST_SPAN)
    return begin if begin - found.start > _LATE * (found.end - found.start) else None


def _joined(older: Matrix, newer: Matrix) -> Matrix:
    """One series with its newest point; several stay several: the query is wrong then, and nothing is drawn of it."""
    series = (*older.series, *newer.series)
    if len(older.series) == len(newer.series) == 1:
        series = (Series(series[0].labels, (*series[0].points, *series[1].points)),)
    return Matrix(series, (*older.warnings, *newer.warnings))
