"""What a mesh's sidecar and Knative's queue@sidecar tell in a server's place, and what never counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from modeldeck.domain.metrics.charts.chart_kind import ChartKind, computed
from modeldeck.domain.metrics.exports import Labels
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import bulk_queries
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.scraping import Scraped, scraped_as
from modeldeck.domain.metrics.series_scope import SeriesScope

POD = {"namespace": "serving", "pod": "iris-5d4f8c7b9-x2x4z"}
ARRIVED = 'reporter="destination"'
TRITON = ({"__name__": "nv_inference_request_success"}, {"__name__": "nv_inference_request_failure"})
FASTAPI = (
    *({"__name__": "http_request_duration_highr_seconds_bucket"}, {"__name__": "python_info"}),
    {"__name__": "http_requests_total", "status": "2xx"},
)


def istio(code: str = "200", **labels: str) -> tuple[Labels, ...]:
    own = {"reporter": "destination", "response_code": code, "destination_workload": "iris", **labels}
    return tuple({**own, "__name__": name} for name in ("istio_requests_total", "istio_request_duration_milliseconds_bucket"))


def linkerd(**labels: str) -> tuple[Labels, ...]:
    own = {"direction": "inbound", "target_port": "8080", "route_name": "default", **labels}
    counter = {**own, "__name__": "response_total", "classification": "success"}
    return counter, {**own, "__name__": "response_latency_ms_bucket"}


def seen(*series: Labels, by: PodLabels | None = None, own: Sequence[Profile] = (), pod: Labels = POD) -> Scraped | None:
    return scraped_as([{**pod, **labels} for labels in series], by or PodLabels(), SeriesScope(profiles=tuple(own)))


def found(*series: Labels, own: Sequence[Profile] = ()) -> Scraped:
    scraped = seen(*series, own=own)
    assert scraped is not None
    return scraped


def test_of_pods_that_export_nothing_the_sidecar_tells() -> None:
    one = found(*istio(), *istio("503"))
    assert (one.profile.name, one.notes, one.labels) == ("Istio", (), PodLabels())
    assert bulk_queries(one.profile, ["serving"]) == {
        "buckets": (
            "sum by (namespace, pod, le) "
            '(rate(istio_request_duration_milliseconds_bucket{namespace=~"serving",reporter="destination"}[60s]))'
        ),
        "requests": 'sum by (namespace, pod) (rate(istio_requests_total{namespace=~"serving",reporter="destination"}[60s]))',
        "errors": (
            'sum by (namespace, pod) (rate(istio_requests_total{namespace=~"serving",response_code=~"5..",reporter="destination"}[60s]))'
        ),
    }
    assert one.profile.latency_scale == 1e-3


@pytest.mark.parametrize(
    "series",
    [
        istio(reporter="source"),
        istio(reporter="waypoint"),
        istio(destination_workload="features"),
        istio(destination_workload="iris-5d4f8c7b9"),
        linkerd(direction="outbound"),
        linkerd(route_name="probe"),
        linkerd(target_port="4191"),
        ({"__name__": "response_total", "classification": "success"},),
        istio()[1:],
    ],
)
def test_what_does_not_arrive_at_the_pod_does_not_count(series: tuple[Labels, ...]) -> None:
    """What the pod asks of others, what a gateway in this pod lets through to another workload, probes, scrapes of the sidecar."""
    assert seen(*series) is None


def test_a_waypoint_is_not_the_workload_that_it_stands_before() -> None:
    pod = {"namespace": "serving", "pod": "iris-waypoint-5d4f8c7b9-x2x4z"}
    assert seen(*istio(), pod=pod) is None
    assert seen(*istio(destination_workload="iris-waypoint"), pod=pod) is not None
    by_address = PodLabels("instance", "", by_address=True)
    assert seen(*istio(), pod={"instance": "10.0.0.1:15020"}, by=by_address) is not None


def test_requests_that_the_server_does_not_tell_are_the_sidecars() -> None:
    one = found(*TRITON, *istio())
    assert (one.profile.name, one.profile.requests_source, one.profile.latency_source) == ("Triton", "Istio", "Istio")
    assert (one.profile.requests[0].metric, one.profile.errors_apart, one.profile.blind_to) == ("istio_requests_total", False, "")
    assert one.notes == ("requests and latency: as Istio beside the pods tells, scrapes that pass it included",)
    assert computed(one.profile) == {
        ChartKind.LATENCY: "each × 0.001, for seconds; as Istio measures it beside the pods",
        ChartKind.REQUESTS: "as Istio counts them beside the pods",
        ChartKind.ERRORS: "errors ÷ requests",
    }


def test_a_server_that_tells_everything_is_asked_itself() -> None:
    assert found(*FASTAPI, *istio(), *linkerd()) == found(*FASTAPI)


def test_only_the_latency_where_the_server_counts_its_requests() -> None:
    torchserve = ({"__name__": "ts_inference_requests_total"}, {"__name__": "Requests5XX"})
    one = found(*torchserve, *linkerd())
    assert (one.profile.requests_source, one.profile.latency_source, one.profile.latency) == ("", "Linkerd", ("response_latency_ms",))
    assert one.profile.latency_matchers == 'direction="inbound",route_name!="probe",target_port!="4191"'


def test_of_grpc_the_calls_own_status_counts() -> None:
    calls = (*istio(grpc_response_status="0"), *istio(grpc_response_status="13"))
    assert found(*calls).profile.errors[0].matchers == f'grpc_response_status=~"2|4|12|13|14|15",{ARRIVED}'
    assert found(*istio(grpc_response_status="")).profile.errors[0].matchers == f'response_code=~"5..",{ARRIVED}'


def test_failed_requests_of_http_and_grpc_together_are_not_known() -> None:
    one = found(*istio(), *istio(grpc_response_status="0"))
    assert (one.profile.errors, one.notes) == ((), ("errors are not known: Istio counts gRPC beside HTTP, or tells no status",))
    kserve = ({"__name__": "request_predict_seconds_count"}, {"__name__": "request_predict_seconds_bucket"})
    both = found(*kserve, *istio(), *istio(grpc_response_status="0"))
    assert (both.profile.requests_source, both.profile.requests[0].metric) == ("", "request_predict_seconds_count")


def test_of_several_sidecars_the_nearest_counts_and_never_both() -> None:
    knative = ({"__name__": "revision_app_request_count", "response_code": "200"},)
    assert found(*istio(), *linkerd()).profile.name == "Istio"
    assert found(*istio(), *knative).profile.name == "Knative"
    assert {counter.metric for counter in found(*istio(), *linkerd()).profile.requests} == {"istio_requests_total"}


def test_a_sidecar_that_is_scraped_at_two_ports_counts_once() -> None:
    twice = [{**labels, "instance": f"10.0.0.1:{port}"} for port in ("15020", "15090") for labels in istio()]
    one = found(*twice, *({**labels, "instance": "10.0.0.1:8002"} for labels in TRITON))
    assert one.profile.requests[0].matchers == r'reporter="destination",instance=~".+:15020"'
    assert one.labels.matchers == ""
    assert "pods are scraped several times: of port 15020, 15090 only 15020 counts" in one.notes


def test_a_server_that_is_scraped_twice_is_not_mixed_with_a_sidecar() -> None:
    twice = [{**labels, "instance": f"10.0.0.1:{port}"} for port in ("8002", "8003") for labels in TRITON]
    one = found(*twice, *({**labels, "instance": "10.0.0.1:15020"} for labels in istio()))
    assert one.profile.requests_source == ""
    assert any(note.startswith("Istio is not asked: the pods are scraped several times") for note in one.notes)


def test_clients_in_other_clusters_are_no_other_cluster() -> None:
    one = found(*istio(source_cluster="east"), *istio(source_cluster="west"))
    assert (one.several, one.mixed) == ((), False)
    assert found(*istio(cluster="east"), *istio(cluster="west")).mixed


@pytest.mark.parametrize(
    ("chosen", "requests", "latency"),
    [
        ("istio", "istio_requests_total", ("istio_request_duration_milliseconds",)),
        ("linkerd", "response_total", ("response_latency_ms",)),
        ("server", "http_requests_total", ("http_request_duration_highr_seconds",)),
        ("", "http_requests_total", ("http_request_duration_highr_seconds",)),
    ],
)
def test_a_configuration_chooses(chosen: str, requests: str, latency: tuple[str, ...]) -> None:
    one = found(*FASTAPI, *istio(), *linkerd(), own=[replace(BUILT_IN["fastapi"], requests_by=chosen)])
    assert (one.profile.requests[0].metric, one.profile.latency) == (requests, latency)


def test_where_the_chosen_one_exports_nothing_nothing_takes_its_place() -> None:
    one = found(*FASTAPI, *linkerd(), own=[replace(BUILT_IN["fastapi"], requests_by="istio")])
    assert (one.profile.requests, one.profile.errors, one.profile.latency) == ((), (), ())
    assert "istio exports nothing of these pods, which is to count their requests" in one.notes
    server = found(*TRITON, *istio(), own=[replace(BUILT_IN["triton"], requests_by="server")])
    assert (server.profile.requests_source, server.profile.latency) == ("", ())
