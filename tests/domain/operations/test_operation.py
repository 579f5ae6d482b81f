"""What is worked out of an operation: whom it waits for, what its gate said, how a command ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.gates import GateVerdict, Judgement
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange


def step(name: StepName, state: StepState = StepState.PLANNED, **parts: Any) -> Step:
    return Step(name, "", "", state=state, **parts)


def operation(*steps: Step, state: State = State.ENDED, outcome: Outcome | None = None, uid: str = "") -> Operation:
    return Operation(
        "op-1", Kind.PROMOTE, "ann", (VersionChange("serving/iris", "iris", "6", "7", uid=uid),), "", state, outcome, 0.0, None, None, steps
    )


JUDGED = {verdict: (Judgement(0.0, 0.0, verdict, ()),) for verdict in GateVerdict}


@pytest.mark.parametrize(
    ("outcome", "gate", "code"),
    [
        (None, StepState.TRYING, ExitCode.WAITING),
        (Outcome.DONE, StepState.DONE, ExitCode.DONE),
        (Outcome.DONE, StepState.FAILED, ExitCode.DONE),
        (Outcome.NOTHING_TO_DO, StepState.PLANNED, ExitCode.DONE),
        (Outcome.UNDONE, StepState.FAILED, ExitCode.GATE_FAILED),
        (Outcome.UNDONE, StepState.DONE, ExitCode.UNDONE),
        (Outcome.REFUSED, StepState.PLANNED, ExitCode.REFUSED),
        (Outcome.NEEDS_ATTENTION, StepState.FAILED, ExitCode.NEEDS_ATTENTION),
    ],
)
def test_how_a_command_ends(outcome: Outcome | None, gate: StepState, code: ExitCode) -> None:
    failed = step(StepName.JUDGE_GATE, gate, judgements=JUDGED[GateVerdict.FAIL])
    assert operation(failed, outcome=outcome).exit_code is code


@pytest.mark.parametrize(
    ("name", "verdict", "failed"),
    [
        (StepName.JUDGE_GATE, GateVerdict.FAIL, True),
        (StepName.JUDGE_GATE, GateVerdict.ERROR, False),
        (StepName.JUDGE_GATE, None, False),
        (StepName.AWAIT_ROLLOUT, GateVerdict.FAIL, False),
    ],
)
def test_a_gate_failed_where_its_last_word_was_fail(name: StepName, verdict: GateVerdict | None, failed: bool) -> None:
    judgements: tuple[Judgement, ...] = (*JUDGED[GateVerdict.PASS], *JUDGED[verdict]) if verdict else ()
    found = operation(step(name, StepState.FAILED, judgements=judgements), outcome=Outcome.UNDONE)
    assert found.gate_failed is failed
    assert found.judged == (judgements[-1] if verdict else None)


@pytest.mark.parametrize(
    ("state", "name", "of_step", "awaits"),
    [
        (State.WAITING, StepName.AWAIT_APPROVAL, StepState.TRYING, True),
        (State.WAITING, StepName.AWAIT_APPROVAL, StepState.DONE, False),
        (State.WAITING, StepName.JUDGE_GATE, StepState.TRYING, False),
        (State.RUNNING, StepName.AWAIT_APPROVAL, StepState.TRYING, False),
        (State.ENDED, StepName.AWAIT_APPROVAL, StepState.TRYING, False),
    ],
)
def test_who_waits_for_approval(state: State, name: StepName, of_step: StepState, awaits: bool) -> None:
    assert operation(step(name, of_step), state=state).awaits_approval is awaits


def test_an_operation_is_about_a_deployment_by_its_uid_where_that_is_known() -> None:
    of_one, of_any = operation(uid="one"), operation()
    assert [of_one.is_about(*asked) for asked in (("serving/iris", "one"), ("serving/iris", "two"), ("serving/wine", "one"))] == [
        True,
        False,
        False,
    ]
    assert of_any.is_about("serving/iris", "two")


def test_nothing_is_said_of_an_operation_that_nobody_said() -> None:
    plain = operation()
    assert (plain.undoing, plain.cancel_asked, plain.adopted, plain.last.copied, plain.extended) == (False, False, False, False, 0.0)


def test_the_newest_judgement_is_of_the_last_step_that_has_one() -> None:
    early, late = (Judgement(at, at, GateVerdict.PASS) for at in (1.0, 2.0))
    steps = (step(StepName.JUDGE_GATE, judgements=(early,)), step(StepName.JUDGE_GATE, judgements=(early, late)), step(StepName.RELEASE))
    assert operation(*steps).judged == late
    assert operation(*steps[:1], steps[2]).judged == early
    assert operation().judged is None


def test_a_gate_that_failed_earlier_is_no_reason_where_the_last_word_was_another() -> None:
    fail, error = (Judgement(0.0, 0.0, verdict) for verdict in (GateVerdict.FAIL, GateVerdict.ERROR))
    undone = operation(step(StepName.JUDGE_GATE, StepState.FAILED, judgements=(fail, error)), outcome=Outcome.UNDONE)
    assert (undone.gate_failed, undone.exit_code) == (False, ExitCode.UNDONE)
    passed = operation(step(StepName.JUDGE_GATE, StepState.UNDONE, judgements=(fail,)), outcome=Outcome.UNDONE)
    assert not passed.gate_failed


def test_of_several_deployments_the_last_one_names_it() -> None:
    before = VersionChange("serving/staging", "iris", "6", "7")
    several = replace(operation(), changes=(before, *operation().changes))
    assert several.keys == ("serving/staging", "serving/iris")
    assert (several.key, several.last) == ("serving/iris", operation().last)
