from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from modeldeck.domain.alerts.alert import Alerts
from modeldeck.domain.drift.settings import DriftRules
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.profiles.queries import WIDE_WINDOW
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.mlflow.runs import Experiment, Run, RunPage
from modeldeck.domain.reading import Reading
from modeldeck.live.deployment_charts import SpanQuery
from modeldeck.live.drift.watch import DriftQuery
from modeldeck.live.hub import ALERTS_PAUSE, WALL_EVERY, Hub, LiveQuery, RunsQuery, Topic
from tests.support import sample
from tests.support.clocks import FakeClock, settle

EXPORTS = ({"__name__": "http_requests_total", "status": "200"}, {"__name__": "http_request_duration_highr_seconds_bucket"})


class Tracking:
    """Runs in pages of 100, newest first; counts what it was asked."""

    def __init__(self, count: int) -> None:
        self.all = tuple(sample.run(number) for number in range(1, count + 1))
        self.asked: list[tuple[Sequence[str], str, str | None]] = []
        self.failure: Failure | None = None

    async def experiments(self) -> tuple[Experiment, ...]:
        return sample.EXPERIMENTS

    async def search_runs(self, ids: Sequence[str], *, filter_text: str = "", page_token: str | None = None, **_: Any) -> RunPage:
        if self.failure is not None:
            raise self.failure
        self.asked.append((tuple(ids), filter_text, page_token))
        start = int(page_token or 0)
        more = start + 100 < len(self.all)
        return RunPage(self.all[start : start + 100], str(start + 100) if more else None)

    async def run(self, run_id: str) -> Run:
        return replace(sample.run(9999), id=run_id)


class Metrics:
    def __init__(self, *, empty: bool = False) -> None:
        self.empty = empty
        self.queries: list[str] = []
        self.looked: list[str] = []
        self.exports: tuple[dict[str, str], ...] = EXPORTS
        self.clock: FakeClock | None = None
        self.scope = SeriesScope()
        self.failure: Failure | None = None

    async def ping(self) -> str:
        if self.failure is not None:
            raise self.failure
        return "3.0"

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        if promql.startswith("count by (__name__"):
            self.looked.append(promql)
            pods = () if 'namespace=~"serving"' not in promql else sample.FLEET.pods
            return Vector(
                tuple(
                    Sample({**labels, "namespace": pod.namespace, "pod": pod.name}, self.clock.now() if self.clock else 0.0, 1.0)
                    for pod in pods
                    for labels in self.exports
                )
            )
        self.queries.append(promql)
        return Vector(() if self.empty else (Sample({"namespace": "serving", "pod": "iris-1-a", "le": "+Inf"}, 0.0, 1.0),))

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        self.queries.append(promql)
        return Matrix((Series({}, ((start, 1.0), (end, 2.0))),), ("one store did not answer",))


class Known:
    """A watch that knows the fleet at once."""

    def __init__(self, take: Callable[[Reading[Any]], None]) -> None:
        self._take = take

    def start(self) -> None:
        self._take(sample.reading(sample.FLEET))

    def refresh_now(self) -> None:
        pass

    async def stop(self) -> None:
        pass


class Heard(list[tuple[Topic, Reading[Any]]]):
    def last(self, topic: Topic) -> Reading[Any]:
        return next(reading for told, reading in reversed(self) if told is topic)

    def value(self, topic: Topic) -> Any:
        return self.last(topic).value


async def serving() -> tuple[str, ...]:
    return ("serving",)


def hub(
    heard: Heard,
    clock: FakeClock,
    *,
    tracking: Any = None,
    metrics: Any = None,
    watch: Callable[..., Any] | None = None,
    alerts: Any = None,
) -> Hub:
    def publish(topic: Topic, reading: Reading[Any]) -> None:
        heard.append((topic, reading))

    if metrics is not None and watch is None:
        watch = Known

    return Hub(
        "prod",
        tracking=tracking,
        registry=None,
        metrics=metrics,
        make_watch=watch,
        namespaces=serving,
        clock=clock,
        publish=publish,
        alerts=alerts,
    )


