"""The lock of an operation against a cluster in memory: taken, renewed in time, watched before it is taken over, and given back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, Forbidden, NotFound, TimedOut
from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, note_of, note_text
from modeldeck.operations.execution.lock import RENEW, Locked, LockLost, Locks
from tests.operations.conftest import Bench
from tests.support.plans import acquire

KEY = ("serving", "modeldeck-iris")
STORED = "/".join(KEY)


def locks(bench: Bench, holder: str = "me") -> Locks:
    return Locks(bench.fake.cluster, bench.fake.clock, holder)


async def lease(bench: Bench) -> Lease | None:
    return await bench.fake.cluster.lease(*KEY)


async def held_by_another(bench: Bench, *, age: float = 0.0, **parts: Any) -> Lease:
    note = LockNote("other-op", "bob@box")
    at = bench.fake.clock.now() - age
    values = {"holder": "other", "acquired_at": at, "renewed_at": at, "annotations": {LOCK: note_text(note)}, **parts}
    return await bench.fake.cluster.write_lease(Lease(*KEY, **values))


async def test_a_free_lock_is_taken_and_says_who_has_it(bench: Bench) -> None:
    plan, mine, said = await bench.good_plan("2"), locks(bench), list[str]()
    mine.step = "patch template"
    assert await mine.acquire(plan, plan.last, said.append) == "locked"
    assert said == []
    (kept,) = mine.held
    note = note_of(kept)
    assert (kept.holder, kept.transitions, kept.owner) == ("me", 0, ("iris", plan.last.fingerprint.deployment_uid))
    assert (note.id, note.actor, note.step, note.from_version, note.to_version) == (plan.id, "ann@box", "patch template", "1", "2")
    assert kept.acquired_at == kept.renewed_at == bench.fake.clock.now()


async def test_who_is_at_work_is_not_disturbed(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    await held_by_another(bench, age=14.0)
    before = bench.fake.clock.now()
    with pytest.raises(Locked, match="locked by bob@box"):
        await locks(bench).acquire(plan, plan.last, lambda message: None)
    assert bench.fake.clock.now() == before


async def test_what_looks_abandoned_is_watched_for_as_long_as_it_holds(bench: Bench) -> None:
    plan, said = await bench.good_plan("2"), list[str]()
    await held_by_another(bench, age=60.0)
    before = bench.fake.clock.monotonic()
    assert await locks(bench).acquire(plan, plan.last, said.append) == "taken over from bob@box, which did not renew it"
    assert bench.fake.clock.monotonic() - before == 15.0
    assert said == ["locked by bob@box (other-op); it looks abandoned: watched for 15 s to be sure"]
    found = await lease(bench)
    assert found is not None
    assert (found.holder, found.transitions) == ("me", 1)


async def test_one_that_is_renewed_meanwhile_is_at_work(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    other = await held_by_another(bench, age=60.0)

    def renewed() -> None:
        bench.fake.clock.on_sleep.clear()
        bench.fake.cluster.leases[STORED] = replace(other, renewed_at=bench.fake.clock.now())

    bench.fake.clock.on_sleep.append(renewed)
    with pytest.raises(Locked):
        await locks(bench).acquire(plan, plan.last, lambda message: None)


async def test_one_that_is_given_back_meanwhile_is_free(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    other = await held_by_another(bench, age=60.0)
    before = bench.fake.clock.monotonic()

    def freed() -> None:
        bench.fake.clock.on_sleep.clear()
        bench.fake.cluster.leases[STORED] = replace(other, holder="")

    bench.fake.clock.on_sleep.append(freed)
    await locks(bench).acquire(plan, plan.last, lambda message: None)
    assert bench.fake.clock.monotonic() - before == 1.0


async def test_one_whose_process_is_said_to_be_gone_is_watched_though_it_looks_live(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    await held_by_another(bench)
    before = bench.fake.clock.monotonic()
    await locks(bench).acquire(plan, plan.last, lambda message: None, again=True)
    assert bench.fake.clock.monotonic() - before == 15.0


async def test_a_lease_that_keeps_changing_is_given_up(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    bench.fake.traps.fail("write_lease", Conflict("moved"), times=6)
    with pytest.raises(Locked, match="kept changing"):
        await locks(bench).acquire(plan, plan.last, lambda message: None)
    bench.fake.traps.clear()
    bench.fake.traps.fail("write_lease", Conflict("moved"), times=5)
    assert await locks(bench).acquire(plan, plan.last, lambda message: None) == "locked"


async def test_a_cluster_that_does_not_answer_is_told_as_such(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    bench.fake.traps.fail("write_lease", TimedOut("no answer"), times=6)
    with pytest.raises(TimedOut):
        await locks(bench).acquire(plan, plan.last, lambda message: None)


async def test_leases_that_may_not_be_used_leave_no_lock(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    bench.fake.traps.fail("lease", Forbidden("not you"), times=99)
    before = bench.fake.clock.monotonic()
    mine = locks(bench)
    message = await mine.acquire(plan, plan.last, lambda message: None)
    assert message == "no lock: leases may not be used here (not you); the mark on the deployment is the only sign"
    assert 15.0 <= bench.fake.clock.monotonic() - before <= 15.5, "it was allowed when it was planned"
    assert mine.held == ()
    unsure = replace(plan, checks=())
    before = bench.fake.clock.monotonic()
    await mine.acquire(unsure, unsure.last, lambda message: None)
    assert bench.fake.clock.monotonic() == before


async def taken(bench: Bench) -> Locks:
    mine = locks(bench)
    await acquire(mine, await bench.good_plan("2"), lambda message: None)
    return mine


async def test_a_request_may_leave_while_the_lease_surely_holds(bench: Bench) -> None:
    mine = await taken(bench)
    began = bench.fake.clock.now()
    for after, renewed in ((12.0, False), (12.1, True), (24.0, False), (24.2, True)):
        bench.clock.at = began + after
        await mine.hold()
        (kept,) = mine.held
        assert (kept.renewed_at == began + after) is renewed
    assert RENEW == 5.0


async def test_a_renewal_tells_the_present_step_and_keeps_since_when(bench: Bench) -> None:
    mine = await taken(bench)
    (before,) = mine.held
    bench.clock.at += 1.0
    mine.step = "judge gate"
    await mine.renew()
    (after,) = mine.held
    assert (note_of(after).step, note_of(after).since) == ("judge gate", note_of(before).since)
    assert (after.acquired_at, after.renewed_at) == (before.acquired_at, bench.fake.clock.now())


async def test_a_lease_that_somebody_deleted_or_annotated_is_still_ours(bench: Bench) -> None:
    mine = await taken(bench)
    bench.fake.cluster.leases.pop(STORED)
    bench.fake.traps.fail("write_lease", NotFound("gone"))
    await mine.renew()
    found = await lease(bench)
    assert found is not None
    assert found.holder == "me"
    bench.fake.cluster.leases[STORED] = replace(found, resource_version="999", annotations={**found.annotations, "note": "x"})
    await mine.renew()
    assert mine.lost is None


@pytest.mark.parametrize(("holder", "message"), [("other", "the lock was taken over: locked by bob@box"), ("", "nobody holds it now")])
async def test_a_lease_that_somebody_took_over_is_lost_for_good(bench: Bench, holder: str, message: str) -> None:
    mine = await taken(bench)
    other = await lease(bench)
    assert other is not None
    note = note_text(LockNote("other-op", "bob@box"))
    bench.fake.cluster.leases[STORED] = replace(other, holder=holder, resource_version="999", annotations={LOCK: note})
    with pytest.raises(LockLost, match=message):
        await mine.renew()
    with pytest.raises(LockLost, match=message):
        await mine.hold()


async def test_only_what_is_still_ours_is_given_back(bench: Bench) -> None:
    mine = await taken(bench)
    await mine.release()
    found = await lease(bench)
    assert found is not None
    assert (found.holder, found.acquired_at, found.annotations, mine.held) == ("", None, {LOCK: ""}, ())
    mine = await taken(bench)
    found = await lease(bench)
    assert found is not None
    assert found.transitions == 1
    bench.fake.cluster.leases[STORED] = replace(found, holder="other")
    await mine.release()
    found = await lease(bench)
    assert found is not None
    assert (found.holder, mine.held) == ("other", ())
