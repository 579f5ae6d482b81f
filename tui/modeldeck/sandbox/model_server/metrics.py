"""Prometheus metrics of a model server, under the names that prometheus-fastapi-instrumentator gives them."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics import disable_created_metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LATENCY_BUCKETS = (
    *(0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.075),
    *(0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 30.0),
)
_VALUE_BUCKETS = (
    *(-1000.0, -100.0, -10.0, -5.0, -2.0, -1.0, -0.5, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0),
    *(3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0),
)
_HANDLERS = frozenset({"/invocations", "/version"})
_NOT_COUNTED = frozenset({"/metrics", "/ping", "/health"})  # scrapes and probes would drown the model's own latency


class ModelMetrics:
    """The metrics of one model server, in a registry of their own."""

    def __init__(self, model: str, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the extra _created series doubles the exposition for nothing
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests", "Requests by handler, method and status.", ("handler", "method", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "http_request_duration_highr_seconds", "Latency of requests.", buckets=_LATENCY_BUCKETS, registry=self.registry
        )
        self.predictions = Histogram(
            "model_prediction_value", "Predicted values (a classifier's class index).", buckets=_VALUE_BUCKETS, registry=self.registry
        )
        info = Gauge("model_info", "Which model is served.", ("model", "version"), registry=self.registry)
        info.labels(model, version).set(1)
        for status in ("2xx", "5xx"):  # present from the start: a rate over a series that appears with its first error misses it
            self.requests.labels("/invocations", "POST", status)

    def observe_predictions(self, values: Iterable[float]) -> None:
        """Count predicted values into the histogram."""
        for value in values:
            self.predictions.observe(value)

    def observe_request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        handler = path if path in _HANDLERS else "none"
        self.requests.labels(handler, method, f"{status // 100}xx").inc()
        self.latency.observe(seconds)


class MetricsMiddleware:
    """Answers GET /metrics itself; measures every other request from its first byte to the answer's last."""

    def __init__(self, app: ASGIApp, metrics: ModelMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/metrics":
            await _expose(self._metrics.registry, send)
        elif scope["path"] in _NOT_COUNTED:
            await self._app(scope, receive, send)
        else:
            await self._measured(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 500  # an app that dies without an answer is answered with 500 by the server

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watching)
        finally:
            self._metrics.observe_request(scope["path"], scope["method"], status, time.perf_counter() - started)


async def _expose(registry: CollectorRegistry, send: Send) -> None:
    body = generate_latest(registry)
    headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
