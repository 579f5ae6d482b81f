"""What a fleet's metrics are asked by: the same for who asks again and again and for who asks once."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.queries import WIDE_WINDOW, rate_window
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.live import fleet_metrics
from modeldeck.live.fleet_metrics import FleetMetrics, FleetScrapes, chart_queries, exports, fleet_scrapes
from tests.support import sample

USUAL, WIDE = f"[{rate_window()}s]", f"[{WIDE_WINDOW}s]"
EXPORTED = ({"__name__": "http_requests_total", "status": "200"}, {"__name__": "http_request_duration_highr_seconds_bucket"})


class Rates:
    """A Prometheus whose pods export `EXPORTED`, and whose rates are empty unless the window is `filled`."""

    def __init__(self, filled: str) -> None:
        self.scope = SeriesScope()
        self.filled = filled
        self.queries: list[str] = []

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        if promql.startswith("count by (__name__"):
            pods = [{"namespace": pod.namespace, "pod": pod.name} for pod in sample.FLEET.pods]
            return Vector(tuple(Sample({**labels, **pod}, 0.0, 1.0) for pod in pods for labels in EXPORTED))
        self.queries.append(promql)
        return Vector((Sample({"le": "+Inf"}, 0.0, 1.0),) if self.filled in promql else ())

    def windows(self) -> set[str]:
        asked, self.queries = self.queries, []
        return {window for window in (USUAL, WIDE) if any(window in promql for promql in asked)}


async def scraped(metrics: Any) -> FleetScrapes:
    return await fleet_scrapes(await exports(metrics, ("serving",)), sample.FLEET, metrics.scope)


@pytest.mark.parametrize(("retry", "windows"), [(False, [{USUAL}, {WIDE}, {WIDE}]), (True, [{USUAL, WIDE}, {WIDE}, {WIDE}])])
async def test_what_came_back_empty_is_asked_for_in_a_wider_window(retry: bool, windows: list[set[str]]) -> None:
    metrics: Any = Rates(filled=WIDE)
    scrapes, asking = await scraped(metrics), FleetMetrics(metrics, LinkPatterns(), retry=retry)
    for expected in windows:
        stats = await asking.stats(scrapes, sample.FLEET, ("serving",))
        assert metrics.windows() == expected
        assert bool(stats.groups[0].vectors["requests"].samples) is (WIDE in expected)


async def test_the_questions_stand_beside_their_answers() -> None:
    metrics: Any = Rates(filled=WIDE)
    (group,) = (await FleetMetrics(metrics, LinkPatterns(), retry=True).stats(await scraped(metrics), sample.FLEET, ("serving",))).groups
    assert group.queries.keys() == group.vectors.keys() == {"buckets", "requests", "errors"}
    assert all(WIDE in promql for promql in group.queries.values())


async def test_charts_are_of_one_deployments_pods() -> None:
    metrics: Any = Rates(filled=USUAL)
    one = (await scraped(metrics)).by_deployment["serving/iris"]
    queries = chart_queries(one, sample.FLEET, "serving", "iris", step=15.0)
    assert queries.keys() == {"p50", "p90", "p99", "requests", "errors"}
    assert all('namespace="serving",pod=~"iris-[a-z0-9]+-[a-z0-9]{5}"' in promql for promql in queries.values())


async def test_a_window_that_holds_something_stays() -> None:
    metrics: Any = Rates(filled=USUAL)
    scrapes, asking = await scraped(metrics), FleetMetrics(metrics, LinkPatterns(), retry=True)
    for _ in range(2):
        await asking.stats(scrapes, sample.FLEET, ("serving",))
        assert metrics.windows() == {USUAL}


async def test_who_is_no_known_server_is_asked_what_it_states_where_anything_may_be_stated() -> None:
    metrics: Any = Rates(filled=USUAL)
    for patterns, groups in ((LinkPatterns(), 0), (LinkPatterns(versions=(("info", "release"),)), 1)):
        stats = await FleetMetrics(metrics, patterns, retry=True).stats(FleetScrapes(), sample.FLEET, ("serving",))
        assert len(stats.groups) == groups
    assert metrics.queries == ['info{namespace=~"serving"}']
    assert stats.groups[0].labels == PodLabels()
    assert stats.groups[0].deployments == {deployment.key for deployment in sample.FLEET.deployments}


async def test_many_pods_are_looked_up_in_a_thread_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics: Any = Rates(filled=USUAL)
    few = await scraped(metrics)
    monkeypatch.setattr(fleet_metrics, "MANY_PODS", 1)
    assert await scraped(metrics) == few
    assert few.by_deployment.keys() == {deployment.key for deployment in sample.FLEET.deployments}
    assert few.names == {labels["__name__"] for labels in EXPORTED}
