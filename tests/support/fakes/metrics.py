"""Metrics in memory."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.fakes.traps import Traps
from tui.domain.failures import Failure
from tui.domain.metrics import Matrix, Sample, Vector


class FakeMetrics:
    """`answer` gives a query's one value; None: no series."""

    def __init__(self, traps: Traps) -> None:
        self.traps = traps
        self.answer: Callable[[str], float | None] = lambda promql: None
        self.asked: list[tuple[str, float | None]] = []
        self.failure: Failure | None = None

    async def ping(self) -> str:
        return "3.0"

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append((promql, at))
        if self.failure is not None:
            raise self.failure
        value = self.answer(promql)
        return Vector(() if value is None else (Sample({}, at or 0.0, value),))

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        return Matrix(())

    async def metric_names(self) -> frozenset[str]:
        self.traps.enter("metric_names")
        return frozenset({"http_request_duration_highr_seconds_bucket", "http_requests_total"})
