"""Where memory is found, and what is left out of it."""

from __future__ import annotations

from modeldeck.domain.metrics.charts.memory import memory_sources
from modeldeck.domain.metrics.pod_labels import PodLabels

OWN = PodLabels("kubernetes_pod_name", "kubernetes_namespace")


def test_a_pod_is_the_sum_of_its_containers_each_once_and_without_the_rows_of_the_pod_and_its_sandbox() -> None:
    best = memory_sources("serving", "iris-.+", 'cluster="prod"', OWN, "x")[0]
    selected = 'namespace="serving",pod=~"iris-.+",cluster="prod",container!="",container!="POD"'
    one = f"max by (namespace, pod, container) (container_memory_working_set_bytes{{{selected}}})"
    assert best.by_pod == f"sum by (namespace, pod) ({one})"
    assert best.queries == {"highest memory": f"max ({best.by_pod})", "mean memory": f"avg ({best.by_pod})"}


def test_a_scraper_may_have_renamed_them_and_processes_come_last_under_the_names_of_their_own_series() -> None:
    _, renamed, last = memory_sources("serving", "iris-.+", "", OWN, 'kubernetes_pod_name=~"iris-.+"')
    assert 'exported_namespace="serving",exported_pod=~"iris-.+",container!=""' in renamed.by_pod
    grouped = "sum by (kubernetes_namespace, kubernetes_pod_name)"
    assert last.by_pod == f'{grouped} (process_resident_memory_bytes{{kubernetes_pod_name=~"iris-.+"}})'
    assert "what its processes say" in last.message
