"""`modeldeck metrics check`: asked in the very way in which the deck asks."""

from __future__ import annotations

import pytest

from modeldeck.cli import metrics
from modeldeck.domain.failures import Failure, InvalidQuery, Unreachable
from modeldeck.domain.metrics.profiles.queries import rate_window
from tests.cli.conftest import Shell
from tests.support.clocks import FakeClock
from tests.support.history import NOW, History

CHARTS = ["chart p50", "chart p90", "chart p99", "chart requests", "chart errors"]


@pytest.fixture
def history(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> History:
    """serving/iris under even traffic, one request in a hundred failing."""
    monkeypatch.setattr(metrics, "SystemClock", lambda: FakeClock(NOW))
    past = History()
    pods = list(shell.fake.cluster.pods.values())
    shell.fake.cluster.pods.clear()
    for pod, suffix in zip(pods, ("abcde", "fghij"), strict=True):  # as Kubernetes calls them: charts go by the names
        pod.name = f"{pod.set_name}-{suffix}"
        shell.fake.cluster.pods[pod.name] = pod
        past.fastapi(pod.name, errors=0.01)
    shell.fake.measured = True
    shell.fake.metrics = past  # type: ignore[assignment]
    return past


def test_what_is_found_and_asked(shell: Shell, history: History) -> None:
    said = shell("metrics", "check", "serving/iris")
    head, pods, requests, failed, latency, now, *queries = said.out.splitlines()
    assert (said.code, head) == (0, "serving/iris: FastAPI instrumentator")
    assert pods.split(maxsplit=1) == ["pods", "named by namespace and pod"]
    assert "http_requests_total{" in requests
    assert "(status: 2xx, 5xx)" in requests
    assert 'status=~"5.."' in failed
    assert latency.split() == ["latency", "http_request_duration_highr_seconds"]
    assert "errors 1.00%, 4.00 requests/s" in now
    assert [query[:17].strip() for query in queries] == ["buckets", "requests", "errors", *CHARTS]
    assert all(query.endswith(" series") and f"[{rate_window()}s]" in query for query in queries[:3])


def test_the_contract(shell: Shell, history: History) -> None:
    body = shell("metrics", "check", "serving/iris", "-o", "json").json
    (one,) = body["deployments"]
    assert (one["deployment"], one["profile"], one["latency"]) == (
        "serving/iris",
        "FastAPI instrumentator",
        "http_request_duration_highr_seconds",
    )
    assert one["pod_labels"] == {"pod": "pod", "namespace": "namespace", "matchers": ""}
    assert one["requests"]["labels"] == {"status": ["2xx", "5xx"]}
    assert one["values"]["error_ratio"] == pytest.approx(0.01)
    assert one["values"]["requests_per_second"] == pytest.approx(4.0)
    assert (one["not_known"], one["versions"], one["predictions"]) == ([], None, None)
    assert {query["name"]: query["series"] for query in one["queries"]} == {
        "buckets": 12,
        "requests": 2,
        "errors": 2,
        **dict.fromkeys(CHARTS, 1),
    }
    asked = [promql for promql, _ in history.asked]
    assert {query["query"] for query in one["queries"] if not query["name"].startswith("chart")} <= set(asked)


def istio(age: int) -> dict[str, float]:
    kept = "reporter=destination,destination_workload=iris"
    counted = {f"istio_requests_total{{{kept},response_code={code}}}": rate * age for code, rate in (("200", 1.9), ("503", 0.1))}
    asked = {"istio_requests_total{reporter=source,destination_workload=features,response_code=500}": 50.0 * age}
    return counted | asked | {f"istio_request_duration_milliseconds_bucket{{{kept},le={le}}}": 2.0 * age for le in ("5", "10", "+Inf")}


def test_what_a_mesh_tells_of_pods_that_export_nothing(shell: Shell, history: History) -> None:
    past = shell.fake.metrics = History()  # type: ignore[assignment]
    for pod in shell.fake.cluster.pods:
        past.scraped(pod, 900, 0, istio)
    said = shell("metrics", "check", "serving/iris").out.splitlines()
    assert said[0] == "serving/iris: Istio"
    (now,) = (line for line in said if line.split()[0] == "now")
    assert "p50 2.5 ms" in now
    assert "errors 5.00%, 4.00 requests/s" in now
    for pod in shell.fake.cluster.pods:
        past.scraped(pod, 900, 0, lambda age: {"nv_inference_request_success": 1.0 * age, "nv_inference_request_failure": 0.0})
    said = shell("metrics", "check", "serving/iris").out.splitlines()
    assert said[0] == "serving/iris: Triton"
    assert any(line.startswith("  latency") and line.endswith("istio_request_duration_milliseconds, as Istio measures") for line in said)
    assert "  ? requests and latency: as Istio beside the pods tells, scrapes that pass it included" in said
    (one,) = shell("metrics", "check", "serving/iris", "-o", "json").json["deployments"]
    assert (one["requests_source"], one["latency_source"], one["profile"]) == ("Istio", "Istio", "Triton")
    assert one["values"]["error_ratio"] == pytest.approx(0.05)


def vllm(age: int) -> dict[str, float]:
    names = {"vllm:request_success_total": 2.0 * age, "vllm:e2e_request_latency_seconds_bucket{le=+Inf}": 2.0 * age}
    return names | {
        "vllm:time_to_first_token_seconds_bucket{le=+Inf}": 2.0 * age,
        "vllm:kv_cache_usage_perc": 0.5,
        "vllm:num_requests_waiting": 3.0,
    }


def test_how_full_a_server_is(shell: Shell, history: History) -> None:
    past = shell.fake.metrics = History()  # type: ignore[assignment]
    for pod in shell.fake.cluster.pods:
        past.scraped(pod, 900, 0, vllm)
    told = [line.split(maxsplit=1) for line in shell("metrics", "check", "serving/iris").out.splitlines()]
    said = dict(told)
    assert said["first"] == "token     vllm:time_to_first_token_seconds"
    assert said["queue"] == "vllm:num_requests_waiting  (requests, of all together)"
    assert said["kv"] == "cache        vllm:kv_cache_usage_perc  (share, of the fullest)"
    (one,) = shell("metrics", "check", "serving/iris", "-o", "json").json["deployments"]
    assert one["first_token"] == "vllm:time_to_first_token_seconds"
    assert one["saturation"] == [
        {"kind": "queue", "selector": "vllm:num_requests_waiting", "unit": "requests"},
        {"kind": "kv_cache", "selector": "vllm:kv_cache_usage_perc", "unit": "share"},
    ]
    charts = {query["name"]: query["series"] for query in one["queries"] if query["name"].startswith("chart ")}
    assert {name: charts[f"chart {name}"] for name in ("queue", "kv_cache", "first_token_p99")} == {
        "queue": 1,
        "kv_cache": 1,
        "first_token_p99": 1,
    }


def test_of_all_deployments_only_the_bulk_is_asked(shell: Shell, history: History) -> None:
    (one,) = shell("metrics", "check", "-o", "json").json["deployments"]
    assert [query["name"] for query in one["queries"]] == ["buckets", "requests", "errors"]


@pytest.mark.parametrize(("failure", "code"), [(InvalidQuery("too many samples", backend="Prometheus"), 3), (Unreachable("gone"), 6)])
def test_one_question_that_is_not_answered(shell: Shell, history: History, failure: Failure, code: int) -> None:
    history.failure, history.failing = failure, lambda promql: "5.." in promql
    said = shell("metrics", "check", "serving/iris", "-o", "json")
    (one,) = said.json["deployments"]
    assert said.code == code
    assert failure.message in said.err
    assert {query["name"]: query["error"] for query in one["queries"] if query["error"]} == {
        "errors": failure.message,
        "chart errors": failure.message,
    }
    assert one["values"]["requests_per_second"] == pytest.approx(4.0)


def test_a_prometheus_that_is_away(shell: Shell, history: History) -> None:
    history.failure = Unreachable("gone", backend="Prometheus")
    said = shell("metrics", "check", "-o", "json")
    assert (said.code, said.json["error"]["code"]) == (6, "unreachable")


def test_without_a_prometheus(shell: Shell) -> None:
    said = shell("metrics", "check")
    assert said.code == 6
    assert "PROMETHEUS_URL" in said.err


def test_no_such_deployment(shell: Shell, history: History) -> None:
    said = shell("metrics", "check", "serving/rose")
    assert (said.code, said.out) == (3, "")
    assert "no deployment serving/rose" in said.err


def test_a_server_that_nobody_knows(shell: Shell, history: History) -> None:
    shell.fake.metrics = History()  # type: ignore[assignment]
    said = shell("metrics", "check", "serving/iris")
    assert (said.code, said.out.splitlines()) == (
        0,
        ["serving/iris: no known model server", "  ? none of the metrics that profiles know is scraped of its pods"],
    )
