"""A plan that takes long says that it waits, and for whom."""

from __future__ import annotations

import asyncio

import pytest

from modeldeck.cli import change
from modeldeck.domain.environments import MlflowTarget
from modeldeck.sources.mlflow.rest import transport_of


async def test_a_slow_plan_is_told_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told = asyncio.Event()
    message: list[str] = []

    def say(text: str) -> None:
        message.append(text)
        told.set()

    monkeypatch.setattr(change, "say", say)
    monkeypatch.setattr(change, "QUIET", 0.0)

    async def plan() -> str:
        await told.wait()
        return "a plan"

    assert await change.told_wait(plan()) == "a plan"
    assert message == ["waiting for MLflow, the cluster or Prometheus to answer …"]


async def test_a_quick_plan_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def plan() -> str:
        return "a plan"

    assert await change.told_wait(plan()) == "a plan"
    assert capsys.readouterr().err == ""


def test_mlflow_may_take_as_long_to_accept_as_to_answer() -> None:
    timeouts = transport_of(MlflowTarget("http://127.0.0.1:1")).timeouts
    assert timeouts.connect == timeouts.read
