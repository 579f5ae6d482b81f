"""The words and signs of operations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.render.cell import line_text
from modeldeck.render.moves import CUT_OFF, at_work, failure_lines, left_off, move, moves, sign, standing, step_sign, verb

PATCH = Step(StepName.PATCH_TEMPLATE, "a", "b")
OPERATION = Operation(
    "id", Kind.PROMOTE, "ann", (VersionChange("serving/iris", "iris", "6", "7"),), "", State.RUNNING, None, 0.0, None, None
)


def working(*states: StepState, undoing: bool = False) -> Operation:
    names = (StepName.LOCK, StepName.PATCH_TEMPLATE, StepName.MOVE_ALIAS)
    steps = tuple(Step(name, "", "", state=state) for name, state in zip(names, states, strict=False))
    return replace(OPERATION, steps=steps, undoing=undoing)


def test_an_outcome_says_more_than_a_state_and_a_process_that_is_gone_more_than_that() -> None:
    assert standing(OPERATION) == State.RUNNING
    assert standing(OPERATION, cut_off=True) == CUT_OFF
    assert standing(replace(OPERATION, outcome=Outcome.UNDONE, state=State.ENDED), cut_off=True) == Outcome.UNDONE


def test_every_way_to_stand_has_a_sign() -> None:
    ways = [replace(OPERATION, state=state) for state in State] + [replace(OPERATION, outcome=outcome) for outcome in Outcome]
    assert all(sign(way).text.strip() and sign(way).role for way in ways)
    ends = {outcome: sign(replace(OPERATION, outcome=outcome)).text for outcome in Outcome if outcome is not Outcome.NOTHING_TO_DO}
    assert len(set(ends.values())) == len(ends), "colour is never the only one"


def test_every_state_of_a_step_has_a_sign_of_its_own() -> None:
    signs = {state: step_sign(replace(PATCH, state=state), OPERATION).text for state in StepState}
    assert len(set(signs.values())) == len(signs)


@pytest.mark.parametrize(
    ("operation", "cut_off", "like"),
    [
        (OPERATION, False, StepState.TRYING),
        (replace(OPERATION, undoing=True), False, StepState.SKIPPED),
        (replace(OPERATION, state=State.ENDED), False, StepState.SKIPPED),
    ],
)
def test_a_step_that_nobody_goes_on_with_is_not_at_work(operation: Operation, cut_off: bool, like: StepState) -> None:
    trying = replace(PATCH, state=StepState.TRYING)
    assert step_sign(trying, operation, cut_off=cut_off) == step_sign(replace(PATCH, state=like), OPERATION)
    assert left_off(trying, operation) == (like is StepState.SKIPPED)


def test_a_step_of_an_operation_that_was_cut_off_is_cut_off_too() -> None:
    assert step_sign(replace(PATCH, state=StepState.TRYING), OPERATION, cut_off=True) == sign(OPERATION, cut_off=True)
    assert step_sign(replace(PATCH, state=StepState.DONE), OPERATION, cut_off=True).text == "✔"


@pytest.mark.parametrize("kind", Kind)
def test_what_is_moved_from_where_to_where(kind: Kind) -> None:
    assert line_text(move(kind, "iris", "6", "7", "serving/iris")) == f"{verb(kind)} iris  v6 → v7  on serving/iris"
    assert "  ? → v7  " in line_text(move(kind, "iris", None, "7", "serving/iris"))


def test_the_same_on_several_deployments_is_one_line() -> None:
    parts = [VersionChange(f"serving/{name}", "iris", "6", "7") for name in ("a", "b", "c")]
    assert [line_text(line) for line in moves(Kind.PROMOTE, parts)] == [
        "promote iris  v6 → v7  on serving/a, then serving/b, then serving/c"
    ]


def test_what_differs_gets_a_line_of_its_own_and_another_model_its_name() -> None:
    parts = [
        VersionChange("staging/iris", "dev.iris", "6", "7"),
        VersionChange("serving/a", "dev.iris", "5", "7"),
        VersionChange("serving/b", "prod.iris", "1", "2", copied=True),
        VersionChange("serving/c", "other", "1", "2"),
    ]
    assert [line_text(line) for line in moves(Kind.PROMOTE, parts)] == [
        "promote dev.iris  v6 → v7  on staging/iris",
        "  then v5 → v7  on serving/a",
        "  then copied to prod.iris  v1 → v2  on serving/b",
        "  then as other  v1 → v2  on serving/c",
    ]


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (working(StepState.DONE, StepState.TRYING, StepState.PLANNED), StepName.PATCH_TEMPLATE),
        (working(StepState.DONE, StepState.PLANNED, StepState.PLANNED), StepName.PATCH_TEMPLATE),
        (working(StepState.DONE, StepState.DONE, StepState.DONE), ""),
        (working(StepState.UNDOING, StepState.UNDONE, StepState.PLANNED, undoing=True), StepName.LOCK),
        (working(StepState.DONE, StepState.TRYING, StepState.PLANNED, undoing=True), ""),
    ],
)
def test_the_step_at_work(operation: Operation, name: str) -> None:
    assert at_work(operation) == name


def test_a_failure_has_its_hint_below() -> None:
    assert [line_text(line) for line in failure_lines(Unreachable("away", hint="wait", backend="MLflow"))] == ["✘ MLflow: away", "  wait"]
