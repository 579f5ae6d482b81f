"""How an operation that another process took over ended there, of what each of its Deployments tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, note_text
from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.takeover import _at_work, _joined
from tests.operations.conftest import Bench

DONE, UNDONE, OPEN = Outcome.DONE, Outcome.UNDONE, Outcome.NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ({DONE}, DONE),
        ({DONE, None}, None),
        ({UNDONE}, UNDONE),
        ({UNDONE, None}, UNDONE),
        ({DONE, UNDONE}, None),
        ({OPEN}, None),
        ({OPEN, UNDONE}, None),
        ({None}, None),
        (set[Outcome | None](), None),
    ],
)
def test_all_tell_that_it_was_finished_and_those_it_came_to_that_it_was_taken_back(ends: set[Outcome | None], end: Outcome | None) -> None:
    assert _joined(ends) is end


async def test_a_process_is_at_work_as_long_as_its_lease_is_seen_to_change(bench: Bench) -> None:
    """Its times are of another machine's clock."""
    fake, watched = bench.fake, dict[str, tuple[Lease, float]]()
    plan = await bench.good_plan("2")
    run = Execution(plan, fake.clients, bench.journal, fake.clock, lambda operation: None, asyncio.Event())

    async def at_work() -> bool:
        return await _at_work(run, plan.last, watched)

    assert not await at_work(), "there is no lease"
    note = {LOCK: note_text(LockNote(plan.id, "bob"))}
    await fake.cluster.write_lease(Lease("serving", "modeldeck-iris", "other", renewed_at=0.0, annotations=note))
    key, held = next(iter(fake.cluster.leases.items()))
    assert await at_work()
    bench.clock.at += 15.0
    assert await at_work()
    bench.clock.at += 0.5
    assert not await at_work(), "it has not changed for as long as it holds"
    fake.cluster.leases[key] = replace(held, resource_version="new")
    assert await at_work()
    fake.cluster.leases[key] = replace(held, holder="", resource_version="newer")
    assert not await at_work()
    others = {LOCK: note_text(LockNote("another", "bob"))}
    fake.cluster.leases[key] = replace(held, annotations=others, resource_version="newest")
    assert not await at_work()
