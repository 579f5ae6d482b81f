"""What doctor and status say about series: found by looking, doubtful, or not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from modeldeck.backends import Backends
from modeldeck.cli.doctor.findings import Finding
from modeldeck.cli.doctor.metrics import _by_deployment, scraping
from modeldeck.cli.snapshot import snapshot
from modeldeck.domain.failures import Failure, Forbidden
from modeldeck.domain.kubernetes.workloads import Fleet, OtherWorkload
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.operations.common.clients import Clients
from tests.support import sample

IRIS, WINE = (next(pod for pod in sample.FLEET.pods if pod.name.startswith(name)) for name in ("iris", "wine"))
HISTOGRAM, COUNTER = {"__name__": "http_request_duration_highr_seconds_bucket"}, {"__name__": "http_requests_total"}


LOOKED = " — found by looking: prometheus.labels overrides it"


@dataclass
class Series:
    """A Prometheus with these series; whatever else is asked has one sample for each pod that is named, by the usual labels."""

    labels: Sequence[Mapping[str, str]]
    failure: Failure | None = None
    scope: SeriesScope = field(default_factory=SeriesScope)
    asked: list[str] = field(default_factory=list)

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append(promql)
        if self.failure is not None:
            raise self.failure
        if promql.startswith("count by (__name__"):
            return Vector(tuple(Sample(each, 0.0, 1.0) for each in self.labels))
        return Vector((Sample({"namespace": "serving", "pod": IRIS.name, "le": "+Inf"}, 0.0, 2.0),))


SCOPED: Any = Series(())


class Cluster:
    async def ping(self) -> str:
        return "v1.36.3"

    async def fleet(self, namespaces: Sequence[str]) -> Fleet:
        return sample.FLEET

    async def unhandled(self, namespaces: Sequence[str]) -> tuple[OtherWorkload, ...]:
        return ()


def backends(metrics: Any, cluster: Any = None) -> Backends:
    asked: Any = cluster or Cluster()
    return Backends(Clients(sample.ENVIRONMENT, None, None, asked, metrics), None, ())


def own(pod: str, **more: str) -> dict[str, str]:
    return {"namespace": "serving", "pod": pod, **more}


async def told(*labels: Mapping[str, str]) -> dict[str, Finding]:
    metrics: Any = Series(labels)
    return {finding.about: finding for finding in await scraping(backends(metrics), metrics)}


async def test_each_deployments_server_and_labels_are_told() -> None:
    found = await told(
        {**HISTOGRAM, **own(IRIS.name)},
        {**COUNTER, **own(IRIS.name), "code": "200"},
        {"__name__": "nv_inference_request_success", "kubernetes_namespace": "serving", "kubernetes_pod_name": WINE.name},
    )
    assert found["metrics"].message == "FastAPI instrumentator (serving/iris); Triton (serving/wine)"
    assert (
        found["pod labels"].message
        == "namespace and pod (serving/iris); kubernetes_namespace and kubernetes_pod_name (serving/wine)" + LOOKED
    )
    assert found["not measured"].message == "no metrics of a known model server: serving/legacy-scorer"
    assert [finding.works for finding in found.values()] == [True, True, None, None]


async def test_what_is_not_known_and_what_is_mixed_up_is_told() -> None:
    found = await told({**HISTOGRAM, **own(IRIS.name)}, {**COUNTER, **own(IRIS.name)})
    assert "errors are not known: of http_requests_total, the labels do not tell failed requests apart" in found["figures"].message
    mixed = await told(*({**HISTOGRAM, **own(IRIS.name, cluster=cluster)} for cluster in ("a", "b")))
    assert (mixed["the same pods"].works, mixed["the same pods"].hint) == (False, "until then, no gate passes on these figures")
    assert 'prometheus.matchers (cluster="a")' in mixed["the same pods"].message


async def test_pods_that_share_an_address_and_name_no_port_are_told() -> None:
    shared = tuple(
        replace(pod, on_host_network=True, host_ports=() if pod.name.startswith("wine") else (8080,)) for pod in sample.FLEET.pods
    )
    found = _by_deployment((Vector((Sample({**HISTOGRAM, **own(IRIS.name)}, 0.0, 1.0),)),), replace(sample.FLEET, pods=shared), SCOPED)
    (told,) = (finding for finding in found if finding.about == "not told apart")
    assert told.message == "pods share their node's address and name no port of their own: serving/wine"


async def test_nothing_that_is_known_and_nobody_to_ask() -> None:
    found = await told({"__name__": "http_request_duration_seconds_bucket", **own(IRIS.name), "code": "200"})
    assert found["metrics"].works is False
    assert "prometheus.labels" in found["metrics"].hint
    metrics: Any = Series((), Forbidden("no entry"))
    (refused,) = await scraping(backends(metrics), metrics)
    assert (refused.works, refused.message) == (False, "no entry")


async def test_without_pods_it_is_not_known_whose_series_they_are() -> None:
    class Away:
        async def ping(self) -> str:
            return "v1.36.3"

        async def fleet(self, namespaces: Sequence[str]) -> Fleet:
            raise Forbidden("no entry")

    metrics: Any = Series([{**HISTOGRAM, **own(IRIS.name)}])
    (found,) = await scraping(backends(metrics, Away()), metrics)
    assert (found.works, found.message) == (
        None,
        "among others FastAPI instrumentator; whose they are is not known without the cluster's pods",
    )


async def test_status_asks_for_figures_by_what_was_found() -> None:
    metrics: Any = Series([{**HISTOGRAM, **own(IRIS.name)}, {**COUNTER, **own(IRIS.name), "code": "200"}])
    seen = await snapshot(sample.ENVIRONMENT, backends(metrics))
    rows = {row.key: row.stats for row in seen.rows()}
    assert rows["serving/iris"].requests_per_second == 2.0
    assert rows["serving/wine"].requests_per_second is None
    assert any('code=~"5.."' in promql for promql in metrics.asked)


async def test_figures_of_mixed_series_are_not_shown() -> None:
    metrics: Any = Series([{**HISTOGRAM, **own(IRIS.name, cluster=cluster)} for cluster in ("a", "b")])
    seen = await snapshot(sample.ENVIRONMENT, backends(metrics))
    assert {row.stats.p99 for row in seen.rows()} == {None}
    assert seen.measured.value is not None
    assert list(seen.measured.value.scraped or ()) == ["serving/iris"]
