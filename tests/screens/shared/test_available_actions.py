from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.environments import Environment
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.operations.journal.signals import same_person
from modeldeck.screens.shared.available_actions import UNTAKEN, Action, AvailableActions, untaken
from tests.support import operations as ops
from tests.support import sample

APPROVAL = replace(
    ops.BEGUN,
    state=State.WAITING,
    steps=(replace(Step(StepName.AWAIT_APPROVAL, "not approved", "approved"), state=StepState.TRYING), *ops.STEPS),
)


def standing(
    operation: Operation, *, gone: bool = False, who: str = "ann@box", environment: Environment = sample.ENVIRONMENT
) -> AvailableActions:
    return AvailableActions(operation, ops.PLAN, gone, who, environment)


@pytest.mark.parametrize(
    ("operation", "gone", "offered"),
    [
        (ops.ROLLING, False, {Action.UNDO}),
        (ops.JUDGING, False, {Action.UNDO, Action.EXTEND}),
        (ops.HELD, False, {Action.UNDO, Action.EXTEND, Action.ACCEPT}),
        (ops.HELD, True, {Action.UNDO, Action.RESUME}),
        (ops.DONE, False, set()),
        (ops.UNDONE, False, set()),
        (ops.ATTENTION, False, {Action.UNDO, Action.RESUME}),
    ],
)
def test_what_can_be_done(operation: Operation, gone: bool, offered: set[Action]) -> None:
    found = standing(operation, gone=gone)
    assert {act for act in Action if found.why_not(act) == ""} == offered


def test_one_that_is_not_heard_can_be_taken_over() -> None:
    found = replace(standing(ops.JUDGING), unheard=40.0)
    assert {act for act in Action if found.why_not(act) == ""} == {Action.UNDO, Action.RESUME}


def test_one_of_another_cluster_is_not_ours_whatever_its_environment_is_called() -> None:
    there = replace(ops.JUDGING, cluster=ClusterId("there"), environment=sample.ENVIRONMENT.name)
    found = replace(standing(there, gone=True), cluster=ClusterId("here"))
    assert found.why_not(Action.UNDO) == "it belongs to another cluster"
    assert replace(found, cluster=ClusterId("there")).why_not(Action.UNDO) == ""


def test_what_was_begun_on_another_machine_can_only_be_taken_back() -> None:
    found = standing(replace(ops.JUDGING, adopted=True), gone=True)
    assert found.why_not(Action.RESUME) == "begun on another machine"
    assert found.why_not(Action.UNDO) == ""
    moved = replace(ops.JUDGING, adopted=True, steps=tuple(replace(step, state=StepState.DONE) for step in ops.STEPS))
    assert standing(moved, gone=True).why_not(Action.RESUME) == ""
    assert standing(moved, gone=True).why_not(Action.UNDO) == "past its commit: roll back instead"


def test_the_way_back_is_asked_for_once() -> None:
    assert standing(replace(ops.JUDGING, cancel_asked=True)).why_not(Action.UNDO) == "it was asked to"
    assert standing(replace(ops.JUDGING, undoing=True, state=State.UNDOING)).why_not(Action.UNDO) == "it is being undone"


def test_an_undo_takes_back_in_reverse_what_may_have_changed_something() -> None:
    moved = replace(ops.STEPS[4], state=StepState.TRYING, requests=1)
    steps = (*ops.JUDGING.steps[:4], moved, *ops.STEPS[5:])
    assert [step.name.value for step in standing(replace(ops.JUDGING, steps=steps)).taken_back] == ["move alias", "patch template"]
    assert standing(ops.BEGUN).taken_back == ()


def test_nobody_took_it_up_only_after_a_while() -> None:
    planned = replace(ops.BEGUN, state=State.PLANNED, runner_pid=None)
    assert untaken(planned, planned.started_at + UNTAKEN)
    assert not untaken(planned, planned.started_at + UNTAKEN - 1)
    assert not untaken(ops.BEGUN, ops.BEGUN.started_at + 1e6)


OPERATIONS = st.builds(
    lambda operation, state, outcome, cancel, undoing, adopted, actor: replace(
        operation,
        state=state,
        outcome=outcome if state is State.ENDED else None,
        cancel_asked=cancel,
        undoing=undoing,
        adopted=adopted,
        actor=actor,
    ),
    st.sampled_from([ops.BEGUN, ops.ROLLING, ops.JUDGING, ops.HELD, ops.DONE, ops.UNDONE, ops.ATTENTION, APPROVAL]),
    st.sampled_from(State),
    st.sampled_from(Outcome),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["ann@box", "ann@laptop", "bob@laptop"]),
)


@given(OPERATIONS, st.booleans(), st.booleans())
def test_wishes_and_recoveries_are_never_offered_together(operation: Operation, gone: bool, read_only: bool) -> None:
    found = standing(operation, gone=gone, environment=replace(sample.ENVIRONMENT, read_only=read_only))
    offered = {act for act in Action if found.why_not(act) == ""}
    if read_only:
        assert not offered
    if Action.RESUME in offered:
        assert not offered & {Action.ACCEPT, Action.EXTEND, Action.APPROVE}
        assert found.left_behind
    if operation.state is State.ENDED and operation.outcome is not Outcome.NEEDS_ATTENTION:
        assert not offered
    if Action.APPROVE in offered:
        assert not same_person(operation.actor, "ann@box")


def test_the_same_person_on_another_machine_is_no_second_person() -> None:
    assert standing(APPROVAL, who="ann@laptop").why_not(Action.APPROVE) == "your own: somebody else has to"
    assert standing(APPROVAL, who="bob@box").why_not(Action.APPROVE) == ""
