"""The queries of a deployment's charts."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.charts.chart_queries import DeploymentSeries, PodGroup
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.scraping import Scraped

SERIES = DeploymentSeries("serving", Scraped(BUILT_IN["fastapi"], PodLabels(matchers='cluster="prod",job="one"')), ('cluster="prod"',))
PODS = PodGroup("", "iris-.+")


def of(server: str) -> DeploymentSeries:
    return replace(SERIES, scraped=replace(SERIES.scraped, profile=BUILT_IN[server]))


def test_each_chart_finds_its_queries_and_all_are_of_these_pods() -> None:
    found = {**SERIES.queries(PODS, 15.0, 0), **of("vllm").queries(PODS, 15.0), **of("triton").queries(PODS, 15.0)}
    found |= of("torchserve").queries(PODS, 15.0)
    assert set(found) == {name for names in NAMES.values() for name in names} - {"utilization"}, "that is a configuration's own"
    assert all('pod=~"iris-.+"' in promql for promql in found.values())


def test_what_is_not_exported_is_not_asked() -> None:
    assert set(of("seldon").queries(PODS, 15.0)) == {"requests", "errors"}


def test_a_scrape_that_counts_alone_counts_alone_for_what_pods_export_themselves() -> None:
    """The kubelet's series come from another job."""
    containers, _, processes = SERIES.memory(PODS)
    assert 'cluster="prod"' in containers.by_pod
    assert 'job="one"' not in containers.by_pod
    assert 'cluster="prod",job="one"' in processes.by_pod


def test_where_memory_comes_from_is_told() -> None:
    assert ChartKind.MEMORY not in SERIES.computed(PODS)
    assert "within a bucket" in SERIES.computed(PODS)[ChartKind.PREDICTIONS]
    assert "working sets" in SERIES.computed(PODS, 0)[ChartKind.MEMORY]
