"""Taking up an operation whose process is gone: who may, what it says, and what it leaves where it may not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Forbidden, NotFound, Unreachable
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text
from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, note_text
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.liveness import birth
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.lock import Locked
from modeldeck.operations.execution.recover import refuse_resume, refuse_take_back, reopened
from tests.operations.conftest import Bench
from tests.operations.cutting import Cutting, PowerCut, bury
from tests.support.fakes.journals import MemoryJournal
from tests.support.processes import gone_pid

MARKED = 12
"""Entries after which the template has been changed."""
CHANGING = {"patch_deployment", "set_alias", "delete_alias", "tag_version", "write_event"}


async def cut_off(bench: Bench, entries: int = MARKED) -> Plan:
    made = await bench.good_plan("2")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, entries, before=False))
    return made


def log(operation: Operation) -> list[str]:
    return [said.message for said in operation.log]


async def test_it_says_by_which_lock_it_was_taken_up(bench: Bench) -> None:
    made = await cut_off(bench)
    bury(bench.fake)
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert "taken up again: taken over from ann@box, which did not renew it" in log(ended)
    claims = [entry.body for entry in bench.journal.written if entry.kind == "started"]
    assert [claim["pid"] == os.getpid() for claim in claims] == [False, True]
    assert claims[1]["host"] == host()
    assert claims[0]["runner"] != claims[1]["runner"]


async def test_one_that_has_only_been_planned_is_begun(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.journal.append(made.id, "planned", {"at": bench.fake.clock.now(), "plan": plan_to_journal(made), "host": "box"})
    ended = await bench.resume(made.id)
    assert (ended.outcome, ended.message) == (Outcome.DONE, "iris promoted: 1 → 2")
    assert not [message for message in log(ended) if message.startswith("taken up again")]


@pytest.mark.parametrize("verb", ["resume", "take_back"])
async def test_it_is_taken_back_by_hand_or_goes_on(bench: Bench, verb: str) -> None:
    made = await cut_off(bench)
    bury(bench.fake)
    ended = await getattr(bench, verb)(made.id)
    message = "iris promoted: 1 → 2" if verb == "resume" else "taken back by hand after it was cut off; everything was taken back"
    assert ended.message == message


async def test_one_that_somebody_had_asked_to_undo_is_undone(bench: Bench) -> None:
    made = await cut_off(bench)
    bury(bench.fake)
    bench.journal.append(made.id, "asked", {"at": 0.0, "what": "cancel", "by": "bob@box"})
    ended = await bench.resume(made.id)
    assert (ended.outcome, ended.message) == (
        Outcome.UNDONE,
        "somebody asked to undo it before it was cut off; everything was taken back",
    )


async def test_past_the_commit_nobody_is_heard_who_asked_to_undo_it(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.fail("patch_deployment", Forbidden("role was taken away"), skip=1, times=99)
    assert (await bench.run(made)).outcome is Outcome.NEEDS_ATTENTION
    bench.fake.traps.clear()
    bench.journal.append(made.id, "asked", {"at": 0.0, "what": "cancel", "by": "bob@box"})
    assert (await bench.resume(made.id)).outcome is Outcome.DONE
    assert bench.fake.champion == "2"


async def test_whoever_was_taking_it_back_is_followed_by_whoever_goes_on_with_that(bench: Bench) -> None:
    made = await cut_off(bench)
    bury(bench.fake)
    bench.journal.append(made.id, "undoing", {"at": 0.0, "message": "cancelled"})
    ended = await bench.resume(made.id)
    assert (ended.outcome, ended.message) == (Outcome.UNDONE, "taken back after it was cut off; everything was taken back")


async def test_whoever_has_the_lock_is_at_work_and_nothing_is_written(bench: Bench) -> None:
    made = await cut_off(bench)
    written = list(bench.journal.written)
    note = {LOCK: note_text(LockNote(made.id, "bob@box", host="elsewhere"))}
    key = "serving/modeldeck-iris"
    bench.fake.cluster.leases[key] = Lease("serving", "modeldeck-iris", "bob", renewed_at=0.0, annotations=note, resource_version="1")

    def renew() -> None:
        lease = bench.fake.cluster.leases[key]
        bench.fake.cluster.leases[key] = replace(lease, resource_version=f"{bench.fake.clock.monotonic()}")

    bench.fake.clock.on_sleep.append(renew)
    calls = len(bench.fake.traps.calls)
    with pytest.raises(Locked, match="locked by bob@box"):
        await bench.resume(made.id)
    assert bench.journal.written == written
    assert not CHANGING & set(bench.fake.traps.calls[calls:])


async def test_a_world_that_cannot_be_looked_at_leaves_it_as_it_is_and_the_lock_free(bench: Bench) -> None:
    made = await cut_off(bench)
    bury(bench.fake)
    bench.fake.traps.fail("deployment", Unreachable("refused"), skip=1, times=99)
    with pytest.raises(Unreachable):
        await bench.resume(made.id)
    assert [lease.holder for lease in bench.fake.cluster.leases.values()] == [""]
    bench.fake.traps.clear()
    found = bench.journal.operation(made.id)
    assert found.outcome is None
    bench.journal.append(made.id, "started", {"at": 0.0, "pid": gone_pid(), "host": host(), "birth": ""})
    assert (await bench.resume(made.id)).outcome is Outcome.DONE


async def test_what_its_process_left_behind_is_given_back_where_it_has_ended_elsewhere(bench: Bench) -> None:
    """Finished by a colleague without this journal: its lock and its announcement still stand."""
    made = await cut_off(bench)
    bury(bench.fake)
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION))
    line = history_text({}, OperationAnnotation(made.id, outcome="undone"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({HISTORY: line}))
    assert set(bench.fake.registry.tags["iris"]) == {moving_tag("champion", made.id)}
    calls = len(bench.fake.traps.calls)
    ended = await bench.resume(made.id)
    assert (ended.outcome, ended.message) == (Outcome.UNDONE, "it was taken back elsewhere, as the deployment's history tells")
    assert [lease.holder for lease in bench.fake.cluster.leases.values()] == [""]
    assert bench.fake.registry.tags["iris"] == {}
    assert not CHANGING & set(bench.fake.traps.calls[calls:])


async def test_what_cannot_be_given_back_then_is_only_said(bench: Bench) -> None:
    made = await cut_off(bench)
    bury(bench.fake)
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION))
    line = history_text({}, OperationAnnotation(made.id, outcome="undone"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({HISTORY: line}))
    bench.fake.traps.fail("lease", Unreachable("refused", backend="Kubernetes"), times=10**6)
    bench.fake.traps.fail("untag_model", Unreachable("refused", backend="MLflow"), times=10**6)
    await bench.take_back(made.id)
    ended = bench.journal.operation(made.id)
    assert ended.outcome is Outcome.UNDONE
    assert "the lock could not be given back and ends by itself: Kubernetes: refused" in log(ended)
    assert log(ended)[-1].startswith("MLflow: alias champion of iris is still announced as moving: MLflow: refused (modeldeck operations")


def known(bench: Bench, operation_id: str, **fields: object) -> Operation:
    found = bench.journal.operation(operation_id)
    assert isinstance(found, Operation)
    return replace(found, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("refuse", [refuse_resume, refuse_take_back])
async def test_who_may_still_be_at_work_is_left_alone(bench: Bench, refuse: Callable[[Operation, Plan, float], None]) -> None:
    made, now = await cut_off(bench), bench.fake.clock.now()
    mine = {"runner_pid": os.getpid(), "host": host(), "runner_birth": birth(os.getpid()), "heartbeat_at": now}
    alive = known(bench, made.id, **mine)
    with pytest.raises(Conflict, match=rf"may still be at work \(process {os.getpid()} on {host()}\)") as failed:
        refuse(alive, made, now)
    assert failed.value.hint == f"modeldeck operations attach {made.id}"
    with pytest.raises(Conflict, match="on elsewhere"):
        refuse(replace(alive, host="elsewhere"), made, now)
    for free in (
        replace(alive, runner_pid=gone_pid()),
        replace(alive, heartbeat_at=now - 3600.0),
        replace(alive, runner_pid=None),
        replace(alive, state=State.ENDED, outcome=Outcome.NEEDS_ATTENTION),
    ):
        refuse(free, made, now)
    for outcome in (Outcome.DONE, Outcome.UNDONE, Outcome.REFUSED, Outcome.NOTHING_TO_DO):
        with pytest.raises(Conflict, match=f"operation {made.id} has ended: {outcome}") as failed:
            refuse(replace(alive, state=State.ENDED, outcome=outcome), made, now)
        assert failed.value.hint == f"modeldeck operations show {made.id}"


async def test_past_its_commit_it_is_finished_and_before_an_adopted_one_is_taken_back(bench: Bench) -> None:
    made, now = await cut_off(bench), bench.fake.clock.now()
    cut = known(bench, made.id, runner_pid=None)
    past = replace(cut, steps=tuple(replace(step, state=StepState.DONE) for step in cut.steps))
    refuse_resume(cut, made, now)
    refuse_take_back(cut, made, now)
    refuse_resume(past, made, now)
    with pytest.raises(Conflict, match="is a roll-back") as failed:
        refuse_take_back(past, made, now)
    assert failed.value.hint.endswith("then modeldeck rollback serving/iris")
    refuse_take_back(replace(cut, adopted=True), made, now)
    refuse_resume(replace(past, adopted=True), made, now)
    with pytest.raises(Conflict, match="not gone on with"):
        refuse_resume(replace(cut, adopted=True), made, now)


async def test_what_the_journal_does_not_know_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound, match="no operation nobody") as failed:
        reopened("nobody", bench.recovery())
    assert (failed.value.hint, failed.value.backend) == ("modeldeck operations list", "journal")
    made = await cut_off(bench)
    bench.journal.beat(made.id, 5e9)
    run = reopened(made.id, bench.recovery())
    assert (run.now.heartbeat_at, run.seen) == (5e9, len(bench.journal.written))
    assert run.locks is not None


async def test_steps_that_are_done_are_not_done_again(bench: Bench) -> None:
    made = await bench.good_plan("2")
    at_alias = next(index for index, step in enumerate(made.steps) if step.name is StepName.MOVE_ALIAS)

    class Cut(MemoryJournal):
        def append(self, operation_id: str, kind: str, body: object) -> None:
            assert isinstance(body, dict)
            if (kind, body.get("step")) == ("trying", at_alias):
                raise PowerCut
            super().append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)

    cut = Cut()
    cut.written = bench.journal.written
    with pytest.raises(PowerCut):
        await bench.run_on(made, cut)
    bury(bench.fake)
    calls = len(bench.fake.traps.calls)
    ended = await bench.resume(made.id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert bench.fake.traps.calls[calls:].count("patch_deployment") == 1, "the release's"
    tried = [entry.body["step"] for entry in bench.journal.written if entry.kind == "trying"]
    assert tried == list(range(len(made.steps)))