async def test_runs_of_all_experiments_come_first_and_older_ones_when_they_are_wanted() -> None:
    heard, clock, tracking = Heard(), FakeClock(), Tracking(250)
    under_test = hub(heard, clock, tracking=tracking)
    under_test.start()
    await settle()
    assert tracking.asked[0][0] == ("1", "2")
    assert (len(heard.value(Topic.RUNS).runs), heard.value(Topic.RUNS).more) == (100, True)
    for loaded in (200, 250):
        under_test.older_runs()
        await settle()
        assert len(heard.value(Topic.RUNS).runs) == loaded
    assert heard.value(Topic.RUNS).more is False
    await under_test.stop()


async def test_another_filter_forgets_the_pages_of_the_old_one() -> None:
    heard, clock, tracking = Heard(), FakeClock(), Tracking(150)
    under_test = hub(heard, clock, tracking=tracking)
    under_test.start()
    await settle()
    under_test.older_runs()
    await settle()
    under_test.look_at_runs(RunsQuery("2", "metrics.f1 > 0.9"))
    await settle()
    value = heard.value(Topic.RUNS)
    assert value.query == RunsQuery("2", "metrics.f1 > 0.9")
    assert len(value.runs) == 100
    assert tracking.asked[-1] == (("2",), "metrics.f1 > 0.9", None)
    await under_test.stop()


async def test_a_run_that_a_version_points_at_is_loaded_by_itself_in_its_place() -> None:
    heard, clock, tracking = Heard(), FakeClock(), Tracking(3)
    under_test = hub(heard, clock, tracking=tracking)
    under_test.start()
    await settle()
    under_test.look_at_run("far-back")
    await settle()
    assert [run.id for run in heard.value(Topic.RUNS).runs][-1] == "far-back"
    await under_test.stop()


async def test_a_failing_backend_keeps_its_last_value_and_comes_back() -> None:
    heard, clock, tracking = Heard(), FakeClock(), Tracking(3)
    under_test = hub(heard, clock, tracking=tracking)
    under_test.start()
    await settle()
    tracking.failure = Unreachable("connection refused", backend="MLflow")
    await clock.advance(5)
    assert (heard.last(Topic.RUNS).state, len(heard.value(Topic.RUNS).runs)) == ("stale", 3)
    tracking.failure = None
    await clock.advance(60)
    assert heard.last(Topic.RUNS).state == "live"
    await under_test.stop()


async def test_when_a_value_was_asked_for_is_known_also_where_it_was_no_news() -> None:
    """A question that left before something happened knows nothing of it, however late its answer comes."""
    heard, clock = Heard(), FakeClock()

    class Slow(Tracking):
        async def experiments(self) -> tuple[Experiment, ...]:
            await clock.sleep(2.0)
            return sample.EXPERIMENTS

    under_test = hub(heard, clock, tracking=Slow(3))
    assert under_test.asked_at(Topic.EXPERIMENTS) is None
    assert under_test.asked_at(Topic.REGISTRY) is None
    began = clock.now()
    under_test.start()
    await settle()
    assert under_test.asked_at(Topic.EXPERIMENTS) is None
    await clock.advance(2.0)
    told = len(heard)
    assert under_test.asked_at(Topic.EXPERIMENTS) == began
    under_test.refresh(Topic.EXPERIMENTS)
    await settle()
    await clock.advance(2.0)
    assert under_test.asked_at(Topic.EXPERIMENTS) == began + 2.0
    assert [topic for topic, _ in heard[told:]].count(Topic.EXPERIMENTS) == 0
    await under_test.stop()


async def test_nothing_is_told_after_the_end() -> None:
    heard, clock, tracking = Heard(), FakeClock(), Tracking(3)
    under_test = hub(heard, clock, tracking=tracking, metrics=Metrics())
    under_test.start()
    await under_test.stop()
    told = len(heard)
    await clock.advance(60)
    assert len(heard) == told


async def test_stats_are_asked_for_the_namespaces_in_view() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    under_test = hub(heard, clock, metrics=metrics)
    under_test.start()
    await settle()
    (group,) = heard.value(Topic.STATS).groups
    assert (set(group.vectors), group.deployments) == ({"buckets", "requests", "errors"}, {d.key for d in sample.FLEET.deployments})
    assert all('namespace=~"serving"' in query for query in metrics.queries)
    await under_test.stop()


async def test_what_pods_state_is_asked_for_where_any_of_them_does() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    metrics.exports = (*EXPORTS, {"__name__": "model_info"})
    under_test = hub(heard, clock, metrics=metrics)
    under_test.start()
    await settle()
    (group,) = heard.value(Topic.STATS).groups
    assert set(group.vectors) == {"buckets", "requests", "errors", "stated model_info"}
    await under_test.stop()


