"""A process that has lost its lock: it sends nothing any more, looks how the other one ends, and writes that down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, note_text
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.lock import LockLost
from modeldeck.operations.execution.takeover import give_up
from tests.operations.conftest import Bench

LOST = LockLost("the lock was taken over: locked by bob", backend="Kubernetes")
CHANGING = {"patch_deployment", "set_alias", "delete_alias", "tag_version", "write_event", "write_lease"}


async def begun(bench: Bench, *, touched: bool = True) -> Execution:
    """At its second step."""
    plan = await bench.good_plan("2")
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event(), index=1)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    run.record("request", step=0, message="lock")
    run.record("trying", step=1)
    if touched:
        run.record("request", step=1, message="patch")
        annotate(bench, OPERATION, mark_text(OperationAnnotation(plan.id)))
    bench.fake.traps.calls.clear()
    return run


def annotate(bench: Bench, name: str, text: str | None) -> None:
    def change(raw: dict[str, dict[str, dict[str, str]]]) -> None:
        if text is None:
            raw["metadata"]["annotations"].pop(name, None)
        else:
            raw["metadata"]["annotations"][name] = text

    bench.fake.cluster.edit("serving/iris", change)


def ends_there(bench: Bench, execution: Execution, outcome: Outcome) -> None:
    annotate(bench, OPERATION, None)
    annotate(bench, HISTORY, history_text({}, OperationAnnotation(execution.plan.id, outcome=outcome.value)))


def held(bench: Bench, execution: Execution) -> None:
    """Somebody else goes on with it."""
    note = {LOCK: note_text(LockNote(execution.plan.id, "bob"))}
    bench.fake.cluster.leases["serving/modeldeck-iris"] = Lease(
        "serving", "modeldeck-iris", "other", annotations=note, resource_version="1"
    )


def renewing(bench: Bench, until: Callable[[], bool], then: Callable[[], None]) -> None:
    """The other one renews its lease until then."""

    def renew() -> None:
        key = "serving/modeldeck-iris"
        if until():
            then()
            bench.fake.clock.on_sleep.remove(renew)
        else:
            lease = bench.fake.cluster.leases[key]
            bench.fake.cluster.leases[key] = replace(lease, resource_version=f"{bench.fake.clock.monotonic()}")

    bench.fake.clock.on_sleep.append(renew)


def sends_nothing(bench: Bench) -> bool:
    return not CHANGING & set(bench.fake.traps.calls)


def at_work(operation: Operation) -> str:
    return next(step.message for step in operation.steps if step.name is StepName.PATCH_TEMPLATE)


async def test_one_that_had_changed_nothing_is_over(bench: Bench) -> None:
    run = await begun(bench, touched=False)
    began = bench.fake.clock.monotonic()
    ended = await give_up(run, LOST)
    assert (ended.outcome, ended.message) == (Outcome.UNDONE, f"{LOST}; nothing had been changed yet")
    assert (at_work(ended), bench.fake.clock.monotonic()) == (str(LOST), began)
    assert sends_nothing(bench)


async def test_where_nobody_is_at_work_whoever_has_the_lock_is_to_go_on(bench: Bench) -> None:
    run = await begun(bench)
    began = bench.fake.clock.monotonic()
    ended = await give_up(run, LOST)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert ended.message == f"stopped at patch template: {LOST}; whoever has the lock now goes on with it, or takes it back"
    assert bench.fake.clock.monotonic() == began
    assert sends_nothing(bench)
    assert bench.journal.operation(run.plan.id) == ended


@pytest.mark.parametrize(("outcome", "how"), [(Outcome.DONE, "finished"), (Outcome.UNDONE, "taken back")])
async def test_it_waits_for_the_others_end_and_tells_the_same(bench: Bench, outcome: Outcome, how: str) -> None:
    run = await begun(bench)
    began = bench.fake.clock.monotonic()
    held(bench, run)

    def end() -> None:
        ends_there(bench, run, outcome)
        bench.fake.cluster.leases.clear()

    renewing(bench, lambda: bench.fake.clock.monotonic() - began > 100.0, end)
    ended = await give_up(run, LOST)
    assert (ended.outcome, ended.message) == (outcome, f"{LOST}; it was {how} there, as the deployment's history tells")
    assert 100.0 < bench.fake.clock.monotonic() - began <= 104.0
    assert [said.message for said in ended.log][-1] == f"{LOST}: waiting for how it ends there"
    assert any(one.held_up == f"{LOST}: waiting for how it ends there" for one in bench.seen)
    assert sends_nothing(bench)


async def test_an_end_that_needs_attention_there_needs_it_here(bench: Bench) -> None:
    run = await begun(bench)
    ends_there(bench, run, Outcome.NEEDS_ATTENTION)
    assert (await give_up(run, LOST)).outcome is Outcome.NEEDS_ATTENTION


@pytest.mark.parametrize("other", ["1-before", "another"])
async def test_anothers_end_is_none_of_its_own(bench: Bench, other: str) -> None:
    run = await begun(bench)
    annotate(bench, OPERATION, mark_text(OperationAnnotation(other)))
    annotate(bench, HISTORY, history_text({}, OperationAnnotation(other, outcome="done")))
    assert (await give_up(run, LOST)).outcome is Outcome.NEEDS_ATTENTION
    ours = history_text({}, OperationAnnotation(run.plan.id, outcome="done"))
    annotate(bench, HISTORY, history_text({HISTORY: ours}, OperationAnnotation(other, outcome="undone")))
    assert (await give_up(run, LOST)).outcome is Outcome.DONE


async def test_a_cluster_that_is_away_meanwhile_tells_nothing_yet(bench: Bench) -> None:
    run = await begun(bench)
    ends_there(bench, run, Outcome.DONE)
    bench.fake.traps.fail("lease", Unreachable("refused"), times=5)
    bench.fake.traps.fail("deployment", Unreachable("refused"), times=5)
    began = bench.fake.clock.monotonic()
    assert (await give_up(run, LOST)).outcome is Outcome.DONE
    assert bench.fake.clock.monotonic() - began == 20.0, "ten looks, two seconds apart"


async def test_who_never_comes_to_an_end_is_not_waited_for_for_ever(bench: Bench) -> None:
    run = await begun(bench)
    held(bench, run)
    renewing(bench, lambda: False, lambda: None)
    began = bench.fake.clock.monotonic()
    ended = await give_up(run, LOST)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert bench.fake.clock.monotonic() - began == 1800.0


@pytest.mark.parametrize(
    ("marked", "alias_requests", "unseen", "stays"),
    [(False, 0, False, False), (True, 0, False, True), (False, 1, False, True), (False, 0, True, True)],
    ids=["nothing stands", "its mark stands", "the alias may have moved", "nothing can be seen"],
)
async def test_what_it_announced_is_taken_off_where_nothing_of_it_stands(
    bench: Bench, marked: bool, alias_requests: int, unseen: bool, stays: bool
) -> None:
    """Nobody else would: without a mark nobody finds it."""
    run = await begun(bench)
    tag = moving_tag("champion", run.plan.id)
    bench.fake.registry.tags.setdefault("iris", {})[tag] = "announced"
    run.announced.add(("iris", "champion"))
    if not marked:
        annotate(bench, OPERATION, None)
    moving = next(index for index, step in enumerate(run.plan.steps) if step.name is StepName.MOVE_ALIAS)
    for _ in range(alias_requests):
        run.record("request", step=moving, message="set alias")
    if unseen:
        bench.fake.traps.fail("deployment", Unreachable("refused", backend="Kubernetes"), skip=1, times=10**6)
    ended = await give_up(run, LOST)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert (tag in bench.fake.registry.tags["iris"]) is stays
