"""What an undo says: which step could not be taken back and what to type instead, and what stands where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Failure, Forbidden, Rejected, TimedOut, Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, mark_text
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution, OpenEnd
from modeldeck.operations.execution.lock import LockLost, Locks
from modeldeck.operations.execution.undo import finish_by_hand, let_go, undo
from tests.operations.conftest import Bench
from tests.operations.planning.test_multi_deployment import INTENT, container, planned
from tests.support.plans import with_target

DENIED = Forbidden("role was taken away", backend="Kubernetes", hint="ask for it")


def state_of(operation: Operation, name: StepName) -> tuple[StepState, str]:
    return next((step.state, step.message) for step in operation.steps if step.name is name)


def log(operation: Operation) -> list[str]:
    return [one.message for one in operation.log]


async def run_of(bench: Bench, name: StepName, kind: Kind = Kind.PROMOTE) -> Execution:
    plan = await bench.good_plan("2", kind=kind)
    index = next(index for index, step in enumerate(plan.steps) if step.name is name)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event(), index=index)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return run


@pytest.mark.parametrize(
    ("name", "undoing", "message"),
    [
        (StepName.MOVE_ALIAS, True, "set_registered_model_alias('iris', 'champion', '1')"),
        (StepName.MOVE_ALIAS, False, "set_registered_model_alias('iris', 'champion', '2')"),
        (StepName.RELEASE, False, "kubectl -n serving annotate deployment iris modeldeck.dev/operation-"),
        (StepName.MARK, True, "kubectl -n serving annotate deployment iris modeldeck.dev/operation-"),
        (StepName.VERIFY, False, "modeldeck status serving/iris"),
        (StepName.PATCH_TEMPLATE, True, "modeldeck rollback serving/iris --to 1"),
        (StepName.RESTART, True, "modeldeck rollback serving/iris --to 1"),
    ],
)
async def test_what_a_person_types_instead(bench: Bench, name: StepName, undoing: bool, message: str) -> None:
    run = await run_of(bench, StepName.LOCK)
    run.undoing = undoing
    assert message in finish_by_hand(run, name)


async def test_where_nothing_served_before_the_deployments_own_history_is_looked_at(bench: Bench) -> None:
    run = await run_of(bench, StepName.LOCK)
    run.plan = with_target(run.plan, from_version=None)
    assert finish_by_hand(run, StepName.PATCH_TEMPLATE) == "kubectl -n serving rollout history deployment iris"


async def test_a_template_that_cannot_be_put_back(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    bench.fake.traps.fail("patch_deployment", DENIED, skip=1, times=99)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert state_of(ended, StepName.PATCH_TEMPLATE) == (StepState.UNDO_FAILED, "Kubernetes: role was taken away")
    assert ended.message.startswith("await rollout failed: Kubernetes: pod iris-")
    assert ended.message.endswith(
        "; the undo is not complete: patch template could not be taken back (Kubernetes: role was taken away)"
        ". Now: the template says models:/iris/2; alias champion points at 1"
    )
    assert ended.next_commands == ("modeldeck rollback serving/iris --to 1",)
    ((_, reason, message),) = bench.fake.cluster.events
    assert reason == "PromotionNeedsAttention"
    assert message.startswith("not taken back whole: iris promoted from 1 to 2 by ann@box: better (")
    assert len(message) <= 1000


async def test_all_that_is_taken_back_is_told(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE
    assert ended.message.endswith("; everything was taken back")
    ((_, reason, message),) = bench.fake.cluster.events
    assert (reason, message.startswith("taken back: iris promoted from 1 to 2")) == ("PromotionUndone", True)
    assert state_of(ended, StepName.PATCH_TEMPLATE) == (StepState.UNDONE, 'deployment "iris" successfully rolled out')
    assert state_of(ended, StepName.MOVE_ALIAS)[0] is StepState.PLANNED, "it was never come to"
    assert bench.fake.registry.tags["iris"] == {}


async def test_a_roll_back_that_is_taken_back_says_that_it_was_one(bench: Bench) -> None:
    await bench.promote("2")
    bench.fake.cluster.broken.add("models:/iris/1")
    ended = await bench.roll_back()
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert [reason for _, reason, _ in bench.fake.cluster.events] == ["Promoted", "RollbackUndone"]
    assert all(len(message) <= 1000 for _, _, message in bench.fake.cluster.events)


async def test_long_words_are_cut_in_the_event(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    await bench.promote("2", reason="x" * 500)
    long = bench.fake.cluster.events[-1][2]
    run = await run_of(bench, StepName.PATCH_TEMPLATE)
    run.record("trying", step=run.index)
    run.record("request", step=run.index, message="patch")
    await undo(run, "y" * 3000)
    assert len(long) < len(bench.fake.cluster.events[-1][2]) == 1000


async def test_an_event_that_cannot_be_written_is_only_said(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    bench.fake.traps.fail("write_event", Forbidden("no events", backend="Kubernetes"), times=9)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE
    assert "no event could be written: Kubernetes: no events" in log(ended)


async def test_what_stays_announced_after_an_undo_is_trouble_with_what_to_type(bench: Bench) -> None:
    """And the mark stays with it, so that whoever finds it can do what is left."""
    bench.fake.cluster.broken.add("models:/iris/2")
    bench.fake.traps.fail("untag_model", Rejected("not now", backend="MLflow", hint="later"), times=999)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "the undo is not complete: MLflow: not now (later)" in ended.message
    assert set(bench.fake.registry.tags["iris"]) == {moving_tag("champion", ended.id)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("deployment", "Now: the template cannot be read (Kubernetes: role was taken away); alias champion points at 1"),
        ("version_of_alias", "Now: the template says models:/iris/2; alias champion cannot be read (Kubernetes: role was taken away)"),
    ],
)
async def test_what_cannot_be_read_at_the_end_is_said(bench: Bench, call: str, message: str) -> None:
    run = await run_of(bench, StepName.PATCH_TEMPLATE)
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/2")
    run.open_ends.append(OpenEnd("something"))
    bench.fake.traps.fail(call, DENIED, times=999)
    ended = await undo(run, "cancelled")
    assert ended.message == f"cancelled; the undo is not complete: something. {message}"


async def test_a_registry_that_is_not_there_and_a_template_without_a_version(bench: Bench) -> None:
    run = await run_of(bench, StepName.PATCH_TEMPLATE)
    run.clients = replace(run.clients, registry=None)
    run.open_ends.append(OpenEnd("something"))
    run.announced.clear()
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "")
    bench.fake.registry.aliases["iris"].pop("champion")
    assert (await undo(run, "cancelled")).message.endswith("Now: the template names no version; alias champion is not known")
    run.clients = bench.fake.clients
    assert (await undo(run, "cancelled")).message.endswith("alias champion points at nothing")


async def test_of_several_deployments_each_is_told_of(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "staging", container("models:/iris/1"))
    plan = await planned(bench, INTENT)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event())
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    run.open_ends.append(OpenEnd("something"))
    ended = await undo(run, "cancelled")
    now = ended.message.partition(" Now: ")[2]
    assert sorted(now.split("; ")) == [
        "alias champion points at 1",
        "alias champion points at 1",
        "serving/iris: the template says models:/iris/1",
        "serving/staging: the template says models:/iris/1",
    ]


async def test_a_lock_that_cannot_be_given_back_ends_by_itself(bench: Bench) -> None:
    run = await run_of(bench, StepName.LOCK)
    await let_go(run)
    assert log(run.now) == []
    run.locks = Locks(bench.fake.cluster, bench.fake.clock)
    await run.locks.acquire(run.plan, run.target, run.say)
    bench.fake.traps.fail("lease", Unreachable("refused", backend="Kubernetes"), times=999)
    await let_go(run)
    assert log(run.now) == ["the lock could not be given back and ends by itself: Kubernetes: refused"]


@pytest.mark.parametrize("step", [StepName.MOVE_ALIAS, StepName.PATCH_TEMPLATE])
async def test_a_way_back_whose_lock_is_lost_goes_no_further(bench: Bench, step: StepName) -> None:
    run = await run_of(bench, step)
    run.record("trying", step=run.index)
    run.record("request", step=run.index, message="x")
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/2")
    mark = mark_text(OperationAnnotation(run.plan.id))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({OPERATION: mark}))
    run.locks = Locks(bench.fake.cluster, bench.fake.clock)
    run.locks.lost = LockLost("taken over by bob")
    run.announced.add(("iris", "champion"))
    calls = len(bench.fake.traps.calls)
    ended = await undo(run, "cancelled")
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "taken over by bob; whoever has the lock now goes on with it, or takes it back" in ended.message
    assert not {"patch_deployment", "set_alias", "untag_model", "write_event"} & set(bench.fake.traps.calls[calls:])


@pytest.mark.parametrize("failure", [TimedOut("no answer", backend="Kubernetes"), Conflict("modified", backend="Kubernetes")])
@pytest.mark.parametrize("times", [5, 6])
async def test_the_way_back_of_a_template_is_tried_six_times(bench: Bench, failure: Failure, times: int) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    bench.fake.traps.fail("patch_deployment", failure, skip=1, times=times)
    ended = await bench.promote("2")
    if times == 5:
        assert ended.outcome is Outcome.UNDONE, ended.message
        return
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    message = "the deployment kept changing under the undo" if isinstance(failure, Conflict) else "no answer"
    assert state_of(ended, StepName.PATCH_TEMPLATE) == (StepState.UNDO_FAILED, f"Kubernetes: {message}")


async def test_a_patch_of_which_nothing_stands_is_fenced_off(bench: Bench) -> None:
    """It may still be on its way: what moves the resourceVersion keeps it from landing."""
    bench.fake.traps.fail("patch_deployment", TimedOut("no answer", backend="Kubernetes"), times=6)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert state_of(ended, StepName.PATCH_TEMPLATE) == (StepState.UNDONE, "it never took effect")
    assert "note the end of the operation on deployment serving/iris" in log(ended)
    assert bench.fake.traps.calls.count("patch_deployment") == 7
    assert OPERATION not in bench.fake.annotations()


async def test_a_fence_that_cannot_be_set_is_only_said(bench: Bench) -> None:
    bench.fake.traps.fail("patch_deployment", DENIED, times=999)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert "the end could not be noted on the deployment: Kubernetes: role was taken away" in log(ended)
    assert bench.fake.env() == "models:/iris/1"


async def test_the_alias_that_never_moved_is_told_as_such(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    bench.fake.traps.fail("set_alias", Rejected("no such alias name", backend="MLflow"), times=99)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert state_of(ended, StepName.MOVE_ALIAS) == (StepState.UNDONE, "the alias never moved")
    assert state_of(ended, StepName.MARK) == (StepState.UNDONE, "the mark is taken off")


async def test_an_alias_that_has_moved_is_moved_back(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    bench.fake.traps.before("pods_of", bench.cancel.set, skip=1)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert state_of(ended, StepName.MOVE_ALIAS) == (StepState.UNDONE, "2 → 1")
    assert "alias champion of iris: 2 → 1" in log(ended)
