"""A run's page asks for what can have changed, and says what it could not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modeldeck.domain.failures import Failure, Faulty
from modeldeck.domain.mlflow.runs import Artifact, MetricPoint, Run, RunStatus
from modeldeck.live.run_details import FINISHED_EVERY, HISTORIES_A_ROUND, RunReader
from tests.support.clocks import FakeClock

NAMES = [f"m{number}" for number in range(5)]


class Tracking:
    def __init__(self, status: RunStatus) -> None:
        self.now = Run("r", "r", "e", status, 1.0, None, metrics=dict.fromkeys(NAMES, 1.0))
        self.asked: list[str] = []
        self.failure: Failure | None = None

    async def run(self, run_id: str) -> Run:
        self.asked.append("run")
        return self.now

    async def metric_history(self, run_id: str, metric: str, **_: Any) -> Sequence[MetricPoint]:
        self.asked.append(metric)
        if self.failure is not None:
            raise self.failure
        return (MetricPoint(0, 0.0, 0.0), MetricPoint(1, 1.0, self.now.metrics[metric]))

    async def artifacts(self, run_id: str) -> tuple[Artifact, ...]:
        self.asked.append("artifacts")
        return ()


def bench(status: RunStatus) -> tuple[RunReader, Any, FakeClock]:
    clock, tracking = FakeClock(), Tracking(status)
    backend: Any = tracking
    return RunReader(backend, "r", clock), tracking, clock


async def test_a_run_that_has_ended_is_left_alone_for_a_minute_unless_somebody_asks() -> None:
    reader, tracking, clock = bench(RunStatus.FINISHED)
    details = await reader.read()
    assert sorted(tracking.asked) == sorted(["run", "artifacts", *NAMES])
    assert set(details.history) == set(NAMES)
    tracking.asked.clear()
    assert await reader.read() is details
    assert tracking.asked == []
    await clock.advance(FINISHED_EVERY)
    await reader.read()
    assert "run" in tracking.asked
    assert not {*NAMES} & {*tracking.asked}
    reader.forget()
    await reader.read()
    assert {*NAMES} <= {*tracking.asked}


async def test_a_run_that_goes_on_has_few_histories_read_at_once_and_all_of_them_in_turn() -> None:
    reader, tracking, _ = bench(RunStatus.RUNNING)
    await reader.read()
    tracking.asked.clear()
    await reader.read()
    assert tracking.asked == ["run"]
    tracking.asked.clear()
    seen = set()
    for value in range(2, 8):
        tracking.now = replace(tracking.now, metrics=dict.fromkeys(NAMES, float(value)))
        await reader.read()
        assert len(tracking.asked) == 1 + HISTORIES_A_ROUND
        seen |= {*tracking.asked}
        tracking.asked.clear()
    assert {*NAMES} <= seen
    tracking.now = replace(tracking.now, status=RunStatus.FINISHED)
    details = await reader.read()
    assert {name: points[-1].value for name, points in details.history.items()} == tracking.now.metrics


async def test_a_history_that_cannot_be_had_is_told_and_takes_nothing_else_away() -> None:
    reader, tracking, _ = bench(RunStatus.RUNNING)
    await reader.read()
    tracking.failure = Faulty("it broke")
    tracking.now = replace(tracking.now, metrics=dict.fromkeys(NAMES, 2.0))
    details = await reader.read()
    assert details.missing == Faulty("it broke")
    assert set(details.history) == set(NAMES)
    tracking.failure = None
    assert (await reader.read()).missing is None
