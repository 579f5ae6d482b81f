"""Metric profiles: which one is picked, and that its queries mean what they say to an engine that evaluates them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prombed import Prombed

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.pod_labels import PodLabels, quoted
from modeldeck.domain.metrics.profiles import (
    METRICS,
    PROFILES,
    WIDE_WINDOW,
    Counter,
    Profile,
    bulk_queries,
    deployment_queries,
    pick,
    pod_pattern,
    rate_window,
)

NAMES = ("http_request_duration_highr_seconds_bucket", "model_prediction_value_bucket", "model_info", "python_info")
FASTAPI = ("http_requests_total", "status", "2xx")


def exports(*names: str, counted: tuple[str, str, str] | None = None) -> Exports:
    """Metrics without labels, and a counter with a label and its value."""
    series = [{"__name__": counted[0], counted[1]: counted[2]}] if counted else []
    return Exports((*Exports.named(names).series, *series))


def picked(*names: str, counted: tuple[str, str, str] | None = None) -> Profile:
    profile = pick(exports(*names, counted=counted))
    assert profile is not None
    return profile


def test_no_known_server() -> None:
    assert pick(exports("up", "python_info")) is None


@pytest.mark.parametrize("beside", [(), ("go_info", "go_goroutines"), ("nodejs_version_info",), ("http_requests_total",)])
def test_a_name_that_servers_of_any_make_use_is_no_fastapi(beside: tuple[str, ...]) -> None:
    assert pick(exports("http_request_duration_seconds_bucket", *beside)) is None
    assert picked("http_request_duration_seconds_bucket", "python_info", *beside).name == "FastAPI instrumentator"


def test_everything_that_profiles_ask_for_is_looked_for() -> None:
    for profile in PROFILES:
        assert set(profile.metrics) <= set(METRICS)


def test_of_a_metric_that_names_versions_only_the_metric_is_looked_for() -> None:
    profile = Profile("mine", ("up",), (), (), versions=("served_version", "revision"))
    assert profile.metrics == ("up", "served_version")


def test_the_instrumentator_with_what_stands_beside_it() -> None:
    profile = picked(*NAMES, counted=FASTAPI)
    assert (profile.name, profile.latency, profile.predictions) == (
        "FastAPI instrumentator",
        ("http_request_duration_highr_seconds",),
        "model_prediction_value",
    )
    assert profile.versions == ("model_info", "version")


def test_a_special_server_before_the_general_one() -> None:
    profile = picked(*NAMES, "vllm:request_success_total", counted=FASTAPI)
    assert profile.name == "vLLM"
    assert profile.latency == ()


def test_errors_that_are_part_of_a_missing_counter_are_not_known() -> None:
    serverless = picked("request_predict_seconds_count", counted=("revision_app_request_count", "response_code_class", "2xx"))
    raw = picked("request_predict_seconds_count", "request_predict_seconds_bucket")
    assert [(c.metric, c.matchers) for c in serverless.errors] == [("revision_app_request_count", 'response_code_class=~"5.."')]
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


POD_NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?(\.[a-z0-9]{1,8})?", fullmatch=True)
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@given(POD_NAMES, st.text(SUFFIX, min_size=8, max_size=10), st.text(SUFFIX, min_size=5, max_size=5))
def test_the_pods_of_a_deployment_match_its_pattern(name: str, template_hash: str, random: str) -> None:
    pod = f"{name}-{template_hash}-"[:58] + random
    assert re.fullmatch(pod_pattern(name), pod)
    assert not re.fullmatch(pod_pattern(name), f"{name}-canary-{template_hash}-{random}") or len(name) > 46


@pytest.mark.parametrize("pod", ["irisx-5d4f8c7b9-x2x4z", "iris-canary-5d4f8c7b9-x2x4z", "iris-5d4f8c7b9", "iris-5d4f8c7b9-x2x4zz"])
def test_the_pods_of_others_do_not(pod: str) -> None:
    assert not re.fullmatch(pod_pattern("iris"), pod)


def test_all_namespaces_are_no_matcher() -> None:
    profile = picked(*NAMES, counted=FASTAPI)
    assert bulk_queries(profile, ()) == bulk_queries(profile, ("*",))
    assert "namespace=~" not in bulk_queries(profile, ())["buckets"]
    assert 'namespace=~"a|b"' in bulk_queries(profile, ("a", "b"))["buckets"]


def test_windows_and_literals() -> None:
    assert (rate_window(), rate_window(step=120, scrape=15), rate_window(step=5, scrape=2)) == (60, 135, 8)
    assert quoted('a"b\\c\n') == '"a\\"b\\\\c\\n"'


def test_of_all_candidates_that_are_exported_one_is_asked() -> None:
    profile = Profile(
        "any",
        ("up",),
        latency=("new", "old", "older"),
        requests=(Counter("new_total"), Counter("old_total")),
        errors=(Counter("failed_total"), Counter("errors_total")),
    )
    every = profile.within(Exports.named(["old_bucket", "older_bucket", "new_total", "old_total", "failed_total", "errors_total"]))
    assert (every.latency, every.requests, every.errors) == (("old",), profile.requests[:1], profile.errors[:1])
    none = profile.within(Exports.named(["up"]))
    assert (none.latency, none.requests, none.errors) == ((), profile.requests[:1], ())


def test_units_and_counting_of_each_server() -> None:
    """In seconds, and with the failed ones: what a server's own documentation says."""
    assert {profile.name: profile.latency_scale for profile in PROFILES if profile.latency_scale != 1.0} == {
        "TF Serving": 1e-6,
        "Ray Serve": 1e-3,
    }
    assert [profile.name for profile in PROFILES if profile.errors_apart] == ["MLServer", "Triton"]
    assert [profile.name for profile in PROFILES if profile.blind_to] == ["Triton"]


