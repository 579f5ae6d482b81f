"""The row after everything: what contradicts it, for how long it is given time to settle, and what is said of what pods state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps.stated import Statements
from tests.operations.conftest import Bench
from tests.operations.execution.test_execute import speaking, verified


def took(operation: Operation) -> float:
    (step,) = [step for step in operation.steps if step.name is StepName.VERIFY]
    assert step.started_at is not None
    assert step.finished_at is not None
    return step.finished_at - step.started_at


async def contradicted(bench: Bench, change: Callable[[], object]) -> Operation:
    """Somebody does that right after everything was done."""

    def contradict() -> None:
        change()

    bench.fake.traps.before("write_event", contradict)
    return await bench.promote("2")


async def test_an_alias_that_is_moved_at_once(bench: Bench) -> None:
    ended = await contradicted(bench, lambda: bench.fake.registry.aliases["iris"].update(champion="3"))
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert ended.message.startswith(
        "iris promoted: 1 → 2, but verify: alias champion points at 3 (somebody may have changed it again at once"
    )
    assert ended.next_commands == ("modeldeck status serving/iris",)
    assert 9.6 <= took(ended) <= 10.4, "it is given time to settle"


async def test_a_template_that_is_changed_at_once(bench: Bench) -> None:
    ended = await contradicted(bench, lambda: bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3"))
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "the template names version 3, as somebody (field manager kubectl-set) has written it; " in ended.message
    assert "2 pods serve version 3" in ended.message


async def test_pods_that_break_at_once(bench: Bench) -> None:
    ended = await contradicted(bench, lambda: bench.fake.cluster.broken.add("models:/iris/2"))
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "but verify: no pod is ready (" in ended.message


async def test_a_deployment_that_is_gone_at_once(bench: Bench) -> None:
    made = await bench.good_plan("2")
    cluster = bench.fake.cluster

    def delete() -> None:
        for kept in (cluster.deployments, cluster.sets, cluster.pods):
            kept.clear()

    bench.fake.traps.before("fleet", delete)
    ended = await bench.run(made)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "verify: the deployment is gone" in ended.message


async def test_what_settles_in_time_agrees(bench: Bench) -> None:
    moved: list[float] = []

    def change() -> None:
        bench.fake.registry.aliases["iris"]["champion"] = "3"
        moved.append(bench.fake.clock.monotonic())
        bench.fake.clock.on_sleep.append(back)

    def back() -> None:
        if bench.fake.clock.monotonic() - moved[0] > 8.0:
            bench.fake.registry.aliases["iris"]["champion"] = "2"

    bench.fake.traps.before("write_event", change)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.DONE, ended.message
    assert 8.0 <= took(ended) <= 9.0


async def test_a_registry_that_is_away_contradicts_nothing(bench: Bench) -> None:
    bench.fake.traps.before("write_event", lambda: bench.fake.traps.fail("registry", Unreachable("refused"), times=10**6))
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.DONE, ended.message
    assert 1.0 <= took(ended) <= 2.0, "it is not waited for long"


async def test_another_deployments_pods_are_none_of_it(bench: Bench) -> None:
    env = [{"name": "A", "value": "b"}, {"name": "MODEL_URI", "value": "models:/iris/1"}]
    bench.fake.cluster.add("serving", "other", [{"name": "server", "image": "s:1", "env": env}])
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.DONE, ended.message


async def test_one_of_two_that_does_not_state_its_version_is_counted(bench: Bench) -> None:
    stating: list[str] = []

    def says(uri: str) -> str | None:
        stating.append(uri)
        return "2" if uri.endswith("2") and len(stating) % 2 else None

    ended = await speaking(bench, says)
    assert ended.outcome is Outcome.DONE, ended.message
    assert verified(ended) == "iris 2: alias and template agree, but 1 of 2 pods have not stated what they serve in 90 s"
    assert 90.0 <= took(ended) <= 94.0


async def test_pods_that_never_stated_it_are_not_waited_for_at_all(bench: Bench) -> None:
    ended = await speaking(bench, lambda uri: None)
    assert verified(ended) == "iris 2: alias and template agree, and so do the pods by their templates; they state no version"
    assert took(ended) < 1.0


async def test_pods_that_contradict_the_template_are_believed_at_once_and_told_after_ten_seconds(bench: Bench) -> None:
    ended = await speaking(bench, lambda uri: "1")
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "2 pods serve version 1" in ended.message
    assert 9.6 <= took(ended) <= 10.4


async def statements(bench: Bench) -> tuple[Statements, Fleet]:
    plan = await bench.good_plan("2")
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event(), index=1)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return Statements(run), await bench.fake.cluster.fleet(("serving",))


async def test_without_anybody_to_ask_nothing_is_known(bench: Bench) -> None:
    asked, fleet = await statements(bench)
    found = await asked.now(fleet)
    assert (dict(found.by_pod), found.expected, found.failure) == ({}, False, "no Prometheus is configured")


async def test_what_prometheus_does_not_answer_is_not_known_and_asked_again(bench: Bench) -> None:
    bench.fake.measured = True
    asked, fleet = await statements(bench)
    bench.fake.traps.fail("metric_names", Unreachable("refused", backend="Prometheus"), times=1)
    assert (await asked.now(fleet)).failure == "Prometheus: refused"
    assert (await asked.now(fleet)).failure == ""
    names = bench.fake.traps.calls.count("metric_names")
    await asked.now(fleet)
    assert bench.fake.traps.calls.count("metric_names") == names, "what cannot change is asked once"


async def test_a_prometheus_that_hangs_is_told_as_such(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fake.measured = True
    asked, fleet = await statements(bench)
    monkeypatch.setattr("modeldeck.operations.execution.steps.stated._ANSWER_TIMEOUT", 0.0)

    async def hangs() -> Any:
        await asyncio.Event().wait()

    bench.fake.metrics.metric_names = hangs  # type: ignore[method-assign]
    found = await asked.now(fleet)
    assert (found.failure, found.expected) == ("Prometheus has not answered in 0 s", False)


async def test_why_it_is_not_known_is_said(bench: Bench) -> None:
    bench.fake.measured = True
    bench.fake.traps.before("write_event", lambda: bench.fake.traps.fail("metric_names", Unreachable("gone"), times=10**6))
    ended = await bench.promote("2", ungated=True)
    assert ended.outcome is Outcome.DONE
    assert verified(ended).endswith("by their templates; what they state is not known: gone")
    assert next(step.state for step in ended.steps if step.name is StepName.VERIFY) is StepState.DONE
