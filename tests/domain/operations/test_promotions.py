"""What is worked out of a plan and of an operation: where the commit is, whom it waits for, how a command ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.gates import GateVerdict, Judgement
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Fingerprint, Plan, Target
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange


def step(name: StepName, state: StepState = StepState.PLANNED, **parts: Any) -> Step:
    return Step(name, "", "", state=state, **parts)


def plan_of(*names: StepName, **parts: Any) -> Plan:
    intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "7", "ann")
    fingerprint = Fingerprint("uid", 1, "hash", "6", "READY")
    target = Target("serving", "iris", "iris", "champion", "6", "7", fingerprint)
    return replace(Plan(intent, (target,), tuple(map(step, names)), ()), **parts)


def operation(*steps: Step, state: State = State.ENDED, outcome: Outcome | None = None, uid: str = "") -> Operation:
    return Operation(
        "op-1", Kind.PROMOTE, "ann", (VersionChange("serving/iris", "iris", "6", "7", uid=uid),), "", state, outcome, 0.0, None, None, steps
    )


def test_exit_codes_are_a_contract_with_pipelines() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "UNDONE": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "GATE_FAILED": 4,
        "NEEDS_ATTENTION": 5,
        "UNREACHABLE": 6,
        "WAITING": 7,
        "BUG": 8,
        "UNTOLD": 9,
    }


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


def test_what_follows_the_commit_is_evidence() -> None:
    whole = (StepName.LOCK, StepName.PATCH_TEMPLATE, StepName.MOVE_ALIAS, StepName.TAG_VERSION, StepName.RELEASE, StepName.OTHER)
    assert plan_of(*whole).commit_index == 2
    assert plan_of(StepName.LOCK, StepName.TAG_VERSION).commit_index == 0
    assert plan_of(StepName.TAG_VERSION, StepName.OTHER).commit_index == -1
    assert plan_of().commit_index == -1
    assert (plan_of().already_there, plan_of(StepName.LOCK).already_there) == (True, False)


@pytest.mark.parametrize(
    ("requests", "state", "stands"),
    [(0, StepState.TRYING, False), (1, StepState.TRYING, True), (1, StepState.DONE, True), (2, StepState.UNDONE, False)],
)
def test_a_step_may_stand_from_its_first_request_until_it_is_undone(requests: int, state: StepState, stands: bool) -> None:
    assert step(StepName.MOVE_ALIAS, state, requests=requests).may_stand is stands


def test_deployments_in_the_order_in_which_they_follow() -> None:
    own = plan_of().last
    both = plan_of(targets=(replace(own, deployment="staging", copied_from="models:/dev/3"), own))
    assert both.last is own
    assert [change.key for change in both.changes] == ["serving/staging", "serving/iris"]
    assert [change.copied for change in both.changes] == [True, False]
    (of_staging, _) = both.changes
    assert of_staging == VersionChange("serving/staging", "iris", "6", "7", copied=True, uid="uid", alias="champion", alias_before="6")
    assert (of_staging.namespace, of_staging.deployment) == ("serving", "staging")
    carried_out = replace(operation(), changes=both.changes)
    assert carried_out.keys == ("serving/staging", "serving/iris")
    assert (carried_out.key, carried_out.last) == ("serving/iris", both.changes[-1])


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
    assert VersionChange("serving/iris", "iris", None, "7").copied is False
    found = Fingerprint("uid", 1, "hash", "6", "READY")
    assert (found.alias_known, found.autoscaled, plan_of().last.by_alias, plan_of().intent.ungated) == (True, False, False, False)


def test_a_rollout_may_take_ten_minutes_and_a_step_is_of_the_first_deployment_unless_it_says_so() -> None:
    assert plan_of().intent.rollout_deadline == 600.0
    plain = step(StepName.LOCK)
    assert (plain.target, plain.requests, plain.may_stand) == (0, 0, False)
    moved = replace(plain, requests=1, state=StepState.TRYING)
    assert moved.may_stand


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
