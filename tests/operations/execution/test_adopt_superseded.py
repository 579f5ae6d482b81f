"""An operation with an open end, and another one that comes after it: whose doing is it that stands?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Forbidden
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, history_of, mark_of, mark_text
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.ownership import Ownership, ownership_of
from modeldeck.operations.execution.adopt import adopt
from tests.operations.conftest import Bench
from tests.operations.cutting import Cutting, PowerCut
from tests.support.fakes.journals import MemoryJournal
from tests.support.plans import with_target
from tests.support.processes import gone_pid


async def left_open(bench: Bench) -> Operation:
    """Its template is at 2 and its alias at 1: neither way was open to it."""
    bench.fake.traps.fail("set_alias", Forbidden("not you"), times=99)
    bench.fake.traps.fail("patch_deployment", Forbidden("not you"), skip=1, times=99)
    left = await bench.promote("2")
    assert left.outcome is Outcome.NEEDS_ATTENTION
    bench.fake.traps.clear()
    assert (bench.fake.env(), bench.fake.champion, mark(bench)) == ("models:/iris/2", "1", left.id)
    return left


def mark(bench: Bench) -> str | None:
    found = mark_of(bench.fake.annotations())
    return found.id if found else None


async def test_what_is_undone_puts_the_mark_back_that_it_had_replaced(bench: Bench) -> None:
    left = await left_open(bench)
    bench.fake.traps.fail("set_alias", Forbidden("not you"), times=99)
    later = await bench.promote("3", actor="bob@box")
    assert later.outcome is Outcome.UNDONE, later.message
    assert (bench.fake.env(), bench.fake.champion, mark(bench)) == ("models:/iris/2", "1", left.id)
    bench.fake.traps.clear()
    ended = await bench.take_back(left.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert (bench.fake.env(), bench.fake.champion, mark(bench)) == ("models:/iris/1", "1", None)
    assert [(past.id, past.outcome) for past in history_of(bench.fake.annotations())] == [(left.id, "undone"), (later.id, "undone")]


@pytest.mark.parametrize("verb", ["resume", "take_back"])
async def test_while_another_is_in_the_middle_it_is_left_alone(bench: Bench, verb: str) -> None:
    left = await left_open(bench)
    made = await bench.good_plan("3", actor="bob@box")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, 9, before=False))
    bench.fake.cluster.leases.clear()
    assert mark(bench) == made.id
    calls = len(bench.fake.traps.calls)
    ended = await getattr(bench, verb)(left.id)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert f"nothing was tried: Kubernetes: operation {made.id} of bob@box stands on deployment serving/iris" in ended.message
    assert not {"patch_deployment", "set_alias"} & set(bench.fake.traps.calls[calls:])
    assert (await bench.resume(made.id)).outcome is Outcome.DONE
    ended = await bench.resume(left.id)
    assert "has been there since" in "".join(step.message for step in ended.steps)
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/3", "3")


async def test_carried_out_but_contradicted_it_is_not_called_undone_later(bench: Bench) -> None:
    """Its check found somebody else's edit; it was cut off between giving the mark back and writing down how it ended."""
    made = await bench.good_plan("2")
    bench.fake.traps.before("write_event", lambda: bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3"))

    class Cut(MemoryJournal):
        def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
            if history_of(bench.fake.annotations()):
                raise PowerCut
            super().append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)

    cut = Cut()
    cut.written = bench.journal.written
    with pytest.raises(PowerCut):
        await bench.run_on(made, cut)
    bench.fake.cluster.leases.clear()
    assert [past.outcome for past in history_of(bench.fake.annotations())] == ["needs attention"]
    assert (await Bench(bench.fake, MemoryJournal()).promote("1", actor="bob@box")).outcome is Outcome.DONE
    ended = await bench.resume(made.id)
    assert (ended.outcome, ended.message) == (Outcome.DONE, "it was carried out, and another operation has been there since")
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "1")


