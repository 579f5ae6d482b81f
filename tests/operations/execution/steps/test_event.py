"""The Event on the Deployment: one sentence for people who know nothing of modeldeck, written once however often it is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Failure, Forbidden, NotFound, TimedOut
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps.event import WriteEvent, story, write_event
from tests.operations.conftest import Bench
from tests.operations.execution.steps.test_done import run_of

LOST = TimedOut("no answer", backend="Kubernetes")


async def at_work(bench: Bench) -> Execution:
    return await run_of(bench, StepName.WRITE_EVENT)


def rolling_back(execution: Execution) -> None:
    execution.plan = replace(execution.plan, intent=replace(execution.plan.intent, kind=Kind.ROLLBACK))


async def test_a_promotion_says_so(bench: Bench) -> None:
    run = await at_work(bench)
    assert await WriteEvent().do(run) == "event Promoted written"
    assert bench.fake.cluster.events == [("serving/iris", "Promoted", f"iris promoted from 1 to 2 by ann@box: better ({run.plan.id})")]
    assert bench.fake.cluster.event_keys == {f"{run.plan.id} Promoted"}
    assert run.now.log[-1].message == "write event Promoted on deployment serving/iris"


async def test_a_roll_back_says_so(bench: Bench) -> None:
    run = await at_work(bench)
    rolling_back(run)
    assert await WriteEvent().do(run) == "event RolledBack written"
    ((_, reason, message),) = bench.fake.cluster.events
    assert (reason, message) == ("RolledBack", f"iris rolled back from 1 to 2 by ann@box: better ({run.plan.id})")


async def test_what_is_not_known_is_left_out(bench: Bench) -> None:
    run = await at_work(bench)
    first = replace(run.target, from_version=None)
    run.plan = replace(run.plan, targets=(first,), intent=replace(run.plan.intent, reason=""))
    assert story(run) == f"iris promoted from nothing to 2 by ann@box ({run.plan.id})"


@pytest.mark.parametrize("late", [True, False])
async def test_it_is_sent_until_it_is_answered_and_there_once(bench: Bench, late: bool) -> None:
    bench.fake.traps.fail("write_event", LOST, late=late, times=3)
    await write_event(await at_work(bench), "Promoted", "told")
    assert bench.fake.traps.calls.count("write_event") == 4
    assert len(bench.fake.cluster.events) == 1


@pytest.mark.parametrize("failure", [Forbidden("not you", backend="Kubernetes"), NotFound("no events", backend="Kubernetes")])
async def test_where_events_may_not_be_written_it_is_not_asked_twice(bench: Bench, failure: Failure) -> None:
    """Nobody promised, when it was planned, that they may."""
    run = await at_work(bench)
    bench.fake.traps.fail("write_event", failure, times=99)
    with pytest.raises(type(failure)):
        await write_event(run, "Promoted", "told")
    assert bench.fake.traps.calls.count("write_event") == 1


@pytest.mark.parametrize("warning", [True, False])
async def test_a_warning_is_one(bench: Bench, warning: bool) -> None:
    run, said = await at_work(bench), list[bool]()

    async def write(deployment: object, *, key: str, reason: str, message: str, warning: bool) -> None:
        said.append(warning)

    bench.fake.cluster.write_event = write  # type: ignore[assignment]
    await (write_event(run, "Undone", "told", warning=True) if warning else write_event(run, "Promoted", "told"))
    assert said == [warning]


async def test_what_was_told_stays(bench: Bench) -> None:
    run = await at_work(bench)
    bench.fake.traps.calls.clear()
    assert await WriteEvent().undo(run) == "events are evidence and stay"
    assert bench.fake.traps.calls == []
