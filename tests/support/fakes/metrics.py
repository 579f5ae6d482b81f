"""Metrics in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modeldeck.domain.failures import Failure
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from tests.support.fakes.traps import Traps

FASTAPI = (
    {"__name__": "http_request_duration_highr_seconds_bucket"},
    {"__name__": "http_requests_total", "status": "2xx"},
)


class FakeMetrics:
    """`answer` gives a query's one value; None: no series."""

    def __init__(self, traps: Traps) -> None:
        self.traps = traps
        self.answer: Callable[[str], float | None] = lambda promql: None
        self.asked: list[tuple[str, float | None]] = []
        self.failure: Failure | None = None
        self.scope = SeriesScope()
        self.exports: tuple[Mapping[str, str], ...] = FASTAPI
        """What every pod is found to export."""

    async def ping(self) -> str:
        return "3.0"

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append((promql, at))
        if self.failure is not None:
            raise self.failure
        if promql.startswith("count by (__name__"):
            self.traps.enter("exports")
            return Vector(tuple(Sample({"namespace": "serving", "pod": "a-pod", **labels}, at or 0.0, 1.0) for labels in self.exports))
        value = self.answer(promql)
        return Vector(() if value is None else (Sample({}, at or 0.0, value),))

    async def samples(self, selector: str, *, seconds: int, at: float) -> Matrix:
        self.asked.append((selector, at))
        if self.failure is not None:
            raise self.failure
        value = self.answer(selector)
        points = ((at - seconds, 0.0), (at, value or 0.0))
        return Matrix(() if value is None else (Series({"pod": "a-pod"}, points),))

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        return Matrix(())

    async def metric_names(self) -> frozenset[str]:
        self.traps.enter("metric_names")
        return frozenset({"http_request_duration_highr_seconds_bucket", "http_requests_total"})
