"""Metric profiles: which one is picked, and that its queries mean what they say to an engine that evaluates them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prombed import Prombed

from tui.domain.profiles import PROFILES, bulk_queries, deployment_queries, pick, pod_pattern, quoted, rate_window

FASTAPI = frozenset(
    {"http_requests_total", "http_request_duration_highr_seconds_bucket", "model_prediction_value_bucket", "model_info", "python_info"}
)


def test_no_known_server() -> None:
    assert pick(frozenset({"up", "python_info"})) is None


def test_the_instrumentator_with_what_stands_beside_it() -> None:
    profile = pick(FASTAPI)
    assert profile is not None
    assert (profile.name, profile.latency, profile.predictions) == (
        "FastAPI instrumentator",
        ("http_request_duration_highr_seconds",),
        "model_prediction_value",
    )
    assert profile.versions == ("model_info", "version")


def test_a_special_server_before_the_general_one() -> None:
    profile = pick(FASTAPI | {"vllm:request_success_total"})
    assert profile is not None
    assert profile.name == "vLLM"
    assert profile.latency == ()


def test_errors_that_are_part_of_a_missing_counter_are_not_known() -> None:
    serverless = pick(frozenset({"request_predict_seconds_count", "request_predict_seconds_bucket", "revision_app_request_count"}))
    raw = pick(frozenset({"request_predict_seconds_count", "request_predict_seconds_bucket"}))
    assert serverless is not None
    assert raw is not None
    assert [c.metric for c in serverless.errors] == ["revision_app_request_count"]
    assert (raw.requests[0].metric, raw.errors) == ("request_predict_seconds_count", ())


@pytest.mark.parametrize("probe", [probe for profile in PROFILES for probe in profile.probes])
def test_every_query_is_understood_by_the_stand_in(probe: str) -> None:
    profile = pick(frozenset({probe}) | {f"{m}_bucket" for p in PROFILES for m in p.latency if probe in p.probes})
    assert profile is not None
    engine = Prombed(targets=[])
    for query in bulk_queries(profile, ["serving", "a.b"]).values():
        engine.query(query)
    for query in deployment_queries(profile, "serving", "iris", step=15).values():
        engine.query(query)


def exposition(seconds: int) -> str:
    total = {"ok": 10 * seconds, "failed": 2 * seconds, "probe": 50 * seconds}
    return f"""
http_requests_total{{handler="/invocations",status="2xx"}} {total["ok"]}
http_requests_total{{handler="/invocations",status="5xx"}} {total["failed"]}
http_requests_total{{handler="/metrics",status="2xx"}} {total["probe"]}
"""


def test_the_requests_leave_probes_out() -> None:
    engine = Prombed(targets=[])
    for at in range(0, 125, 5):
        engine.ingest(exposition(at), timestamp_ms=1_000_000 + at * 1000, labels={"namespace": "serving", "pod": "iris-5d4f8c7b9-x2x4z"})
    profile = pick(FASTAPI)
    assert profile is not None
    queries = bulk_queries(profile, ["serving"])
    values = {
        name: [float(r["value"][1]) for r in engine.query(queries[name], 1_120_000)["data"]["result"]] for name in ("requests", "errors")
    }
    assert values == {"requests": [pytest.approx(12.0)], "errors": [pytest.approx(2.0)]}


NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?(\.[a-z0-9]{1,8})?", fullmatch=True)
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@given(NAMES, st.text(SUFFIX, min_size=8, max_size=10), st.text(SUFFIX, min_size=5, max_size=5))
def test_the_pods_of_a_deployment_match_its_pattern(name: str, template_hash: str, random: str) -> None:
    pod = f"{name}-{template_hash}-"[:58] + random
    assert re.fullmatch(pod_pattern(name), pod)
    assert not re.fullmatch(pod_pattern(name), f"{name}-canary-{template_hash}-{random}") or len(name) > 46


@pytest.mark.parametrize("pod", ["irisx-5d4f8c7b9-x2x4z", "iris-canary-5d4f8c7b9-x2x4z", "iris-5d4f8c7b9", "iris-5d4f8c7b9-x2x4zz"])
def test_the_pods_of_others_do_not(pod: str) -> None:
    assert not re.fullmatch(pod_pattern("iris"), pod)


def test_all_namespaces_are_no_matcher() -> None:
    profile = pick(FASTAPI)
    assert profile is not None
    assert bulk_queries(profile, ()) == bulk_queries(profile, ("*",))
    assert "namespace=~" not in bulk_queries(profile, ())["buckets"]
    assert 'namespace=~"a|b"' in bulk_queries(profile, ("a", "b"))["buckets"]


def test_windows_and_literals() -> None:
    assert (rate_window(), rate_window(step=120, scrape=15), rate_window(step=5, scrape=2)) == (60, 135, 8)
    assert quoted('a"b\\c\n') == '"a\\"b\\\\c\\n"'
