from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Receive, Scope, Send

from modeldeck.sandbox.model_server.faults import FaultMiddleware, Faults
from modeldeck.sandbox.model_server.metrics import MetricsMiddleware, ModelMetrics


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/broken":
        raise RuntimeError("no answer")
    await send({"type": "http.response.start", "status": 400 if scope["path"] == "/bad" else 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


class Fixed:
    """Switches that never change."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def now(self) -> Faults:
        return self.faults


def client(faults: Faults = Faults()) -> httpx.AsyncClient:  # noqa: B008 - frozen
    metrics = ModelMetrics("iris", "3")
    served = MetricsMiddleware(FaultMiddleware(app, Fixed(faults)), metrics)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://model")


async def samples(http: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = (await http.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests(handler: str, method: str, status: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return "http_requests_total", frozenset({"handler": handler, "method": method, "status": status}.items())


async def test_requests_are_counted_under_the_instrumentators_names() -> None:
    async with client() as http:
        for _ in range(3):
            await http.post("/invocations")
        await http.get("/bad")
        found = await samples(http)
    assert found[requests("/invocations", "POST", "2xx")] == 3
    assert found[requests("/invocations", "POST", "5xx")] == 0
    assert found[requests("none", "GET", "4xx")] == 1
    assert found["http_request_duration_highr_seconds_count", frozenset()] == 4
    assert found["model_info", frozenset({("model", "iris"), ("version", "3")})] == 1


async def test_probes_and_scrapes_do_not_count() -> None:
    async with client() as http:
        for path in ("/ping", "/health", "/metrics"):
            await http.get(path)
        found = await samples(http)
    assert found["http_request_duration_highr_seconds_count", frozenset()] == 0


async def test_a_request_that_the_app_died_of_counts_as_5xx() -> None:
    async with client() as http:
        with pytest.raises(RuntimeError):
            await http.get("/broken")
        assert (await samples(http))[requests("none", "GET", "5xx")] == 1


async def test_injected_errors_are_answers_with_500_that_count() -> None:
    async with client(Faults(errors=1)) as http:
        answer = await http.post("/invocations")
        assert answer.status_code == 500
        assert "injected" in answer.json()["message"]
        assert (await http.get("/ping")).status_code == 200
        assert (await samples(http))[requests("/invocations", "POST", "5xx")] == 1


async def test_injected_latency_is_part_of_the_measured_latency() -> None:
    async with client(Faults(latency=0.05)) as http:
        await http.post("/invocations")
        assert (await samples(http))["http_request_duration_highr_seconds_sum", frozenset()] >= 0.04