def test_the_queries_of_a_fleet_as_they_are_asked() -> None:
    profile = Profile(
        "mine",
        ("up",),
        latency=("took", "other"),
        latency_matchers='path!="/ping"',
        requests=(Counter("asked_total", 'a="1"'), Counter("never")),
        errors=(Counter("failed_total"), Counter("never")),
        versions=("served", "v"),
    )
    assert bulk_queries(profile, ["serving"], window=90, stated=[("info", "version")]) == {
        "buckets": 'sum by (namespace, pod, le) (rate(took_bucket{namespace=~"serving",path!="/ping"}[90s]))',
        "requests": 'sum by (namespace, pod) (rate(asked_total{namespace=~"serving",a="1"}[90s]))',
        "errors": 'sum by (namespace, pod) (rate(failed_total{namespace=~"serving"}[90s]))',
        "stated info": 'info{namespace=~"serving"}',
        "versions": 'max by (namespace, pod, v) (served{namespace=~"serving"})',
    }
    assert "versions" not in bulk_queries(profile, (), stated=[("served", "v")])
    assert bulk_queries(Profile("none", ()), ()) == {}
    assert bulk_queries(profile, ())["errors"].endswith("(rate(failed_total[60s]))")
    assert deployment_queries(profile, 'pod="x"', step=30.0) == {
        "p50": 'histogram_quantile(0.5, sum by (le) (rate(took_bucket{pod="x",path!="/ping"}[60s])))',
        "p90": 'histogram_quantile(0.9, sum by (le) (rate(took_bucket{pod="x",path!="/ping"}[60s])))',
        "p99": 'histogram_quantile(0.99, sum by (le) (rate(took_bucket{pod="x",path!="/ping"}[60s])))',
        "requests": 'sum (rate(asked_total{pod="x",a="1"}[60s]))',
        "errors": 'sum (rate(failed_total{pod="x"}[60s]))',
    }
    assert deployment_queries(Profile("none", ()), "", step=30.0) == {}


@pytest.mark.parametrize(("step", "scrape", "seconds"), [(0.0, 15.0, 60), (50.0, 15.0, 65), (0.0, 0.1, 1), (45.0, 15.0, 60), (0.0, 0.4, 2)])
def test_a_window_holds_four_scrapes_and_the_step(step: float, scrape: float, seconds: int) -> None:
    assert rate_window(step=step, scrape=scrape) == seconds
    assert WIDE_WINDOW == 300


@pytest.mark.parametrize(("length", "whole"), [(46, True), (47, False)])
def test_only_the_beginning_of_a_long_name_is_sure(length: int, whole: bool) -> None:
    pattern = pod_pattern("a" * length)
    assert pattern == ("a" * length + ("-[a-z0-9]+-[a-z0-9]{5}" if whole else "-[a-z0-9-]{5,}"))
    assert pod_pattern("a" * 70) == "a" * 58 + "[a-z0-9-]{5,}"


def test_a_counter_is_matched_by_its_label_and_its_own_matchers() -> None:
    labelled = Exports(({"__name__": "x", "grpc": "OK", "code": "200"},))
    assert Counter("x", 'a="1"', status=("code",), failed='!="OK"').resolved(labelled) == Counter("x", 'code!="OK",a="1"')
    assert Counter("x", status=("none", "grpc"), failed='!="OK"').resolved(labelled) == Counter("x", 'grpc!="OK"')
    assert Counter("x", status=("none",), failed='!="OK"').resolved(labelled) is None
    assert Counter("y", vouchers=("x",)).resolved(labelled) == Counter("y", vouchers=("x",))
    assert Counter("y").resolved(labelled) is None
    assert Counter("x").resolved(labelled) == Counter("x")
