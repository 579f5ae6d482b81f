"""The lock of an operation where something comes between: lost answers, writers that are faster, leases of processes that are gone."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, TimedOut, Unreachable
from modeldeck.domain.kubernetes.leases import DURATION, LOCK, LockNote, note_of, note_text
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.operations.common.liveness import birth
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.lock import Locked, LockLost, Locks
from tests.operations.conftest import Bench
from tests.operations.execution.test_lock_leases import KEY, STORED, held_by_another, lease, locks, taken
from tests.support.plans import acquire
from tests.support.processes import gone_pid


def ignore(message: str) -> None: ...


async def test_a_renewal_that_was_lost_is_sent_again(bench: Bench) -> None:
    mine = await taken(bench)
    bench.clock.at += 5.0
    bench.fake.traps.fail("write_lease", TimedOut("no answer"), late=True)
    await mine.renew()
    found = await lease(bench)
    assert found is not None
    assert mine.held == (found,)
    assert mine.lost is None
    left = bench.clock.at
    calls = len(bench.fake.traps.calls)
    bench.clock.at += 11.0
    await mine.hold()
    assert bench.fake.traps.calls[calls:] == [], "it holds from when the one that arrived had left"
    bench.clock.at = left + 12.5
    await mine.hold()
    assert bench.fake.traps.calls[calls:] == ["write_lease"]


async def test_one_that_was_given_back_is_renewed_no_more(bench: Bench) -> None:
    mine = await taken(bench)
    await mine.release()
    calls = len(bench.fake.traps.calls)
    await mine.renew()
    bench.clock.at += 60.0
    await mine.hold()
    assert bench.fake.traps.calls[calls:] == []


async def test_it_is_given_back_against_other_writers_six_times(bench: Bench) -> None:
    for conflicts, holder in ((5, ""), (6, "me")):
        bench.fake.cluster.leases.clear()
        mine = await taken(bench)
        bench.fake.traps.fail("write_lease", Conflict("moved"), times=conflicts)
        await mine.release()
        found = await lease(bench)
        assert found is not None
        assert (found.holder, mine.held) == (holder, ())
        bench.fake.traps.clear()


async def test_a_cluster_that_is_away_keeps_it_from_being_given_back_only_for_as_long_as_it_holds(bench: Bench) -> None:
    mine = await taken(bench)
    bench.fake.traps.fail("lease", Unreachable("refused"), times=10**6)
    began = bench.fake.clock.monotonic()
    with pytest.raises(Unreachable):
        await mine.release()
    assert DURATION - 2.0 <= bench.fake.clock.monotonic() - began <= DURATION
    bench.fake.traps.clear()
    await mine.release()
    assert mine.held == ()


async def test_one_that_is_deleted_is_given_back_by_that(bench: Bench) -> None:
    mine = await taken(bench)
    bench.fake.cluster.leases.clear()
    calls = len(bench.fake.traps.calls)
    await mine.release()
    assert (mine.held, bench.fake.cluster.leases) == ((), {})
    assert bench.fake.traps.calls[calls:] == ["lease"]
    mine = await taken(bench)
    calls = len(bench.fake.traps.calls)
    await mine.release()
    assert bench.fake.traps.calls[calls:] == ["lease", "write_lease"]


async def test_all_of_several_deployments_are_renewed_held_and_given_back(bench: Bench) -> None:
    made, mine = await bench.good_plan("2"), locks(bench)
    for name in ("iris", "staging"):
        await mine.acquire(made, replace(made.last, deployment=name), ignore)
    assert [one.name for one in mine.held] == ["modeldeck-iris", "modeldeck-staging"]
    bench.clock.at += 13.0
    await mine.hold()
    assert {one.renewed_at for one in mine.held} == {bench.fake.clock.now()}
    bench.clock.at += 1.0
    await mine.renew()
    assert {one.renewed_at for one in mine.held} == {bench.fake.clock.now()}
    await mine.release()
    assert [one.holder for one in bench.fake.cluster.leases.values()] == ["", ""]


async def test_a_refusal_that_passes_leaves_it_with_a_lock(bench: Bench) -> None:
    plan, mine = await bench.good_plan("2"), locks(bench)
    bench.fake.traps.fail("lease", Forbidden("not you"), times=5)
    assert await mine.acquire(plan, plan.last, ignore) == "locked"
    assert len(mine.held) == 1


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.WARN])
async def test_only_a_plan_that_could_look_at_the_lock_waits_for_a_refusal_to_pass(bench: Bench, verdict: Verdict) -> None:
    checks = (Check(CheckName.ARTIFACTS, Verdict.OK, ""), Check(CheckName.LOCK, verdict, ""), Check(CheckName.VERSION, Verdict.OK, ""))
    plan = replace(await bench.good_plan("2"), checks=checks)
    bench.fake.traps.fail("lease", Forbidden("not you"), times=5)
    began = bench.fake.clock.monotonic()
    assert (await locks(bench).acquire(plan, plan.last, ignore)).startswith("no lock: leases may not be used here (not you)")
    assert bench.fake.clock.monotonic() == began


@pytest.mark.parametrize("failure", [Conflict("moved"), TimedOut("no answer")])
async def test_who_was_faster_is_seen(bench: Bench, failure: Failure) -> None:
    plan, mine = await bench.good_plan("2"), locks(bench)

    async def other() -> None:
        await held_by_another(bench)

    writing = bench.fake.cluster.write_lease

    async def write(given: object) -> object:
        bench.fake.cluster.write_lease = writing  # type: ignore[method-assign]
        await other()
        raise failure

    bench.fake.cluster.write_lease = write  # type: ignore[method-assign, assignment]
    with pytest.raises(Locked, match="locked by bob@box"):
        await mine.acquire(plan, plan.last, ignore)
    assert mine.held == ()


async def test_an_answer_that_was_lost_has_made_it_ours(bench: Bench) -> None:
    plan, mine = await bench.good_plan("2"), locks(bench)
    bench.fake.traps.fail("write_lease", TimedOut("no answer"), late=True)
    assert await mine.acquire(plan, plan.last, ignore) == "locked"
    (kept,) = mine.held
    assert (kept.holder, kept.transitions) == ("me", 0)


async def test_it_names_the_process_that_holds_it(bench: Bench) -> None:
    mine = Locks(bench.fake.cluster, bench.fake.clock)
    await acquire(mine, await bench.good_plan("2"), ignore)
    (kept,) = mine.held
    note = note_of(kept)
    assert (note.host, note.pid, note.birth) == (host(), os.getpid(), birth(os.getpid()))
    assert (note.kind, note.model, note.since) == ("promote", "iris", "2023-11-14T22:13:20.000Z")
    assert kept.holder.startswith(f"{host()}-{os.getpid()}-")
    assert kept.holder != Locks(bench.fake.cluster, bench.fake.clock).holder


async def test_a_process_that_is_gone_from_this_machine_is_not_watched(bench: Bench) -> None:
    note = LockNote("other-op", "", host=host(), pid=gone_pid(), birth="long ago")
    await held_by_another(bench, annotations={LOCK: note_text(note)})
    began, said = bench.fake.clock.monotonic(), list[str]()
    assert await acquire(locks(bench), await bench.good_plan("2"), said.append) == "taken over from other-op, which did not renew it"
    assert (bench.fake.clock.monotonic(), said) == (began, [])


async def test_one_that_is_deleted_while_it_is_watched_is_free(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    await held_by_another(bench, age=60.0)
    began = bench.fake.clock.monotonic()

    def delete() -> None:
        bench.fake.clock.on_sleep.remove(delete)
        bench.fake.cluster.leases.clear()

    bench.fake.clock.on_sleep.append(delete)
    await locks(bench).acquire(plan, plan.last, ignore)
    assert bench.fake.clock.monotonic() - began == 1.0
    (kept,) = bench.fake.cluster.leases.values()
    assert (kept.holder, kept.transitions) == ("me", 0)


async def test_where_none_can_be_written_that_is_told(bench: Bench) -> None:
    """As in a namespace that is gone."""
    plan = await bench.good_plan("2")
    bench.fake.traps.fail("write_lease", NotFound('namespaces "serving" not found', backend="Kubernetes"), times=9)
    with pytest.raises(NotFound, match="namespaces"):
        await locks(bench).acquire(plan, plan.last, ignore)
    assert bench.fake.traps.calls.count("write_lease") == 1


async def test_a_lease_that_says_that_it_holds_longer_is_watched_longer(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    for duration, watched in ((40.0, 40.0), (0.0, 1.0)):
        bench.fake.cluster.leases.clear()
        await held_by_another(bench, age=600.0, duration=duration)
        began = bench.fake.clock.monotonic()
        await locks(bench).acquire(plan, plan.last, ignore)
        assert bench.fake.clock.monotonic() - began == watched


@pytest.mark.parametrize("part", ["holder", "renewed_at", "resource_version"])
async def test_whatever_changes_of_it_while_it_is_watched_shows_somebody_at_work(bench: Bench, part: str) -> None:
    plan = await bench.good_plan("2")
    other = await held_by_another(bench, age=60.0)
    changed = {"holder": "third", "renewed_at": 5.0, "resource_version": "999"}
    bench.fake.clock.on_sleep.append(
        lambda: bench.fake.cluster.leases.update({STORED: replace(other, **{part: changed[part]})})  # type: ignore[arg-type]
    )
    with pytest.raises(Locked):
        await locks(bench).acquire(plan, plan.last, ignore)


@pytest.mark.parametrize(
    ("own", "dead", "held", "cleared"),
    [(True, True, True, True), (False, True, True, False), (True, False, True, False), (True, True, False, False)],
)
async def test_only_what_a_gone_process_of_the_operation_left_is_cleared(
    bench: Bench, own: bool, dead: bool, held: bool, cleared: bool
) -> None:
    plan = await bench.good_plan("2")
    pid = gone_pid() if dead else os.getpid()
    note = LockNote(plan.id if own else "1-before", "bob@box", host=host(), pid=pid, birth="long ago" if dead else birth(os.getpid()))
    await held_by_another(bench, annotations={LOCK: note_text(note)}, holder="other" if held else "")
    calls = len(bench.fake.traps.calls)
    await locks(bench).clear(plan.last, plan.id)
    assert ("write_lease" in bench.fake.traps.calls[calls:]) is cleared
    found = await lease(bench)
    assert found is not None
    assert found.holder == ("other" if held and not cleared else "")


@pytest.mark.parametrize("failure", [Conflict("moved"), Forbidden("not you")])
async def test_what_somebody_else_has_by_now_is_not_cleared(bench: Bench, failure: Failure) -> None:
    plan = await bench.good_plan("2")
    note = LockNote(plan.id, "bob@box", host=host(), pid=gone_pid(), birth="long ago")
    await held_by_another(bench, annotations={LOCK: note_text(note)})
    bench.fake.traps.fail("write_lease", failure)
    await locks(bench).clear(plan.last, plan.id)
    bench.fake.traps.fail("lease", Unreachable("refused"), times=10**6)
    with pytest.raises(Unreachable):
        await locks(bench).clear(plan.last, plan.id)


async def test_where_there_is_no_lease_nothing_is_cleared(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    await locks(bench).clear(plan.last, plan.id)
    assert bench.fake.cluster.leases == {}


async def test_one_that_is_gone_when_it_is_renewed_was_taken_over(bench: Bench) -> None:
    mine = await taken(bench)
    bench.fake.traps.fail("write_lease", Conflict("moved"))
    bench.fake.cluster.leases.clear()
    with pytest.raises(LockLost, match="the lock was taken over: nobody holds it now") as lost:
        await mine.renew()
    assert (mine.lost, lost.value.backend) == (lost.value, "Kubernetes")
    assert await bench.fake.cluster.lease(*KEY) is None
