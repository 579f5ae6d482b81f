"""The charts of one deployment over any span of time, up to now or in the past. Asked only while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from modeldeck.domain.failures import InvalidQuery
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.charts.chart_kind import ALL_CHARTS, ChartKind, queries_of
from modeldeck.domain.metrics.charts.chart_lines import Lines, chart_lines
from modeldeck.domain.metrics.charts.chart_queries import DeploymentSeries, PodGroup
from modeldeck.domain.metrics.charts.predictions import MEAN, WITHIN_BUCKETS
from modeldeck.domain.metrics.pod_labels import PodIndex
from modeldeck.domain.metrics.profiles.queries import pod_pattern
from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.live.memory_lookup import MemoryLookup
from modeldeck.live.range_answers import RangeAnswers
from modeldeck.live.scrapes import Scrapes
from modeldeck.ports import Clock, Metrics

LEAST_STEP = 5.0
LEAST_SPAN = 300.0
"""Seconds that charts show at least, however short the data."""
_LATE = 0.1
"""Of a span: where data begin later than that in it, the charts show only from there on."""
_ROUNDS = 5
_NOTHING = Matrix(())


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
    lines: Lines
    promql: Mapping[str, str]
    """Of all charts that there could be, not only of those that were asked for."""
    warnings: tuple[str, ...] = ()
    computed: Mapping[ChartKind, str] = field(default_factory=dict)
    """How a chart comes from the answers, where it is not drawn as they are."""


def step_of(span: float, columns: int) -> float:
    """Whole seconds between two points."""
    return max(LEAST_STEP, round(span / max(10, columns)))


def grid(start: float, end: float, step: float) -> tuple[float, float]:
    """The first and the last of the moments to ask for. They stay where they are: points that are there do not move when others come."""
    last = end // step * step
    return last - (last - start) // step * step, last


class DeploymentCharts:
    """Call `read` as often as wanted. What was answered is remembered, and where data begin, as it takes some questions to find."""

    def __init__(
        self, namespace: str, deployment: str, metrics: Metrics, scrapes: Scrapes, fleet: Callable[[], Fleet | None], clock: Clock
    ) -> None:
        self._namespace, self._deployment = namespace, deployment
        self._metrics, self._scrapes, self._fleet, self._clock = metrics, scrapes, fleet, clock
        self._memory = MemoryLookup(metrics, clock)
        self.forget()

    def forget(self) -> None:
        """The next `read` asks for everything."""
        self._begin: _Begin | None = None
        self._known: RangeAnswers | None = None
        self._refused: dict[str, str] = {}
        self._memory.forget()

    async def read(self, query: SpanQuery) -> SpanCharts:
        """Raises a Failure where one question is not answered."""
        fleet = self._fleet()
        scrapes = await self._scrapes.of(fleet)
        scraped = scrapes.by_deployment.get(f"{self._namespace}/{self._deployment}")
        now = self._clock.now()
        end = now if query.end is None else min(query.end, now)
        start = end - query.window
        if scraped is None or fleet is None:
            return SpanCharts(query, start, end, end, step_of(query.window, query.columns), {}, {})
        asked = _Asked(query, DeploymentSeries(self._namespace, scraped, self._metrics.scope.matchers), self._pods(fleet), start, end)
        asked = replace(asked, memory=await self._memory.which(asked.series.memory(asked.pods)))
        charts = await self._ask(replace(asked, start=await self._begin_of(asked)))
        return replace(charts, warnings=(scrapes.clock, *charts.warnings)) if scrapes.clock else charts

    def _pods(self, fleet: Fleet) -> PodGroup:
        index = PodIndex(fleet)
        mine = [pod for pod, owner in index.owners.items() if owner == f"{self._namespace}/{self._deployment}"]
        return PodGroup("", pod_pattern(self._deployment), index.addresses(mine))

    async def _begin_of(self, asked: _Asked) -> float:
        """Where charts begin, so that they are not mostly blank. It is looked for once, and anew while there are no data."""
        known, start, end, where = self._begin, asked.start, asked.end, asked.series.where(asked.pods)
        if known is None or known.where != where or start < known.searched:
            begin, found = start, False
            for _ in range(_ROUNDS):
                first = await self._first(replace(asked, start=begin))
                later = later_begin(first, begin, end, step_of(end - begin, asked.query.columns))
                found = first is not None
                if later is None:
                    break
                begin = later
            if not found:
                return start
            known = self._begin = _Begin(where, start, begin)
        return known.at if start < known.at < end - LEAST_SPAN else start

    async def _first(self, asked: _Asked) -> float | None:
        """The first time of which there is a value: of one query, on the grid of the charts or else at its end."""
        one = next((name for name in ("requests", "p50") if name in asked.promql), None)
        if one is None:
            return None
        for begin, last in (grid(asked.start, asked.end, asked.step), (asked.end, asked.end)):
            answers = await self._range({one: asked.promql[one]}, begin, last, asked.step)
            times = [series.points[0][0] for series in answers[one].series if series.points]
            if times:
                return min(times)
        return None

    async def _ask(self, asked: _Asked) -> SpanCharts:
        query, promql, step, end = asked.query, asked.promql, asked.step, asked.end
        scraped, needed = asked.series.scraped, queries_of(query.kinds, asked.series.scraped.profile)
        wanted = {name: promql[name] for name in promql if name in needed}
        first, last = grid(asked.start, end, step)
        answers = await self._grid(wanted, first, last, step)
        latest = end // LEAST_STEP * LEAST_STEP
        if latest > last:  # steps of hours must not hide the present
            newer = await self._range(wanted, latest, latest, step)
            answers = {name: _joined(answer, newer[name]) for name, answer in answers.items()}
            last += step
        warnings = dict.fromkeys((*scraped.several, *(message for answer in answers.values() for message in answer.warnings)))
        lines = chart_lines(query.kinds, scraped.profile, answers)
        computed = asked.series.computed(asked.pods, asked.memory)
        if MEAN in self._refused:
            computed[ChartKind.PREDICTIONS] = f"{WITHIN_BUCKETS}; no mean, as its query is refused: {self._refused[MEAN]}"
        start = max(asked.start, last - query.window)
        return SpanCharts(query, start, last, latest, step, lines, promql, tuple(warnings), computed)

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
        ranges = (self._one(name, text, start, end, step) for name, text in promql.items())
        return dict(zip(promql, await asyncio.gather(*ranges), strict=True))

    async def _one(self, name: str, promql: str, start: float, end: float, step: float) -> Matrix:
        """What only some that speak PromQL can answer is asked once and then left out, where it is refused."""
        if name in self._refused:
            return _NOTHING
        try:
            return await self._metrics.query_range(promql, start=start, end=end, step=step)
        except InvalidQuery as refused:
            if name != MEAN:
                raise
            self._refused[name] = refused.message
            return _NOTHING


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose series are asked for, from `start` to `end`. `memory`: which of its sources there is."""

    query: SpanQuery
    series: DeploymentSeries
    pods: PodGroup
    start: float
    end: float
    memory: int | None = None

    @property
    def step(self) -> float:
        return step_of(self.end - self.start, self.query.columns)

    @property
    def promql(self) -> dict[str, str]:
        return self.series.queries(self.pods, self.step, self.memory)


@dataclass(frozen=True, slots=True)
class _Begin:
    """Looked for from `searched` on, data of those series begin about `at`."""

    where: str
    searched: float
    at: float


def later_begin(first: float | None, start: float, end: float, step: float) -> float | None:
    """Where to begin instead, as the first value of those every `step` is of that time; None where that is not much later."""
    if first is None:
        return None
    begin = min(first - step, end - LEAST_SPAN)
    return begin if begin - start > _LATE * (end - start) else None


def _joined(older: Matrix, newer: Matrix) -> Matrix:
    """One series with its newest point; several stay several: the query is wrong then, and nothing is drawn of it."""
    series = (*older.series, *newer.series)
    if len(older.series) == len(newer.series) == 1:
        series = (Series(series[0].labels, (*series[0].points, *series[1].points)),)
    return Matrix(series, (*older.warnings, *newer.warnings))
