"""What is told of each Deployment's metrics, and of what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.metrics.check import CheckedCounter, CheckedDeployment, CheckedQuery, check
from modeldeck.domain.metrics.measured import Group, grouped
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.scraping import scraped_by_deployment
from modeldeck.domain.metrics.series_scope import SeriesScope
from tests.support import sample

IRIS, WINE = (next(pod.name for pod in sample.FLEET.pods if pod.name.startswith(name)) for name in ("iris", "wine"))
HISTOGRAM = {"__name__": "http_request_duration_highr_seconds_bucket"}
COUNTED = {"__name__": "http_requests_total", "handler": "/invocations"}


def of(pod: str, *series: Mapping[str, str], value: float = 1.0) -> Vector:
    return Vector(tuple(Sample({**labels, "namespace": "serving", "pod": pod}, 0.0, value) for labels in series))


def checked(
    *answers: Vector,
    vectors: Mapping[str, Vector] | None = None,
    queries: Mapping[str, str] | None = None,
    refused: str = "",
    own: tuple[Profile, ...] = (),
) -> dict[str, CheckedDeployment]:
    scope = SeriesScope(profiles=own)
    scraped = scraped_by_deployment(answers, sample.FLEET, scope)
    groups = [Group(*way, keys, vectors or {}, queries or {}) for way, keys in grouped(scraped).items()]
    said = dict.fromkeys((queries or {}).values(), refused) if refused else {}
    return {one.key: one for one in check(answers, scraped, groups, sample.FLEET, scope, refused=said)}


STARLETTE = ({"__name__": "starlette_requests_total", "status_code": "200"},)
LATENCY = "starlette_request_duration_seconds"


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (
            {"__name__": LATENCY},
            f"{LATENCY} is a native histogram here: have its buckets scraped as well (always_scrape_classic_histograms)",
        ),
        ({"__name__": LATENCY, "quantile": "0.99"}, f"{LATENCY} is a summary here, and of several pods quantiles make none of all"),
        (
            {"__name__": f"{LATENCY}_sum"},
            "starlette_exporter exports no histogram of it here with buckets up to infinity (le=+Inf), and a mean is no quantile",
        ),
    ],
)
def test_why_no_latency_is_known(series: Mapping[str, str], message: str) -> None:
    one = checked(of(IRIS, *STARLETTE, series))["serving/iris"]
    assert one.not_known[:1] == (f"latency is not known: {message}",)
    assert one.scraped is not None
    assert one.scraped.profile.latency == ()


ISTIO = {"__name__": "istio_requests_total", "reporter": "destination", "response_code": "200"}


def test_of_a_sidecar_only_what_arrives_is_told() -> None:
    one = checked(of(IRIS, ISTIO, {**ISTIO, "response_code": "503"}, {**ISTIO, "reporter": "source", "response_code": "500"}))[
        "serving/iris"
    ]
    assert one.requests == CheckedCounter('istio_requests_total{reporter="destination"}', {"response_code": ("200", "503")})
    assert one.not_known == ("latency is not known: Istio exports no histogram of it here, and a mean is no quantile",)


def test_a_sidecar_that_is_to_count_and_tells_nothing() -> None:
    """What the server does not tell is no matter then."""
    own = (replace(BUILT_IN["starlette-exporter"], requests_by="istio"),)
    alone = checked(of(IRIS, *STARLETTE), own=own)["serving/iris"]
    assert alone.not_known == (
        "istio exports nothing of these pods, which is to count their requests",
        "requests are not known: no counter of them is named",
    )
    counted = checked(of(IRIS, *STARLETTE, {"__name__": f"{LATENCY}_bucket"}, ISTIO), own=own)["serving/iris"]
    assert "latency is not known: Istio exports no histogram of it here" in counted.not_known


def test_a_server_that_only_its_latency_would_tell() -> None:
    native = {"__name__": "http_request_duration_highr_seconds"}
    one = checked(of(IRIS, native, COUNTED, {"__name__": "python_info"}))["serving/iris"]
    assert one.scraped is None
    assert one.not_known[0].startswith(
        "no profile knows its server without buckets of its latency: http_request_duration_highr_seconds is a nat"
    )


def test_counters_with_the_labels_that_tell_failed_requests_apart() -> None:
    one = checked(of(IRIS, HISTOGRAM, {**COUNTED, "status": "2xx"}, {**COUNTED, "status": "5xx"}))["serving/iris"]
    assert one.requests is not None
    assert one.requests.selector.startswith('http_requests_total{handler!~"')
    assert one.requests.labels == {"status": ("2xx", "5xx")}
    assert one.errors is not None
    assert one.errors.selector.startswith('http_requests_total{status=~"5..",')
    assert one.not_known == ()


def test_a_server_without_a_histogram_has_no_latency_and_a_mean_is_none() -> None:
    one = checked(of(WINE, {"__name__": "nv_inference_request_success"}, {"__name__": "nv_inference_request_failure"}))["serving/wine"]
    assert (one.requests, one.errors) == (CheckedCounter("nv_inference_request_success"), CheckedCounter("nv_inference_request_failure"))
    latency, blind = sorted(one.not_known, reverse=True)
    assert latency == "latency is not known: Triton exports no histogram of it here, and a mean is no quantile"
    assert blind.startswith("0 failed requests are no proof: Triton leaves out")


def test_a_counter_that_is_not_there_yet() -> None:
    one = checked(of(IRIS, HISTOGRAM))["serving/iris"]
    assert (one.requests is not None, one.errors) == (True, None)
    assert one.not_known == (
        "FastAPI instrumentator exports no counter of failed requests here",
        "requests are not known: http_requests_total is not exported yet",
    )


def test_what_is_answered_of_its_own_pods() -> None:
    answers = of(IRIS, HISTOGRAM, {**COUNTED, "status": "2xx"})
    others = of(WINE, HISTOGRAM, {**COUNTED, "status": "2xx"})
    vectors = {"requests": of(IRIS, {}, value=2.0), "buckets": of(WINE, {"le": "0.1"}, {"le": "+Inf"})}
    found = checked(answers, others, vectors=vectors, queries={"requests": "sum(a)", "buckets": "sum(b)"})
    iris, wine = found["serving/iris"], found["serving/wine"]
    assert iris.queries == (CheckedQuery("requests", "sum(a)", 1), CheckedQuery("buckets", "sum(b)", 0))
    assert iris.stats.requests_per_second == 2.0
    assert iris.not_known == ("buckets: no answer: of its pods, no two scrapes lie within the window",)
    assert [query.series for query in wine.queries] == [0, 2]


def test_what_is_refused_is_no_empty_answer() -> None:
    answers = of(IRIS, HISTOGRAM, {**COUNTED, "status": "2xx"})
    one = checked(answers, vectors={"requests": Vector(())}, queries={"requests": "sum(a)"}, refused="too many samples")["serving/iris"]
    assert one.queries == (CheckedQuery("requests", "sum(a)", None, "too many samples"),)
    assert one.not_known == ("requests: Prometheus answers: too many samples",)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ((), "none of the metrics that profiles know is scraped of its pods"),
        (({"__name__": "python_info"},), "no profile knows its server by python_info alone"),
        (tuple({"__name__": name} for name in "edcba"), "no profile knows its server by a, b, c, d … alone"),
    ],
)
def test_why_a_deployment_is_not_measured(series: tuple[Mapping[str, str], ...], message: str) -> None:
    one = checked(of(IRIS, *series))["serving/iris"]
    assert (one.scraped, one.not_known) == (None, (message,))


def test_nothing_is_missing_where_no_pods_are_wanted() -> None:
    idle = [one for one in checked().values() if one.not_known == ("no pods are wanted",)]
    assert [one.key for one in idle] == sorted(each.key for each in sample.FLEET.deployments if not each.desired)
