"""The PromQL of objectives, character by character: people compare it with Prometheus' own page."""

from __future__ import annotations

from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.objectives import queries

WHERE = 'namespace="serving",pod=~"iris-.*"'
REQUESTS = Counter("asked_total", 'path!="/health"')


def test_requests_of_a_window() -> None:
    assert queries.grown(REQUESTS, WHERE, 300) == 'sum(increase(asked_total{namespace="serving",pod=~"iris-.*",path!="/health"}[300s]))'


def test_what_new_series_begin_with() -> None:
    selected = 'asked_total{namespace="serving",pod=~"iris-.*",path!="/health"}'
    expected = f"sum(min_over_time({selected}[300s]) unless max_over_time({selected}[900s] offset 300s))"
    assert queries.begun_with(REQUESTS, WHERE, 300, 900) == expected


def test_buckets_of_each_pod() -> None:
    profile = Profile("", (), latency=("took",), latency_matchers='path!="/health"')
    by = PodLabels("kubernetes_pod_name", "kubernetes_namespace")
    selected = 'took_bucket{namespace="serving",pod=~"iris-.*",path!="/health"}'
    expected = f"sum by (kubernetes_namespace, kubernetes_pod_name, le) (increase({selected}[60s]))"
    assert queries.buckets(profile, WHERE, by, 60) == expected


def test_whether_anything_is_known() -> None:
    assert queries.present(Profile("", (), requests=(REQUESTS,)), "a") == 'sum(asked_total{a,path!="/health"})'
    assert queries.present(Profile("", (), latency=("took",)), "a") == "sum(took_count{a})"
    assert queries.present(Profile("", ()), "a") == ""