async def test_how_pods_are_scraped_is_looked_up_now_and_then_and_sooner_while_pods_come() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    under_test = hub(heard, clock, metrics=metrics)
    under_test.start()
    await settle()
    at_once = len(metrics.looked)
    assert len(metrics.looked) == at_once > 0
    await clock.advance(5)
    assert len(metrics.looked) == at_once
    await clock.advance(10)
    assert len(metrics.looked) == 2 * at_once
    for _ in range(12):
        await clock.advance(10)
    soon = len(metrics.looked)
    for _ in range(5):
        await clock.advance(10)
    assert soon <= len(metrics.looked) <= soon + at_once
    await under_test.stop()


async def test_alerts_are_read_again_after_a_while() -> None:
    class Source:
        asked = 0

        async def alerts(self) -> Alerts:
            self.asked += 1
            return Alerts(left_out=self.asked)

    heard, clock, source = Heard(), FakeClock(), Source()
    under_test = hub(heard, clock, alerts=source)
    under_test.start()
    await settle()
    assert heard.value(Topic.ALERTS) == Alerts(left_out=1)
    await clock.advance(ALERTS_PAUSE - 1)
    await settle()
    assert source.asked == 1
    await clock.advance(2)
    await settle()
    assert source.asked == 2
    await under_test.stop()


async def test_whether_prometheus_answers_is_known_without_a_cluster() -> None:
    class Silent(Known):
        def start(self) -> None:
            pass

    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    metrics.failure = Unreachable("connection refused")
    under_test = hub(heard, clock, metrics=metrics, watch=Silent)
    under_test.start()
    await settle()
    assert heard.last(Topic.STATS).failure == metrics.failure
    assert metrics.looked == []
    await under_test.stop()


async def test_where_scrapes_are_rare_the_rate_window_is_widened() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics(empty=True)
    under_test = hub(heard, clock, metrics=metrics)
    under_test.start()
    await settle()
    metrics.queries.clear()
    await clock.advance(10)
    assert metrics.queries
    assert all(f"[{WIDE_WINDOW}s]" in query for query in metrics.queries)
    await under_test.stop()


async def test_charts_are_those_of_the_deployment_last_looked_at_with_prometheus_own_warnings() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    metrics.clock = clock
    under_test = hub(heard, clock, metrics=metrics)
    under_test.start()
    await settle()
    for name in ("iris", "wine"):
        under_test.look_at_deployment(LiveQuery("serving", name))
    await settle()
    charts = heard.value(Topic.LIVE)
    assert charts.query.deployment == "wine"
    assert charts.warnings == ("one store did not answer",)
    assert set(charts.promql) == {"p50", "p90", "p99", "requests", "errors"}
    await under_test.stop()


async def test_the_pane_asks_for_the_charts_that_it_shows_alone() -> None:
    heard, metrics = Heard(), Metrics()
    metrics.exports = ({"__name__": "vllm:request_success_total"}, {"__name__": "vllm:num_requests_waiting"})
    under_test = hub(heard, FakeClock(), metrics=metrics)
    under_test.start()
    await settle()
    under_test.look_at_deployment(LiveQuery("serving", "iris"))
    await settle()
    assert set(heard.value(Topic.LIVE).promql) == {"requests"}
    assert not any("waiting" in query for query in metrics.queries)
    await under_test.stop()


class Coming(Known):
    """A watch that knows the deployments first, and the pods when it is told to."""

    def start(self) -> None:
        self._take(sample.reading(replace(sample.FLEET, pods=(), whole=False)))

    def pods(self, count: int, *, whole: bool) -> None:
        self._take(sample.reading(replace(sample.FLEET, pods=sample.FLEET.pods[:count], whole=whole)))


