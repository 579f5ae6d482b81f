"""What an operation leaves on a Deployment as it ends: its mark comes off, one line goes to the history, and others' marks stay."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_of, history_text, mark_text
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.common.patch import own_annotation
from modeldeck.operations.execution.execution import Execution, OpenEnd
from modeldeck.operations.execution.release_edits import release_edits
from tests.domain.links.templates import deployment
from tests.operations.conftest import Bench

BEFORE, OTHER = "20200101-000000-0000", "20990101-000000-0002"
OPEN = mark_text(OperationAnnotation(BEFORE, actor="eve@box"))
MARK, PAST = own_annotation(OPERATION), own_annotation(HISTORY)


async def ending(bench: Bench, *, replaces: str | None = None, undoing: bool = False, open_end: bool = False) -> Execution:
    """An operation at its end; `replaces`: the mark that its own took the place of."""
    plan = await bench.good_plan("2")
    _, own = plan.last.slot_edits[MARK]
    target = replace(plan.last, slot_edits={**plan.last.slot_edits, MARK: (replaces, own)})
    run = Execution(
        replace(plan, targets=(target,)), bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event()
    )
    run.undoing = undoing
    run.open_ends = [OpenEnd("the alias")] if open_end else []
    return run


def standing(mark: str | None, *past: OperationAnnotation) -> Deployment:
    annotations: dict[str, str] = {}
    for one in reversed(past):
        annotations[HISTORY] = history_text(annotations, one)
    return deployment(annotations=annotations if mark is None else {**annotations, OPERATION: mark})


def own_mark(execution: Execution) -> str:
    return mark_text(OperationAnnotation(execution.plan.id))


def line(text: str | None) -> OperationAnnotation:
    """The newest of a history."""
    return history_of({HISTORY: text or ""})[0]


async def test_the_mark_goes_and_a_line_comes(bench: Bench) -> None:
    run = await ending(bench)
    mark, before = own_mark(run), OperationAnnotation(BEFORE, outcome=Outcome.DONE)
    there = standing(mark, before)
    edits = release_edits(run, there)
    assert set(edits) == {MARK, PAST}
    assert edits[MARK] == (mark, None)
    old, new = edits[PAST]
    assert old == there.annotations[HISTORY]
    assert [one.id for one in history_of({HISTORY: new or ""})] == [run.plan.id, BEFORE]
    assert release_edits(run, standing(mark))[PAST][0] is None, "there was no history"


async def test_the_line_tells_the_whole_story(bench: Bench) -> None:
    run = await ending(bench)
    assert line(release_edits(run, standing(None))[PAST][1]) == OperationAnnotation(
        run.plan.id,
        "promote",
        "ann@box",
        "iris",
        "1",
        "2",
        "champion",
        previous="1",
        reason="better",
        at="2023-11-14T22:13:20.000Z",
        outcome="done",
    )
    run.plan = replace(run.plan, intent=replace(run.plan.intent, kind=Kind.ROLLBACK, reason=""))
    told = line(release_edits(run, standing(None))[PAST][1])
    assert (told.kind, told.reason) == ("rollback", "")


@pytest.mark.parametrize(
    ("undoing", "open_end", "outcome"),
    [
        (False, False, Outcome.DONE),
        (True, False, Outcome.UNDONE),
        (False, True, Outcome.NEEDS_ATTENTION),
        (True, True, Outcome.NEEDS_ATTENTION),
    ],
)
async def test_how_it_ended(bench: Bench, undoing: bool, open_end: bool, outcome: Outcome) -> None:
    run = await ending(bench, undoing=undoing, open_end=open_end)
    assert line(release_edits(run, standing(own_mark(run)))[PAST][1]).outcome == outcome


@pytest.mark.parametrize("mark", [OPEN, mark_text(OperationAnnotation(OTHER)), None])
async def test_the_mark_of_somebody_elses_operation_stays(bench: Bench, mark: str | None) -> None:
    run = await ending(bench, undoing=True, replaces=OPEN)
    assert set(release_edits(run, standing(mark))) == {PAST}


async def test_what_the_history_has_is_not_written_twice(bench: Bench) -> None:
    run = await ending(bench)
    mark, mine = own_mark(run), OperationAnnotation(run.plan.id, outcome=Outcome.DONE)
    later = OperationAnnotation(OTHER, outcome=Outcome.DONE)
    assert release_edits(run, standing(None, mine)) == {}
    assert release_edits(run, standing(None, later, mine)) == {}, "nor where others came after it"
    assert release_edits(run, standing(mark, later, mine)) == {MARK: (mark, None)}, "a mark of long ago came back"
    assert set(release_edits(run, standing(None, later))) == {PAST}


@pytest.mark.parametrize(
    ("undoing", "open_end", "comes_back"), [(True, False, True), (True, True, False), (False, False, False), (False, True, False)]
)
async def test_the_mark_that_it_replaced_comes_back_with_everything_else(
    bench: Bench, undoing: bool, open_end: bool, comes_back: bool
) -> None:
    run = await ending(bench, replaces=OPEN, undoing=undoing, open_end=open_end)
    mark = own_mark(run)
    assert release_edits(run, standing(mark))[MARK] == (mark, OPEN if comes_back else None)


@pytest.mark.parametrize("replaces", [None, ""])
async def test_where_it_replaced_none_none_comes_back(bench: Bench, replaces: str | None) -> None:
    run = await ending(bench, replaces=replaces, undoing=True)
    assert release_edits(run, standing(own_mark(run)))[MARK][1] is None


async def test_a_mark_whose_operation_has_ended_meanwhile_does_not_come_back(bench: Bench) -> None:
    run = await ending(bench, replaces=OPEN, undoing=True)
    ended = OperationAnnotation(BEFORE, outcome=Outcome.UNDONE)
    assert release_edits(run, standing(own_mark(run), ended))[MARK][1] is None
    other = OperationAnnotation(OTHER, outcome=Outcome.UNDONE)
    assert release_edits(run, standing(own_mark(run), other))[MARK][1] == OPEN
