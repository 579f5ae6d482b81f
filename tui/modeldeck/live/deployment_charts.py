"""The charts of one deployment over any span of time, up to now or in the past. Asked only while somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.charts.by_version import lines_apart, query_name, version_queries
from modeldeck.domain.metrics.charts.chart_kind import ALL_CHARTS, ChartKind, queries_of
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, Lines, chart_lines
from modeldeck.domain.metrics.charts.chart_queries import DeploymentSeries, PodGroup
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.domain.metrics.charts.edited_queries import charts_with, not_drawn, without
from modeldeck.domain.metrics.charts.heatmap import BUCKETS, Heatmap, bucket_query, heatmap
from modeldeck.domain.metrics.charts.predictions import MEAN, WITHIN_BUCKETS
from modeldeck.live.earlier_lines import NOTHING_EARLIER, EarlierLines, EarlierReader
from modeldeck.live.memory_lookup import MemoryLookup
from modeldeck.live.pod_groups import VersionPods, all_pods, pods_of_version
from modeldeck.live.range_reader import AskedRange, RangeReader
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
    versions: tuple[VersionPods, ...] = ()
    """Whose lines are wanted apart, instead of those of all pods."""
    buckets: bool = False
    """Whether the latency is wanted by bucket instead of as lines."""
    compared: ComparedTime | None = None
    """With which earlier time."""
    edited: tuple[tuple[str, str], ...] = ()
    """(name, PromQL) of queries that are asked instead of those of that name."""


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
    heatmap: Heatmap | None = None
    """Of the latency, where it was asked for."""
    earlier: Mapping[ChartKind, ChartLine] = field(default_factory=dict)
    """A line of all pods for each chart that is compared and whose query was answered, on the present axis; without points: no data."""
    edited: frozenset[ChartKind] = frozenset()
    """The charts that come from an edited query. They are not compared."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """By the name of an edited query, why nothing is drawn of it."""


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
        self._ranges = RangeReader(metrics, clock)
        self._earlier = EarlierReader(metrics, clock)
        self.forget()

    def forget(self) -> None:
        """The next `read` asks for everything."""
        self._begin: _Begin | None = None
        self._ranges.forget()
        self._earlier.forget()
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
        asked = _Asked(
            query,
            DeploymentSeries(self._namespace, scraped, self._metrics.scope.matchers),
            all_pods(fleet, self._namespace, self._deployment),
            start,
            end,
        )
        asked = replace(asked, memory=await self._memory.which(asked.series.memory(asked.pods)))
        charts = await self._ask(replace(asked, start=await self._begin_of(asked)))
        return replace(charts, warnings=(scrapes.clock, *charts.warnings)) if scrapes.clock else charts

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
            answer = await self._metrics.query_range(asked.promql[one], start=begin, end=last, step=asked.step)
            times = [series.points[0][0] for series in answer.series if series.points]
            if times:
                return min(times)
        return None

    def _by_version(self, asked: _Asked) -> dict[str, dict[str, str]]:
        """The queries by version, where they are wanted apart."""
        fleet, profile = self._fleet(), asked.series.scraped.profile
        if fleet is None:
            return {}
        groups = [pods_of_version(fleet, self._namespace, version) for version in asked.query.versions]
        found = {pods.name: asked.series.queries(pods, asked.step, asked.memory) for pods in groups}
        return {name: version_queries(asked.lines, profile, queries) for name, queries in found.items()}

    async def _ask(self, asked: _Asked) -> SpanCharts:
        query, promql, scraped = asked.query, asked.promql, asked.series.scraped
        span, apart = asked.range, self._by_version(asked)
        needed = () if apart else queries_of(asked.lines, scraped.profile)
        wanted = {name: promql[name] for name in promql if name in needed}
        if BUCKETS in promql and ChartKind.LATENCY in query.kinds:
            wanted[BUCKETS] = promql[BUCKETS]
        wanted |= {query_name(name, version): text for version, queries in apart.items() for name, text in queries.items()}
        promql = {**promql, **{name: text for name, text in wanted.items() if name not in promql}}
        edited = {name: text for name, text in query.edited if name in wanted and name != BUCKETS}
        changed = charts_with(edited, asked.lines, scraped.profile, tuple(apart))
        optional = [name for name in wanted if name.startswith(MEAN) or name in edited]
        answers, refused = await self._ranges.read({**wanted, **edited}, span, optional=optional)
        unanswered = not_drawn({name: answers[name] for name in edited})
        unanswered |= {name: refused.pop(name) for name in edited if name in refused}
        earlier = await self._before(asked, asked.lines - changed)
        last = span.end if span.latest <= span.end else span.end + span.step
        told = (message for answer in answers.values() for message in answer.warnings)
        warnings = dict.fromkeys((*scraped.several, *told, *earlier.warnings))
        lines = chart_lines(query.kinds, scraped.profile, answers)
        if apart:
            lines = lines_apart(query.kinds, scraped.profile, answers, list(apart))
        lines = without(lines, unanswered, scraped.profile)
        computed = asked.series.computed(asked.pods, asked.memory)
        if refused:
            computed[ChartKind.PREDICTIONS] = f"{WITHIN_BUCKETS}; no mean, as its query is refused: {next(iter(refused.values()))}"
        start = max(asked.start, last - query.window)
        heat = heatmap(answers[BUCKETS], scraped.profile.latency_scale) if BUCKETS in wanted else None
        found = SpanCharts(query, start, last, span.latest, span.step, lines, promql, tuple(warnings), computed, heat, earlier.lines)
        return replace(found, edited=changed, refused=unanswered)

    async def _before(self, asked: _Asked, kinds: frozenset[ChartKind]) -> EarlierLines:
        if asked.query.compared is None:
            return NOTHING_EARLIER
        return await self._earlier.read(asked.query.compared, kinds, asked.series.scraped.profile, asked.promql, asked.range)


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
    def range(self) -> AskedRange:
        """Steps of hours must not hide the present, which is asked for beside them."""
        first, last = grid(self.start, self.end, self.step)
        return AskedRange(first, last, self.end // LEAST_STEP * LEAST_STEP, self.step)

    @property
    def promql(self) -> dict[str, str]:
        found = self.series.queries(self.pods, self.step, self.memory)
        if self.query.buckets:
            found |= bucket_query(self.series.scraped.profile, self.series.where(self.pods), step=self.step)
        return found

    @property
    def lines(self) -> frozenset[ChartKind]:
        """The charts that are drawn as lines."""
        return self.query.kinds - {ChartKind.LATENCY} if self.query.buckets else self.query.kinds


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