async def test_charts_wait_until_all_pods_are_known() -> None:
    """Of a deployment whose pods are about to be listed, "no data" would be wrong."""
    heard, clock, metrics, watches = Heard(), FakeClock(), Metrics(), list[Coming]()

    def watch(take: Callable[[Reading[Any]], None]) -> Coming:
        watches.append(Coming(take))
        return watches[0]

    under_test = hub(heard, clock, metrics=metrics, watch=watch)
    under_test.start()
    under_test.look_at_deployment(LiveQuery("serving", "iris"))
    await settle()
    assert (metrics.looked, heard.value(Topic.STATS).groups) == ([], ())
    watches[0].pods(1, whole=False)
    await settle()
    assert heard.value(Topic.STATS).groups
    under_test.look_at_deployment(LiveQuery("serving", "wine"))
    await settle()
    assert Topic.LIVE not in dict(heard)
    watches[0].pods(len(sample.FLEET.pods), whole=True)
    await settle()
    charts: list[Any] = [reading.value for topic, reading in heard if topic is Topic.LIVE]
    assert [(found.query.deployment, bool(found.promql)) for found in charts] == [("wine", True)]
    await under_test.stop()


async def test_charts_begin_with_the_pods_where_none_were_looked_at_before() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    under_test = hub(heard, clock, metrics=metrics)
    under_test.look_at_deployment(LiveQuery("serving", "iris"))
    under_test.start()
    await settle()
    assert heard.value(Topic.LIVE).promql
    await under_test.stop()


async def test_a_screen_of_charts_has_a_reader_of_its_own_and_the_live_pane_rests_meanwhile() -> None:
    heard, clock, metrics = Heard(), FakeClock(), Metrics()
    under_test = hub(heard, clock, metrics=metrics)
    under_test.start()
    under_test.look_at_deployment(LiveQuery("serving", "wine"))
    await settle()

    def asked() -> list[str]:
        return [query for query in metrics.queries if "by (namespace" not in query]

    reader = under_test.charts_of("serving", "iris")
    assert reader is not None
    under_test.show_live(False)
    metrics.queries.clear()
    assert (await reader.read(SpanQuery(900.0))).promql
    assert asked()
    metrics.queries.clear()
    await clock.advance(60)
    assert not asked()
    under_test.show_live(True, Unreachable("connection refused"))
    assert heard.last(Topic.LIVE).state == "stale", "before it has been asked again"
    await settle()
    assert asked()
    await under_test.stop()
    assert hub(heard, clock, tracking=Tracking(1)).charts_of("serving", "iris") is None


async def test_while_the_wall_is_shown_runs_rest_and_figures_come_at_its_pace() -> None:
    heard, clock, metrics, tracking = Heard(), FakeClock(), Metrics(), Tracking(1)
    under_test = hub(heard, clock, metrics=metrics, tracking=tracking)
    under_test.start()
    under_test.look_at_deployment(LiveQuery("serving", "wine"))
    await settle()
    under_test.show_wall(True)
    await clock.advance(5)
    tracking.asked.clear()
    metrics.queries.clear()
    await clock.advance(2 * WALL_EVERY)
    assert tracking.asked == []
    figures = [query for query in metrics.queries if query.startswith("sum by (namespace, pod, le)")]
    assert len(figures) == 2
    assert not [query for query in metrics.queries if "by (namespace" not in query], "the live pane is not asked for"
    under_test.show_wall(False)
    metrics.queries.clear()
    await clock.advance(10)
    assert tracking.asked
    assert len([query for query in metrics.queries if query.startswith("sum by (namespace, pod, le)")]) == 3
    assert [query for query in metrics.queries if "by (namespace" not in query]
    await under_test.stop()
    assert hub(heard, clock, tracking=tracking).fleet_charts() is None


async def test_a_screen_of_drift_has_a_reader_where_there_is_a_prometheus() -> None:
    heard, clock = Heard(), FakeClock()
    under_test = hub(heard, clock, metrics=Metrics())
    reader = under_test.drift_of("serving/iris", DriftRules(), LinkPatterns())
    assert reader is not None
    assert (await reader.read(DriftQuery())).drift.histograms == ()
    await under_test.stop()
    assert hub(heard, clock, tracking=Tracking(1)).drift_of("serving/iris", DriftRules(), LinkPatterns()) is None


async def test_the_informer_starts_and_stops_with_the_hub() -> None:
    heard, told = Heard(), []

    class Watch:
        def start(self) -> None:
            told.append("start")

        def refresh_now(self) -> None:
            told.append("refresh")

        async def stop(self) -> None:
            await asyncio.sleep(0)
            told.append("stop")

    under_test = hub(heard, FakeClock(), watch=lambda _: Watch())
    under_test.start()
    under_test.refresh()
    await under_test.stop()
    assert told == ["start", "refresh", "stop"]
