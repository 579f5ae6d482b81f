"""The mark comes off last, once everything that its operation announced is off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, TimedOut, Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, history_of, mark_of, mark_text
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps.release import Release
from tests.operations.conftest import Bench
from tests.operations.execution.test_takeover_giving_up import annotate


async def at_work(bench: Bench, *, releases: int = 1) -> Execution:
    """At the first release of a promotion that is through with everything else, and has announced its alias."""
    plan = await bench.good_plan("2")
    release = next(step for step in plan.steps if step.name is StepName.RELEASE)
    steps = (*(step for step in plan.steps if step is not release), *([release] * releases))
    plan = replace(plan, steps=steps)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event())
    run.index = len(steps) - releases
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    annotate(bench, OPERATION, mark_text(OperationAnnotation(plan.id)))
    bench.fake.registry.tags["iris"] = {moving_tag("champion", plan.id): "{}"}
    run.announced.add(("iris", "champion"))
    bench.fake.traps.calls.clear()
    return run


def changes(bench: Bench) -> list[str]:
    return [call for call in bench.fake.traps.calls if call in ("untag_model", "patch_deployment")]


async def test_the_announcement_goes_first_and_then_the_mark(bench: Bench) -> None:
    """While the mark stands, whoever finds it can do what is left."""
    run = await at_work(bench)
    assert await Release().do(run) == "the mark is off"
    assert changes(bench) == ["untag_model", "patch_deployment"]
    assert mark_of(bench.fake.annotations()) is None
    assert [(past.id, past.outcome) for past in history_of(bench.fake.annotations())] == [(run.plan.id, Outcome.DONE)]
    assert run.now.log[-1].message == "take the mark off deployment serving/iris"


async def test_the_mark_stays_while_the_announcement_does(bench: Bench) -> None:
    run = await at_work(bench)
    bench.fake.traps.fail("untag_model", Unreachable("refused", backend="MLflow"), times=10**6)
    with pytest.raises(Unreachable, match="still announced as moving"):
        await Release().do(run)
    assert mark_of(bench.fake.annotations()) is not None


async def test_of_several_the_last_withdraws_it(bench: Bench) -> None:
    run = await at_work(bench, releases=2)
    assert await Release().do(run) == "the mark is off"
    assert changes(bench) == ["patch_deployment"]
    assert bench.fake.registry.tags["iris"] != {}
    run.index += 1
    assert await Release().do(run) == "the mark is off"
    assert changes(bench) == ["patch_deployment", "untag_model"], "the history has it already"
    assert bench.fake.registry.tags["iris"] == {}


async def test_where_the_answer_is_lost_it_is_looked_at(bench: Bench) -> None:
    run = await at_work(bench)
    bench.fake.traps.fail("patch_deployment", TimedOut("no answer", backend="Kubernetes"), late=True)
    assert await Release().do(run) == "the mark is off"
    assert changes(bench).count("patch_deployment") == 1


async def test_a_deployment_that_keeps_changing_is_told_as_such(bench: Bench) -> None:
    run = await at_work(bench)
    bench.fake.traps.fail("patch_deployment", Conflict("modified", backend="Kubernetes"), times=99)
    with pytest.raises(Conflict, match="the deployment kept changing under the patch"):
        await Release().do(run)


async def test_there_is_nothing_to_undo(bench: Bench) -> None:
    run = await at_work(bench)
    assert await Release().undo(run) == "nothing to undo"
    assert bench.fake.traps.calls == []
