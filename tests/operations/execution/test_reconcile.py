"""What is told of an operation whose process is gone, by what its Deployments tell."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.ownership import Ownership
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.reconcile import (
    _marked,
    behind_another,
    committed,
    ended_elsewhere,
    gone_on_with_elsewhere,
    leave_to_others,
    targets,
)
from modeldeck.operations.execution.recover import reopened
from modeldeck.operations.planning.multi_deployment import plan_for
from tests.operations.conftest import Bench
from tests.operations.cutting import Cutting, PowerCut

KEY = "serving/iris"
OTHER = "20260101-000000-beef"
PATCHED = 9
"""Entries of the journal with which the template is patched, and the rollout is waited for."""


async def cut(bench: Bench, entries: int = PATCHED, made: Plan | None = None) -> Execution:
    """The power goes after so many entries."""
    made = made or await bench.good_plan("2")
    with pytest.raises(PowerCut):
        await bench.run_on(made, Cutting(bench.journal, entries, before=False))
    bench.fake.cluster.leases.clear()
    return reopened(made.id, bench.recovery())


def tell(bench: Bench, *past: tuple[str, str], mark: str | None = None, key: str = KEY) -> None:
    """The Deployment's history, the newest first, and the mark that stands."""
    annotations: dict[str, str] = {}
    for id, outcome in reversed(past):
        annotations[HISTORY] = history_text(annotations, OperationAnnotation(id, actor="bob@box", outcome=outcome))
    if mark is not None:
        annotations[OPERATION] = mark_text(OperationAnnotation(mark, actor="bob@box"))

    def edit(raw: dict[str, Any]) -> None:
        known = raw["metadata"]["annotations"]
        for name in (HISTORY, OPERATION):
            known.pop(name, None)
        known.update(annotations)

    bench.fake.cluster.edit(key, edit)


def message(operation: Operation | None) -> tuple[Outcome | None, str]:
    assert operation is not None
    assert operation.state is State.ENDED
    return operation.outcome, operation.message


async def test_a_history_that_tells_of_its_end_ends_it(bench: Bench) -> None:
    run = await cut(bench)
    before = run.now.steps
    tell(bench, (OTHER, "done"), (run.plan.id, "done"))
    finished = "it was finished, as the deployment's history tells"
    ended = await ended_elsewhere(run)
    assert message(ended) == (Outcome.DONE, finished)
    assert ended is not None
    assert {step.state for step in ended.steps} == {StepState.DONE}
    told = [step.message == finished for step in ended.steps]
    assert told == [step.state is not StepState.DONE for step in before], "what had been done keeps its own words"
    assert bench.journal.operation(run.plan.id) == ended


async def test_what_had_been_left_open_stays_so(bench: Bench) -> None:
    run = await cut(bench)
    bench.journal.append(run.plan.id, "skipped", {"at": 1.0, "step": 3, "message": "MLflow was away"})
    run = reopened(run.plan.id, bench.recovery())
    tell(bench, (run.plan.id, "done"))
    ended = await ended_elsewhere(run)
    assert ended is not None
    assert (ended.steps[3].state, ended.steps[3].message) == (StepState.SKIPPED, "MLflow was away")


async def test_a_history_that_tells_that_it_was_taken_back_ends_it(bench: Bench) -> None:
    run = await cut(bench)
    tell(bench, (run.plan.id, "undone"))
    ended = await ended_elsewhere(run)
    assert message(ended) == (Outcome.UNDONE, "it was taken back elsewhere, as the deployment's history tells")


async def test_one_that_is_being_taken_back_here_goes_on_to_its_own_end(bench: Bench) -> None:
    run = await cut(bench)
    run.remember("undoing", message="cancelled")
    tell(bench, (run.plan.id, "undone"))
    assert await ended_elsewhere(run) is None


@pytest.mark.parametrize(
    ("past", "mark"),
    [
        ((), None),
        (((OTHER, "done"),), None),
        (((None, "needs attention"),), None),
        ((), ""),
        ((), OTHER),
    ],
)
async def test_of_what_nothing_tells_nothing_is_told(bench: Bench, past: tuple[tuple[str | None, str], ...], mark: str | None) -> None:
    """None, and an empty mark: its own."""
    run = await cut(bench)
    own = run.plan.id
    tell(bench, *((id or own, outcome) for id, outcome in past), mark=own if mark == "" else mark)
    assert await ended_elsewhere(run) is None
    assert run.now.state is not State.ENDED


async def test_another_deployment_of_the_same_name_tells_nothing_of_it(bench: Bench) -> None:
    run = await cut(bench)
    bench.fake.cluster.deployments[KEY]["metadata"]["uid"] = "another"
    with pytest.raises(Conflict, match="serving/iris of environment test is another deployment") as raised:
        await ended_elsewhere(run)
    assert raised.value.hint == "choose its environment: -e test"


async def test_past_its_commit_whoever_came_later_ends_it(bench: Bench) -> None:
    """All that is left of it is evidence."""
    run = await cut(bench, 20)
    assert committed(run.now, run.plan)
    tell(bench, (OTHER, "done"))
    assert message(await ended_elsewhere(run)) == (Outcome.DONE, "it was carried out, and another operation has been there since")
    again = reopened(run.plan.id, bench.recovery())
    tell(bench, (OTHER, "done"), mark=again.plan.id)
    assert await targets(again, Ownership.SUPERSEDED) == ()


