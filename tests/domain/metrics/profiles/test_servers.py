"""The known servers: what each counts, and that its queries mean what they say to an engine that evaluates them."""

from __future__ import annotations

import pytest
from prombed import Prombed

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import bulk_queries, deployment_queries, pod_pattern
from modeldeck.domain.metrics.profiles.servers import PROFILES
from tests.support.exported import NAMES, picked


@pytest.mark.parametrize(
    ("counter", "label", "value"),
    [
        ("revision_app_request_count", "response_code_class", "2xx"),
        ("kn_serving_invocation_duration_seconds_count", "http_response_status_code", "200"),
    ],
)
def test_errors_that_are_part_of_a_missing_counter_are_not_known(counter: str, label: str, value: str) -> None:
    serverless = picked("request_predict_seconds_count", counted=(counter, label, value))
    raw = picked("request_predict_seconds_count", "request_predict_seconds_bucket")
    assert serverless.requests[0].metric == counter
    assert [(c.metric, c.matchers) for c in serverless.errors] == [(counter, f'{label}=~"5.."')]
    assert (raw.requests[0].metric, raw.errors) == ("request_predict_seconds_count", ())


OF_ALL = [(counter.metric, profile) for profile in PROFILES for counter in profile.errors if counter.status]


@pytest.mark.parametrize(("counter", "profile"), OF_ALL, ids=[f"{profile.name} {counter}" for counter, profile in OF_ALL])
def test_a_counter_without_a_status_label_tells_nothing_of_errors(counter: str, profile: Profile) -> None:
    """Neither as 0, where the matcher wants a value, nor as all of them, where it wants none."""
    series = [{"__name__": name} for name in (*profile.probes, *profile.signs, counter)]
    assert picked(*(each["__name__"] for each in series)).errors == ()


@pytest.mark.parametrize(
    ("profile", "total", "errors"),
    [
        ("Ray Serve", "ray_serve_deployment_request_counter_total", "ray_serve_deployment_error_counter_total"),
        ("TorchServe", "Requests2XX", "Requests5XX"),
    ],
)
def test_a_counter_of_errors_that_is_sure_to_come_is_0_until_then(profile: str, total: str, errors: str) -> None:
    found = picked("ray_serve_deployment_request_counter_total" if profile == "Ray Serve" else "ts_inference_requests_total", total)
    assert (found.name, [c.metric for c in found.errors]) == (profile, [errors])


@pytest.mark.parametrize("name", ["ts_inference_requests_total", "model_infer_request_success_total", "nv_inference_request_success"])
def test_one_that_may_never_come_is_not_known(name: str) -> None:
    assert picked(name).errors == ()


def test_mlserver_is_known_before_its_first_inference() -> None:
    found = picked("rest_server_requests_total", "rest_server_requests_in_progress")
    assert (found.name, found.errors, found.requests[0].metric) == ("MLServer", (), "model_infer_request_success_total")


@pytest.mark.parametrize("probe", [probe for profile in PROFILES for probe in profile.probes])
def test_every_query_is_understood_by_the_stand_in(probe: str) -> None:
    (owner,) = [p for p in PROFILES if probe in p.probes]
    series = [{"__name__": name, "code": "200", "status": "OK"} for name in (probe, *owner.metrics)]
    profile = pick(Exports(tuple(series)))
    assert profile is not None
    engine = Prombed(targets=[])
    for labels in (PodLabels(), PodLabels("kubernetes_pod_name", "", matchers='cluster="a"')):
        for query in bulk_queries(profile, ["serving", "a.b"], labels=labels).values():
            engine.query(query)
        for query in deployment_queries(profile, labels.of_pods("serving", pod_pattern("iris")), step=15).values():
            engine.query(query)


PROBES = ("/metrics", "/health", "/healthz", "/health/live", "/v2/health/ready", "/ready", "/readyz", "/livez", "/ping", "/docs")


def exposition(seconds: int, metric: str, path: str, code: str) -> str:
    total = {"ok": 10 * seconds, "failed": 2 * seconds, "probe": 50 * seconds}
    probes = (f'{metric}{{{path}="{probe}",{code}="200"}} {total["probe"]}' for probe in PROBES)
    served = (f'{metric}{{{path}="/health/predict",{code}="{status}"}} {total[of]}' for status, of in (("200", "ok"), ("500", "failed")))
    return "\n".join((*served, *probes, ""))


@pytest.mark.parametrize(
    ("beside", "metric", "path", "code"),
    [
        (NAMES, "http_requests_total", "handler", "status"),
        (NAMES, "http_requests_total", "path", "status"),
        (("vllm:request_success_total",), "http_requests_total", "handler", "status"),
        ((), "starlette_requests_total", "path", "status_code"),
        ((), "bentoml_service_request_total", "endpoint", "http_response_code"),
        ((), "bentoml_service_request_total", "exported_endpoint", "http_response_code"),
    ],
)
def test_the_requests_leave_probes_out(beside: tuple[str, ...], metric: str, path: str, code: str) -> None:
    engine = Prombed(targets=[])
    for at in range(0, 125, 5):
        scraped = exposition(at, metric, path, code)
        engine.ingest(scraped, timestamp_ms=1_000_000 + at * 1000, labels={"namespace": "serving", "pod": "iris-5d4f8c7b9-x2x4z"})
    profile = picked(*beside, counted=(metric, code, "200"))
    queries = bulk_queries(profile, ["serving"])
    values = {
        name: [float(r["value"][1]) for r in engine.query(queries[name], 1_120_000)["data"]["result"]] for name in ("requests", "errors")
    }
    assert values == {"requests": [pytest.approx(12.0)], "errors": [pytest.approx(2.0)]}


def test_nor_do_probes_count_in_the_latency() -> None:
    """They are many, and quick."""
    for probe in ("starlette_requests_total", "bentoml_service_request_total"):
        names = [f"{name}_bucket" for each in PROFILES if probe in each.probes for name in each.latency]
        assert "/metrics/?" in bulk_queries(picked(probe, *names), ())["buckets"]


def test_units_and_counting_of_each_server() -> None:
    """In seconds, and with the failed ones: what a server's own documentation says."""
    assert {profile.name: profile.latency_scale for profile in PROFILES if profile.latency_scale != 1.0} == {
        "TF Serving": 1e-6,
        "Ray Serve": 1e-3,
    }
    assert [profile.name for profile in PROFILES if profile.errors_apart] == ["MLServer", "Triton", "Ray Serve"]
    assert [profile.name for profile in PROFILES if profile.blind_to] == ["Triton"]
