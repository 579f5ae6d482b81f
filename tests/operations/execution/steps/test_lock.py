"""The lock comes first, and with the last of an operation's Deployments the announcements of the aliases that move."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict
from modeldeck.domain.mlflow.announcements import Announcement, announcement_text, moving_tag
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.lock import Locked, Locks
from modeldeck.operations.execution.steps.lock import TakeLock
from tests.operations.conftest import Bench
from tests.operations.execution.steps.test_done import run_of

OTHER = "20260101-000000-0001"


async def at_work(bench: Bench) -> Execution:
    run = await run_of(bench, StepName.LOCK)
    run.locks = Locks(bench.fake.cluster, bench.fake.clock, "me")
    return run


async def of_two(bench: Bench) -> Execution:
    """Whose plan locks two Deployments, one after the other."""
    bench.fake.cluster.add("serving", "wine", [{"name": "server", "image": "a", "env": []}])
    plan = await bench.good_plan("2")
    lock = plan.steps[0]
    assert lock.name is StepName.LOCK
    second = replace(plan.last, deployment="wine")
    steps = (lock, replace(lock, target=1), *plan.steps[1:])
    plan = replace(plan, targets=(plan.last, second), steps=steps)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event())
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    run.locks = Locks(bench.fake.cluster, bench.fake.clock, "me")
    return run


def tags(bench: Bench) -> dict[str, str]:
    return bench.fake.registry.tags.get("iris", {})


async def test_the_lease_is_taken_and_the_alias_announced(bench: Bench) -> None:
    run = await at_work(bench)
    assert await TakeLock().do(run) == "locked; alias champion of iris announced"
    lease = bench.fake.cluster.leases["serving/modeldeck-iris"]
    assert lease.holder == "me"
    assert set(tags(bench)) == {moving_tag("champion", run.plan.id)}
    assert [said.message for said in run.now.log] == [
        "lock deployment serving/iris",
        f"announce that alias champion of iris moves: tag {moving_tag('champion', run.plan.id)}",
    ]
    assert run.step.requests == 2, "written down before they leave"


async def test_without_a_cluster_there_is_nothing_to_lock(bench: Bench) -> None:
    run = await run_of(bench, StepName.LOCK)
    assert run.locks is None
    assert await TakeLock().do(run) == "no cluster to lock in; alias champion of iris announced"
    assert "lock deployment serving/iris" not in [said.message for said in run.now.log]


async def test_where_no_alias_moves_nothing_is_announced(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "2"
    assert await TakeLock().do(await at_work(bench)) == "locked"
    assert tags(bench) == {}


async def test_the_announcement_comes_with_the_last_lock(bench: Bench) -> None:
    run = await of_two(bench)
    assert await TakeLock().do(run) == "locked"
    assert tags(bench) == {}
    run.index = 1
    assert await TakeLock().do(run) == "locked; alias champion of iris announced"
    assert set(bench.fake.cluster.leases) == {"serving/modeldeck-iris", "serving/modeldeck-wine"}
    assert tags(bench).keys() == {moving_tag("champion", run.plan.id)}


async def test_whose_lock_is_anothers_announces_nothing(bench: Bench) -> None:
    other, run = Locks(bench.fake.cluster, bench.fake.clock, "another"), await at_work(bench)
    await other.acquire(replace(run.plan, id=OTHER), run.target, lambda message: None)
    with pytest.raises(Locked):
        await TakeLock().do(run)
    assert tags(bench) == {}


async def test_of_an_alias_that_another_moves_there_is_a_conflict(bench: Bench) -> None:
    """The lock is held nevertheless: the operation gives it back as it ends."""
    run = await at_work(bench)
    bench.fake.registry.tags["iris"] = {moving_tag("champion", OTHER): announcement_text(Announcement(OTHER, "elsewhere/iris", "uid"))}
    with pytest.raises(Conflict, match=f"operation {OTHER} of somebody is in the midst of moving alias champion of iris"):
        await TakeLock().do(run)
    assert set(tags(bench)) == {moving_tag("champion", OTHER)}
    assert bench.fake.cluster.leases["serving/modeldeck-iris"].holder == "me"


async def test_it_is_given_back_at_the_end(bench: Bench) -> None:
    run = await at_work(bench)
    bench.fake.traps.calls.clear()
    assert await TakeLock().undo(run) == "given back at the end"
    assert bench.fake.traps.calls == []