async def test_before_its_commit_whoever_came_later_says_nothing_of_it(bench: Bench) -> None:
    run = await cut(bench)
    assert not committed(run.now, run.plan)
    tell(bench, (OTHER, "done"))
    assert await targets(run, Ownership.SUPERSEDED) == (0,)
    assert await targets(run, Ownership.OURS) == ()
    assert await ended_elsewhere(run) is None


async def staged(bench: Bench, entries: int) -> Execution:
    """The power goes in an operation on staging and then production."""
    bench.fake.cluster.add("serving", "staging", deepcopy(bench.fake.template()["spec"]["containers"]))
    intent = Intent(Kind.PROMOTE, "serving", "staging", "iris", "2", "ann@box", "better", then=(KEY,))
    made = await plan_for(intent, bench.fake.clients, bench.journal, bench.fake.clock)
    assert isinstance(made, Plan), made
    return await cut(bench, entries, made)


@pytest.mark.parametrize(
    ("staging", "production", "expected"),
    [
        ("undone", None, Outcome.UNDONE),
        ("undone", "undone", Outcome.UNDONE),
        ("undone", "done", None),
        ("done", None, None),
        ("done", "done", Outcome.DONE),
        (None, None, None),
    ],
)
async def test_of_several_deployments_all_have_to_tell(
    bench: Bench, staging: str | None, production: str | None, expected: Outcome | None
) -> None:
    """Of those that it had not come to, none tells that it was taken back."""
    run = await staged(bench, 12)
    for key, outcome in (("serving/staging", staging), (KEY, production)):
        tell(bench, *([(run.plan.id, outcome)] if outcome else []), key=key)
    ended = await ended_elsewhere(run)
    assert (ended.outcome if ended else None) is expected


async def test_taken_back_on_one_deployment_and_marked_on_the_other_it_is_not_over(bench: Bench) -> None:
    run = await staged(bench, 12)
    tell(bench, (run.plan.id, "undone"), key="serving/staging")
    tell(bench, mark=run.plan.id)
    assert await ended_elsewhere(run) is None


async def test_what_is_past_is_left_to_others_where_they_have_been(bench: Bench) -> None:
    run = await staged(bench, 12)
    before = run.now.steps
    leave_to_others(run, (1,))
    after = run.now.steps
    for old, new in zip(before, after, strict=True):
        left = old.target == 1 and old.state not in (StepState.DONE, StepState.SKIPPED)
        assert (new.state, new.message) == (
            (StepState.DONE, "another operation has been there since") if left else (old.state, old.message)
        )
    assert before != after


async def test_behind_the_mark_of_another_nothing_is_tried(bench: Bench) -> None:
    run = await cut(bench)
    tell(bench, mark=OTHER)
    ended = await behind_another(run)
    assert message(ended) == (
        Outcome.NEEDS_ATTENTION,
        f"nothing was tried: Kubernetes: operation {OTHER} of bob@box stands on deployment serving/iris, and has to end first",
    )


async def test_one_that_has_changed_nothing_is_in_nobodys_way(bench: Bench) -> None:
    """Only its lock had been asked for."""
    run = await cut(bench, 5)
    locking = [step for step in run.now.steps if step.requests]
    assert [step.name for step in locking] in ([], [StepName.LOCK])
    tell(bench, mark=OTHER)
    assert await behind_another(run) is None


async def test_its_own_mark_is_not_anothers(bench: Bench) -> None:
    run = await cut(bench)
    tell(bench, mark=run.plan.id)
    assert await behind_another(run) is None


async def test_one_that_went_on_elsewhere_is_not_taken_back_here(bench: Bench) -> None:
    """Read from its mark; the tags of its version tell that it came past its commit."""
    run = await cut(bench, 23)
    assert await gone_on_with_elsewhere(run) is None, "its own journal knows as much"
    begun = tuple(replace(step, state=StepState.PLANNED) for step in run.now.steps)
    tags = bench.fake.registry.versions["iris", "2"].tags
    assert tags["modeldeck.operation"] == run.plan.id
    run.operation = replace(run.now, steps=begun)
    assert await gone_on_with_elsewhere(run) is None, "not adopted: its own journal tells"
    run.operation = replace(run.operation, adopted=True)
    ended = await gone_on_with_elsewhere(run)
    assert ended is not None
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert ended.message.endswith("it was gone on with on another machine: resume it there, or roll back")
    assert run.plan.id in ended.message


async def test_only_its_own_mark_that_stands_is_one(bench: Bench) -> None:
    """Neither what it left with an open end, which is its own without one, nor another's."""
    run = await cut(bench)
    tell(bench, mark=run.plan.id)
    assert await _marked(run)
    for past, mark in (((run.plan.id, "needs attention"), None), ((OTHER, "done"), OTHER), ((OTHER, "done"), "20260101-000000-cafe")):
        tell(bench, past, mark=mark)
        assert not await _marked(run)
