"""The hub: every reading that the deck shows, kept fresh for one environment.

The hub knows ports and pollers, no widget. It publishes `(topic, reading)` on the event loop; who listens decides what to repaint.
After `stop` nothing is published any more, so late data of an old environment cannot land in a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.charts.chart_kind import EXPECTED, queries_of
from modeldeck.domain.metrics.measured import ChartPoints, chart_points
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.mlflow.runs import Experiment, Run
from modeldeck.domain.objectives.objective import Objectives
from modeldeck.domain.reading import Reading
from modeldeck.live.fleet_metrics import FleetMetrics, Stats, chart_queries
from modeldeck.live.poller import Poller
from modeldeck.live.recent_runs import RUNS_A_PAGE, RecentRuns
from modeldeck.live.scrapes import Scrapes
from modeldeck.ports import AlertSource, Clock, Metrics, ModelRegistry, Tracking, Watch

if TYPE_CHECKING:
    from modeldeck.domain.drift.settings import DriftRules
    from modeldeck.live.deployment_charts import DeploymentCharts
    from modeldeck.live.drift.subject import DriftSubject
    from modeldeck.live.drift.training_baseline import TrainingBaseline
    from modeldeck.live.drift.watch import DriftWatch
    from modeldeck.live.fleet_charts import FleetChartsReader
    from modeldeck.live.service_level import ServiceLevelReader

WALL_EVERY = 15.0
"""Seconds between two questions at least, while the wall is shown."""
PAUSE_FOR_EACH_ID = 0.005
"""Seconds between two searches, for each experiment: MLflow wants the ids of those that it is to search."""
ALERTS_PAUSE = 15.0
"""Seconds: rules are evaluated once a minute, or four times."""


class Topic(StrEnum):
    EXPERIMENTS = "experiments"
    RUNS = "runs"
    REGISTRY = "registry"
    FLEET = "fleet"
    STATS = "stats"
    LIVE = "live"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class RunsQuery:
    """Which runs the pane asks for. `experiment_id` None: all of them."""

    experiment_id: str | None = None
    filter_text: str = ""


@dataclass(frozen=True, slots=True)
class Runs:
    """The loaded runs, newest first. `more` says that the server has older ones."""

    query: RunsQuery
    runs: tuple[Run, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class LiveQuery:
    """Whose metrics the live pane shows, over how many seconds, at how many points."""

    namespace: str
    deployment: str
    window: float = 1800.0
    columns: int = 120


@dataclass(frozen=True, slots=True)
class LiveCharts:
    query: LiveQuery
    start: float
    end: float
    step: float
    points: ChartPoints
    promql: dict[str, str]
    warnings: tuple[str, ...] = ()


Publish = Callable[[Topic, Reading[Any]], None]
_NO_PATTERNS = LinkPatterns()
_NOTHING = Fleet((), (), (), whole=False)
MakeWatch = Callable[[Callable[[Reading[Fleet]], None]], Watch]


class Hub:
    """Starts and stops the pollers of one environment. Give None for a backend that is not configured: its topics stay silent."""

    def __init__(
        self,
        environment: str,
        *,
        tracking: Tracking | None,
        registry: ModelRegistry | None,
        metrics: Metrics | None,
        make_watch: MakeWatch | None,
        namespaces: Callable[[], Awaitable[tuple[str, ...]]],
        clock: Clock,
        publish: Publish,
        refresh: float = 5.0,
        patterns: LinkPatterns = _NO_PATTERNS,
        alerts: AlertSource | None = None,
        objectives: Objectives = (),
    ) -> None:
        self._environment = environment
        self._tracking = tracking
        self._registry = registry
        self._metrics = metrics
        self._alerts, self._objectives = alerts, objectives
        self._namespaces = namespaces
        self._clock = clock
        self._publish = publish
        self._fleet: Fleet | None = None
        self._scrapes = Scrapes(metrics, clock, self._scope) if metrics is not None else None
        self._fleet_metrics = FleetMetrics(metrics, patterns) if metrics is not None else None
        self._runs_interval = min(refresh, 4.0)
        self._recent = RecentRuns(tracking, clock) if tracking is not None else None
        self._older: tuple[Run, ...] = ()
        self._next_token: str | None = None
        self._refresh = refresh
        self._aliases: tuple[tuple[str, str], ...] = ()
        self._whole_registry = False
        self._aliases_asked_at: float | None = None
        self.runs_query = RunsQuery()
        self.live_query: LiveQuery | None = None
        self._stopped = False
        self._pollers: dict[Topic, Poller[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._single: set[asyncio.Task[None]] = set()
        if tracking is not None:
            self._add(Topic.RUNS, self._fetch_runs, self._runs_interval)
            self._add(Topic.EXPERIMENTS, tracking.experiments, refresh * 3)
        if registry is not None:
            self._add(Topic.REGISTRY, self._fetch_registry, refresh)
        if metrics is not None:
            self._add(Topic.STATS, self._fetch_stats, refresh)
            self._add(Topic.LIVE, self._fetch_live, refresh)
        if alerts is not None:
            self._add(Topic.ALERTS, alerts.alerts, max(refresh, ALERTS_PAUSE))
        self._watch = make_watch(self._take_fleet) if make_watch else None

    def _add(self, topic: Topic, fetch: Callable[[], Coroutine[Any, Any, Any]], interval: float) -> None:
        self._pollers[topic] = Poller(
            topic.value,
            self._environment,
            fetch,
            lambda reading: self._say(topic, reading),
            interval=interval,
            clock=self._clock,
            backend="Prometheus" if topic in (Topic.STATS, Topic.LIVE, Topic.ALERTS) else "MLflow",
        )

    def _take_fleet(self, reading: Reading[Fleet]) -> None:
        before, self._fleet = self._fleet, reading.value or self._fleet
        self._say(Topic.FLEET, reading)
        known, knew = self._fleet, before or _NOTHING
        if self._stopped or known is None:
            return
        # Whose series are whose is only known with the pods.
        came, whole = bool(known.pods and not knew.pods), known.whole and not knew.whole
        if whole and self.live_query is not None and Topic.LIVE in self._pollers:
            self._pollers[Topic.LIVE].start()
        if came or whole:
            self.refresh(Topic.STATS, Topic.LIVE)

    def _say(self, topic: Topic, reading: Reading[Any]) -> None:
        if not self._stopped:
            self._publish(topic, reading)

    def start(self) -> None:
        """Ask every backend at once. The live charts wait for a deployment to look at."""
        if self._watch is not None:
            self._watch.start()
        for topic, poller in self._pollers.items():
            if topic is not Topic.LIVE:
                poller.start()

    async def stop(self) -> None:
        self._stopped = True
        for task in self._tasks | self._single:
            task.cancel()
        for poller in self._pollers.values():
            await poller.stop()
        if self._watch is not None:
            await self._watch.stop()

    def refresh(self, *topics: Topic) -> None:
        """Ask now, without waiting for the interval (all pollers where none is named)."""
        if self._watch is not None and (not topics or Topic.FLEET in topics):
            self._watch.refresh_now()
        self._whole_registry = self._whole_registry or not topics or Topic.REGISTRY in topics
        if self._recent is not None and (not topics or Topic.RUNS in topics):
            self._recent.forget()
        for topic in topics or tuple(self._pollers):
            if topic in self._pollers and (topic is not Topic.LIVE or self.live_query is not None):
                self._pollers[topic].refresh_now()

    def asked_at(self, topic: Topic) -> float | None:
        """When the newest value of a topic that is polled was asked for, also where it was no news; None where there is none. Of the
        registry: when all its aliases were."""
        if topic is Topic.REGISTRY:
            return self._aliases_asked_at
        return self._pollers[topic].reading.asked_at if topic in self._pollers else None

    # ── runs ──

    def look_at_runs(self, query: RunsQuery) -> None:
        """Change experiment or filter; the next RUNS reading carries the new query."""
        self.runs_query, self._older, self._next_token = query, (), None
        self.refresh(Topic.RUNS)

    def older_runs(self) -> None:
        """Load one more page behind those loaded. Does nothing where there is none, or one is being loaded."""
        if self._next_token is not None and not self._tasks:
            task = asyncio.create_task(self._fetch_older(self.runs_query, self._next_token))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fetch_older(self, query: RunsQuery, token: str) -> None:
        assert self._tracking is not None
        try:
            page = await self._tracking.search_runs(
                await self._experiment_ids(query), filter_text=query.filter_text, page_size=RUNS_A_PAGE, page_token=token
            )
        except Failure:
            return  # the pane's own poller asks the same backend and says what is wrong
        if query == self.runs_query:
            self._older, self._next_token = self._older + page.runs, page.next_token
            self._pollers[Topic.RUNS].refresh_now()

    def look_at_run(self, run_id: str) -> None:
        """Load one run that a version points at but that is not among those loaded."""
        if self._tracking is not None and not any(run.id == run_id for run in self._older):
            task = asyncio.create_task(self._fetch_one(self.runs_query, run_id))
            self._single.add(task)
            task.add_done_callback(self._single.discard)

    async def _fetch_one(self, query: RunsQuery, run_id: str) -> None:
        assert self._tracking is not None
        try:
            run = await self._tracking.run(run_id)
        except Failure:
            return  # deleted, or the backend is away: the pane's own poller says so
        if query == self.runs_query:
            self._older = (*self._older, run)
            self._pollers[Topic.RUNS].refresh_now()

    async def _experiment_ids(self, query: RunsQuery) -> tuple[str, ...]:
        assert self._tracking is not None
        if query.experiment_id is not None:
            return (query.experiment_id,)
        known: tuple[Experiment, ...] | None = self._pollers[Topic.EXPERIMENTS].reading.value
        found = known or await self._tracking.experiments()
        return tuple(e.id for e in sorted(found, key=lambda e: (-(e.last_update or 0.0), e.id)))

    async def _fetch_runs(self) -> Runs:
        assert self._recent is not None
        query = self.runs_query
        ids = await self._experiment_ids(query)
        self._pollers[Topic.RUNS].set_interval(max(self._runs_interval, PAUSE_FOR_EACH_ID * len(ids)))
        page = await self._recent.page(ids, query.filter_text)
        if not self._older:
            self._next_token = page.next_token
        by_id = {run.id: run for run in (*self._older, *page.runs)}
        newest_first = sorted(by_id.values(), key=lambda run: run.started_at or 0.0, reverse=True)
        return Runs(query, tuple(newest_first), self._next_token is not None)

    # ── registry ──

    def look_at_aliases(self, aliases: Iterable[tuple[str, str]]) -> None:
        """(model, alias) that what is served is held against: they are looked at more often than others."""
        self._aliases = tuple(sorted(aliases))

    async def _fetch_registry(self) -> Registry:
        assert self._registry is not None
        whole, self._whole_registry = self._whole_registry, False
        began = self._clock.now()
        try:
            found = await self._registry.follow(self._aliases, whole=whole)
        except BaseException:
            self._whole_registry = self._whole_registry or whole  # it is still owed
            raise
        if found.aliases_read:
            self._aliases_asked_at = began - found.age
        self._pollers[Topic.REGISTRY].set_interval(max(self._refresh, found.pause))
        return found.registry

    # ── metrics ──

    async def _fetch_stats(self) -> Stats:
        assert self._scrapes is not None
        assert self._fleet_metrics is not None
        fleet = self._fleet if self._fleet and (self._fleet.whole or self._fleet.pods) else None
        scrapes = await self._scrapes.of(fleet)
        if fleet is None:
            return Stats()
        return await self._fleet_metrics.stats(scrapes, fleet, await self._scope())

    async def _scope(self) -> tuple[str, ...]:
        """The namespaces to ask for; all, where the kubeconfig that would tell cannot be read."""
        try:
            return await self._namespaces()
        except Failure:
            return ()

    def look_at_deployment(self, query: LiveQuery) -> None:
        """Change what the live charts show."""
        if query == self.live_query or Topic.LIVE not in self._pollers:
            return
        self.live_query = query
        if self._fleet is None or self._fleet.whole:  # else "no data" would be said of pods that are about to be listed
            self._pollers[Topic.LIVE].start()
            self._pollers[Topic.LIVE].refresh_now()

    def charts_of(self, namespace: str, deployment: str) -> DeploymentCharts | None:
        """For a screen of its own; None without a Prometheus."""
        if self._metrics is None or self._scrapes is None:
            return None
        from modeldeck.live.deployment_charts import DeploymentCharts

        return DeploymentCharts(namespace, deployment, self._metrics, self._scrapes, lambda: self._fleet, self._clock)

    def fleet_charts(self) -> FleetChartsReader | None:
        """For the wall; None without a Prometheus."""
        if self._metrics is None or self._scrapes is None:
            return None
        from modeldeck.live.fleet_charts import FleetChartsReader

        return FleetChartsReader(self._metrics, self._scrapes, lambda: self._fleet, self._scope, self._clock)

    def show_wall(self, shown: bool) -> None:
        """Whether the wall stands before the deck: runs and the live pane cannot be seen then, and figures come at its pace."""
        for topic in (Topic.EXPERIMENTS, Topic.RUNS, Topic.LIVE):
            if topic in self._pollers:
                (self._pollers[topic].pause if shown else self._pollers[topic].resume)()
        if Topic.STATS in self._pollers:
            self._pollers[Topic.STATS].set_interval(max(self._refresh, WALL_EVERY) if shown else self._refresh)
            if not shown:
                self.refresh(Topic.STATS)

    def service_level_of(self, namespace: str, deployment: str) -> ServiceLevelReader | None:
        """Likewise."""
        if self._metrics is None or self._scrapes is None:
            return None
        from modeldeck.live.service_level import ServiceLevelReader

        key = f"{namespace}/{deployment}"
        return ServiceLevelReader(key, self._metrics, self._scrapes, lambda: self._fleet, self._alerts, self._objectives)

    def drift_of(self, key: str, rules: DriftRules, patterns: LinkPatterns) -> DriftWatch | None:
        """Likewise."""
        if self._metrics is None or self._scrapes is None:
            return None
        from modeldeck.live.drift.training_baseline import training_baseline
        from modeldeck.live.drift.watch import DriftWatch

        def training(subject: DriftSubject) -> Awaitable[TrainingBaseline]:
            return training_baseline(subject.link, self._registry, self._tracking)

        return DriftWatch(key, self._metrics, self._scrapes, lambda: self._fleet, rules, patterns, training, self._clock)

    def show_live(self, shown: bool, failure: Failure | None = None) -> None:
        """Whether the live pane can be seen: else nothing is asked for it. `failure`: what who stood in front of it was answered last, so
        that what the pane shows is known to be old before Prometheus has been waited for once more."""
        if Topic.LIVE in self._pollers:
            poller = self._pollers[Topic.LIVE]
            if shown and failure is not None:
                poller.note_failure(failure)
            (poller.resume if shown else poller.pause)()

    async def _fetch_live(self) -> LiveCharts:
        assert self._metrics is not None
        query = self.live_query
        assert query is not None
        key = f"{query.namespace}/{query.deployment}"
        assert self._scrapes is not None
        fleet = self._fleet
        scrapes = await self._scrapes.of(fleet)
        scraped = scrapes.by_deployment.get(key)
        step = max(5.0, round(query.window / max(10, query.columns)))
        end = self._clock.now() // step * step
        start = end - query.window
        if scraped is None or fleet is None:
            return LiveCharts(query, start, end, step, ChartPoints(), {})
        seen = queries_of(EXPECTED, scraped.profile)
        promql = chart_queries(scraped, fleet, query.namespace, query.deployment, step=step)
        promql = {name: text for name, text in promql.items() if name in seen}
        answers = await asyncio.gather(*(self._metrics.query_range(text, start=start, end=end, step=step) for text in promql.values()))
        points = chart_points(scraped.profile, dict(zip(promql, answers, strict=True)))
        told = (scrapes.clock,) if scrapes.clock else ()
        warnings = tuple(dict.fromkeys((*told, *scraped.several, *(message for answer in answers for message in answer.warnings))))
        return LiveCharts(query, start, end, step, points, promql, warnings)