async def test_a_way_back_that_lay_idle_stops_where_the_way_there_was_finished(bench: Bench) -> None:
    made = await bench.good_plan("2")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, 9, before=False))
    bench.fake.cluster.leases.clear()
    elsewhere = Bench(bench.fake, MemoryJournal(), asyncio.Event())
    await adopt(made.id, bench.fake.clients, elsewhere.journal, bench.fake.clock)
    bench.fake.traps.fail("patch_deployment", Forbidden("not you"), times=99)
    here = await bench.resume(made.id)
    assert here.outcome is Outcome.NEEDS_ATTENTION, here.message
    bench.fake.traps.clear()
    assert (bench.fake.env(), bench.fake.champion, mark(bench)) == ("models:/iris/2", "2", made.id)
    ended = await elsewhere.take_back(made.id)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert "taking it back is a roll-back; it was gone on with on another machine" in ended.message
    assert (bench.fake.env(), bench.fake.champion, mark(bench)) == ("models:/iris/2", "2", made.id)
    assert (await bench.resume(made.id)).outcome is Outcome.DONE
    assert (await elsewhere.take_back(made.id)).outcome is Outcome.DONE


OWN, OTHER, OLD = "20260101-000000-aaaa", "20260101-000001-bbbb", "20251231-000000-cccc"


@pytest.mark.parametrize(
    ("standing_mark", "past", "expected"),
    [
        (OWN, (), Ownership.OURS),
        (OTHER, (), Ownership.HELD_BY_OTHER),
        (OTHER, ((OTHER, "done"),), Ownership.SUPERSEDED),
        (None, ((OWN, "needs attention"), (OLD, "done")), Ownership.OURS),
        (None, ((OTHER, "undone"), (OWN, "needs attention")), Ownership.OURS),
        (None, ((OWN, "undone"),), Ownership.REVERTED),
        (None, ((OTHER, "undone"), (OWN, "undone")), Ownership.REVERTED),
        (None, ((OTHER, "done"), (OWN, "undone")), Ownership.REVERTED),
        (OTHER, ((OWN, "undone"),), Ownership.REVERTED),
        (None, ((OTHER, "done"), (OWN, "needs attention")), Ownership.SUPERSEDED),
        (None, ((OTHER, "needs attention"),), Ownership.SUPERSEDED),
        (None, ((OTHER, "undone"), (OLD, "done")), Ownership.UNMARKED),
        (None, ((OLD, "done"),), Ownership.UNMARKED),
        (None, ((OLD, "undone"), (OTHER, "done")), Ownership.UNMARKED),
        (None, (), Ownership.UNMARKED),
        (OLD, (), Ownership.UNMARKED),
    ],
)
async def test_the_mark_and_then_the_history_tell(
    bench: Bench, standing_mark: str | None, past: tuple[tuple[str, str], ...], expected: Ownership
) -> None:
    """`OLD` is the newest operation that the plan saw, and its mark the one that the plan replaces."""
    made = await planned(bench)
    assert ownership_of(made.last, made.id, await told(bench, standing_mark, past)) is expected


async def planned(bench: Bench) -> Plan:
    made = await bench.good_plan("2")
    before = {
        where: (mark_text(OperationAnnotation(OLD)) if where.endswith("operation") else old, new)
        for where, (old, new) in made.last.slot_edits.items()
    }
    return with_target(replace(made, id=OWN), fingerprint=replace(made.last.fingerprint, last_operation=OLD), slot_edits=before)


async def told(bench: Bench, standing_mark: str | None, past: tuple[tuple[str, str], ...]) -> Deployment:
    deployment = await bench.fake.cluster.deployment("serving", "iris")
    lines = [mark_text(OperationAnnotation(id, outcome=outcome)) for id, outcome in past]
    annotations = {"modeldeck.dev/history": f"[{','.join(lines)}]"} | (
        {OPERATION: mark_text(OperationAnnotation(standing_mark))} if standing_mark else {}
    )
    return replace(deployment, annotations=annotations)
