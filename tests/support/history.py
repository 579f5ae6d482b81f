"""A Prometheus in memory with a past of our choosing, asked through the stand-in's own engine: `ports.Metrics` without a server."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from modeldeck.domain.failures import Failure, InvalidQuery
from modeldeck.domain.metrics.samples import Matrix, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.sandbox.prometheus import queries
from modeldeck.sandbox.prometheus.store import SeriesStore
from modeldeck.sources.prometheus import wire

SCRAPE = 15
NOW = 1_800_000_000
LATENCY = ((0.05, 0.5), (0.1, 0.98), (0.25, 1.0), (0.5, 1.0), (1.0, 1.0), (math.inf, 1.0))
"""(bound in seconds, share of the requests up to it): p99 = 0.175 s."""
SLOW = ((0.05, 0.1), (0.1, 0.2), (0.25, 0.5), (0.5, 0.9), (1.0, 1.0), (math.inf, 1.0))


@dataclass
class History:
    """Every pod's samples; `failure` is raised instead of an answer, `warnings` come with each one."""

    store: SeriesStore = field(default_factory=lambda: SeriesStore(retention=1e9))
    failure: Failure | None = None
    failing: Callable[[str], bool] = lambda promql: True
    warnings: tuple[str, ...] = ()
    asked: list[tuple[str, float | None]] = field(default_factory=list)
    scope: SeriesScope = field(default_factory=SeriesScope)

    def scraped(self, pod: str, start: int, end: int, samples: Callable[[int], Mapping[str, float]], *, up: bool = True) -> None:
        """A pod that was scraped from `start` to `end` seconds before NOW. `samples`: its age in seconds → `name{label="x"}` → value."""
        for before in range(start, end - 1, -SCRAPE):
            found = {_key(series, pod): value for series, value in samples(start - before).items()}
            if up:
                found[_key("up", pod)] = 1.0
            self.store.append((NOW - before) * 1000, found.items())

    def fastapi(
        self,
        pod: str,
        *,
        start: int = 900,
        end: int = 0,
        rate: float = 2.0,
        errors: float = 0.0,
        latency: Iterable[tuple[float, float]] = LATENCY,
        predictions: Iterable[tuple[float, float]] = (),
    ) -> None:
        """A server under even traffic. The series of failed requests is there only once something failed."""

        def samples(age: int) -> dict[str, float]:
            total = rate * age
            found = {'http_requests_total{handler="/invocations",status="2xx"}': total * (1 - errors)}
            if errors:
                found['http_requests_total{handler="/invocations",status="5xx"}'] = total * errors
            for bound, share in latency:
                found[f'http_request_duration_highr_seconds_bucket{{le="{_le(bound)}"}}'] = total * share
            for bound, share in predictions:
                found[f'model_prediction_value_bucket{{le="{_le(bound)}"}}'] = total * share
            return found

        self.scraped(pod, start, end, samples)

    async def ping(self) -> str:
        return "3.0"

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append((promql, at))
        if self.failure is not None and self.failing(promql):
            raise self.failure
        try:
            data = queries.instant(self.store, promql, round((NOW if at is None else at) * 1000))
        except queries.QueryError as error:
            raise InvalidQuery(error.message, backend="Prometheus") from None
        body = {"status": "success", "data": data, "warnings": list(self.warnings)}
        return wire.vector_of(json.dumps(body).encode(), "Prometheus")

    async def samples(self, selector: str, *, seconds: int, at: float) -> Matrix:
        promql = f"{selector}[{seconds}s]"
        self.asked.append((promql, at))
        if self.failure is not None and self.failing(promql):
            raise self.failure
        body = {"status": "success", "data": queries.instant(self.store, promql, round(at * 1000)), "warnings": list(self.warnings)}
        return wire.matrix_of(json.dumps(body).encode(), "Prometheus")

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        if self.failure is not None and self.failing(promql):
            raise self.failure
        data = queries.over_time(self.store, promql, round(start * 1000), round(end * 1000), round(step * 1000))
        body = {"status": "success", "data": data, "warnings": list(self.warnings)}
        return wire.matrix_of(json.dumps(body).encode(), "Prometheus")

    async def metric_names(self) -> frozenset[str]:
        if self.failure is not None:
            raise self.failure
        return frozenset(series.labels["__name__"] for series in self.store.everything())


def _le(bound: float) -> str:
    return "+Inf" if bound == math.inf else f"{bound:g}"


def _key(series: str, pod: str) -> tuple[tuple[str, str], ...]:
    name, _, labels = series.partition("{")
    pairs = [pair.partition("=") for pair in labels.rstrip("}").split(",") if pair]
    return tuple(sorted({"__name__": name, "namespace": "serving", "pod": pod, **{key: text.strip('"') for key, _, text in pairs}}.items()))
