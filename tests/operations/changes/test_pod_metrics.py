"""What each pod measured, as Prometheus answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.profiles.queries import WIDE_WINDOW
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.operations.changes.pod_metrics import pod_outliers
from tests.support.changes import FLEET, KEY, PODS, T, pod
from tests.support.fakes.metrics import FASTAPI, FakeMetrics
from tests.support.fakes.traps import Traps

PODS4 = (*PODS, pod("iris-b-3"), pod("iris-b-4"))
PATTERN = tuple(one.name for one in PODS4)


class PodMetrics(FakeMetrics):
    """Each pod answers 90 of 100 requests within 0.1 s; those of `slow` within 1 s."""

    slow = "iris-b-4"
    warnings: tuple[str, ...] = ()

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append((promql, at))
        if self.failure is not None:
            raise self.failure
        samples: list[Sample] = []
        for name in PATTERN:
            labels = {"namespace": "serving", "pod": name}
            if promql.startswith("count by (__name__"):
                samples += [self._sample({**labels, **exported}) for exported in FASTAPI]
            elif "_bucket" in promql:
                fast, slow = (0.0, 10.0) if name == self.slow else (10.0, 10.0)
                samples += [self._sample({**labels, "le": le}, rate) for le, rate in (("0.1", fast), ("1", slow), ("+Inf", 10.0))]
            elif "5xx" not in promql:
                samples.append(self._sample(labels, 10.0))
        return Vector(tuple(samples), self.warnings)

    @staticmethod
    def _sample(labels: Mapping[str, str], value: float = 1.0) -> Sample:
        return Sample(labels, T, value)


@pytest.fixture
def metrics() -> PodMetrics:
    return PodMetrics(Traps())


async def found(metrics: PodMetrics | None, moment: float = T, now: float = T + 9000) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    events, told = await pod_outliers(KEY, replace(FLEET, pods=PODS4), PODS4, metrics, moment, now)
    return [(event.subject, event.what) for event in events], told


async def test_the_slow_one(metrics: PodMetrics) -> None:
    assert await found(metrics) == ([("pod iris-b-4", "p99 991 ms, its 3 siblings 99 ms")], ())
    queries = [promql for promql, _ in metrics.asked if not promql.startswith("count by (__name__")]
    assert len(queries) == 3
    assert all("by (namespace, pod" in promql and 'namespace="serving"' in promql for promql in queries)


async def test_it_is_measured_in_the_minutes_after_the_moment_but_not_in_the_future(metrics: PodMetrics) -> None:
    await found(metrics)
    await found(metrics, now=T + 10)
    assert {at for _, at in metrics.asked} == {T + WIDE_WINDOW, T + 10}


async def test_partial_answers_are_told(metrics: PodMetrics) -> None:
    metrics.warnings = ("a store is away",)
    assert (await found(metrics))[1] == ("pods that differ from their siblings: a store is away",)


async def test_what_cannot_be_asked_is_told(metrics: PodMetrics) -> None:
    metrics.failure = Unreachable("connection refused", backend="Prometheus")
    assert await found(metrics) == ([], ("pods that differ from their siblings: Prometheus: connection refused",))
    assert (await found(None))[1] == ("pods that differ from their siblings: no Prometheus is configured",)


async def test_of_few_pods_nothing_is_asked(metrics: PodMetrics) -> None:
    assert await pod_outliers(KEY, FLEET, PODS, metrics, T, T) == ((), ())
    assert metrics.asked == []
