"""The contract of `--output json`: what is there is told, what is not known is null."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.gates import GateVerdict, Judgement
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, Said, State, Waiting
from modeldeck.domain.operations.plan import Fingerprint, Plan, Target
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.common.serialization import operation_json, plan_from_journal, plan_json, plan_to_journal, step_json
from tests.operations.conftest import Bench
from tests.support.operations import PLAN

STEP = Step(StepName.MOVE_ALIAS, "1", "2")
BARE = Operation("op", Kind.MOVE, "", (VersionChange("serving/iris", "", None, ""),), "", State.PLANNED, None, 0.0, None, None)
STAGING = VersionChange("serving/staging", "iris", "1", "2")
FULL = Operation(
    *("op", Kind.PROMOTE, "ann@box", (STAGING, VersionChange("serving/iris", "iris", "1", "2", alias="champion")), "better"),
    *(State.ENDED, Outcome.DONE, 1_800_000_000.0, 1_800_000_060.0, 4711),
    steps=(replace(STEP, command="curl", message="moved", started_at=1_800_000_001.0), replace(STEP, target=2)),
    message="done",
    log=(Said(1_800_000_002.0, "patched"),),
    environment="prod",
    cluster=ClusterId("uid", ""),
    waiting=Waiting("nobody", "", ("wait",)),
    next_commands=("modeldeck status",),
    heartbeat_at=1_800_000_059.0,
)


def test_what_is_not_known_of_an_operation_is_null() -> None:
    told = operation_json(BARE)
    assert {name: value for name, value in told.items() if value} == {
        "id": "op",
        "kind": "move",
        "namespace": "serving",
        "deployment": "iris",
        "deployments": ["serving/iris"],
        "changes": [{"deployment": "serving/iris", "model": None, "from_version": None, "to_version": None}],
        "state": "planned",
        "started_at": "1970-01-01T00:00:00.000Z",
    }
    assert {name for name, value in told.items() if value == []} == {"steps", "log", "next_commands"}
    assert {value for value in told.values() if not value and value != []} == {None}


def test_an_operation() -> None:
    told = operation_json(FULL)
    assert {name: told[name] for name in told if name not in ("steps", "changes")} == {
        "id": "op",
        "kind": "promote",
        "actor": "ann@box",
        "environment": "prod",
        "cluster": ClusterId("uid", "").text(),
        "model": "iris",
        "namespace": "serving",
        "deployment": "iris",
        "deployments": ["serving/staging", "serving/iris"],
        "alias": "champion",
        "from_version": "1",
        "to_version": "2",
        "reason": "better",
        "state": "ended",
        "outcome": "done",
        "started_at": "2027-01-15T08:00:00.000Z",
        "finished_at": "2027-01-15T08:01:00.000Z",
        "runner_pid": 4711,
        "heard_at": "2027-01-15T08:00:59.000Z",
        "gate": None,
        "waiting": {"message": "nobody", "details": None, "commands": ["wait"]},
        "next_commands": ["modeldeck status"],
        "message": "done",
        "log": [{"at": "2027-01-15T08:00:02.000Z", "message": "patched"}],
    }
    assert [change["deployment"] for change in told["changes"]] == ["serving/staging", "serving/iris"]
    named, stray = told["steps"]
    assert (named["deployment"], named["message"], named["command"]) == ("serving/staging", "moved", "curl")
    assert (named["started_at"], named["finished_at"]) == ("2027-01-15T08:00:01.000Z", None)
    assert (stray["deployment"], stray["message"], stray["command"]) == (None, None, None)


def test_the_newest_judgement_of_an_operation() -> None:
    judgements = tuple(
        Judgement(1_800_000_000.0 + at, at, verdict, ()) for at, verdict in ((1.0, GateVerdict.FAIL), (2.0, GateVerdict.PASS))
    )
    judged = replace(FULL, steps=(Step(StepName.JUDGE_GATE, "", "", state=StepState.DONE, judgements=judgements), STEP))
    gate = operation_json(judged)["gate"]
    assert (gate["verdict"], gate["at"]) == ("pass", "2027-01-15T08:00:02.000Z")


async def test_a_plan(bench: Bench) -> None:
    made = await bench.good_plan("2", reason="")
    told = plan_json(made)
    assert (told["reason"], told["already_there"], told["refused"], told["gate"]) == (None, False, False, None)
    assert (told["deployment"], told["deployments"], told["from_version"], told["to_version"]) == ("iris", ["serving/iris"], "1", "2")
    assert {"name": "environment", "verdict": "ok", "message": "test may be changed", "hint": None, "deployments": []} in told["checks"]
    refused = replace(made, checks=(Check(CheckName.ENVIRONMENT, Verdict.REFUSE, "no", "ask"),), steps=())
    assert (plan_json(refused)["refused"], plan_json(refused)["already_there"]) == (True, True)
    assert plan_json(refused)["checks"] == [{"name": "environment", "verdict": "refuse", "message": "no", "hint": "ask", "deployments": []}]


def test_a_step_of_a_deployment_that_is_not_known_names_none() -> None:
    assert [step_json(replace(STEP, target=target), ("a", "b"))["deployment"] for target in range(4)] == ["a", "b", None, None]


def test_a_plan_is_read_back_and_what_a_newer_one_wrote_is_left_alone() -> None:
    intent = Intent(Kind.ROLLBACK, "serving", "iris", "iris", "1", "ann@box", then=("serving/staging",))
    first = Target("serving", "staging", "iris", "champion", "2", "1", Fingerprint("uid", 1, "h", "2", "READY"))
    last = replace(first, deployment="iris", slot_edits={"/spec": (None, "x")}, by_alias=True, serving_sets=("iris-1",))
    whole = Plan(intent, (first, last), (replace(STEP, target=1),), (Check(CheckName.GATE, Verdict.OK, "fine"),))
    body = plan_to_journal(whole)
    assert plan_from_journal(body) == whole
    del body["steps"][0]["target"]
    assert plan_from_journal(body).steps == (STEP,), "of the first"
    body["colour"] = body["intent"]["colour"] = body["targets"][0]["fingerprint"]["colour"] = "red"
    body["steps"] = [{"name": "dance", "target": "first"}]
    body["checks"] = [{"name": "gate", "verdict": "maybe"}]
    newer = plan_from_journal(body)
    assert newer.steps == (Step(StepName.OTHER, "", ""),)
    assert newer.checks == (Check(CheckName.GATE, Verdict.UNKNOWN, ""),)
    assert replace(newer, steps=whole.steps, checks=whole.checks) == whole


@pytest.mark.parametrize("target", [-1, 1])
def test_a_step_of_a_deployment_that_the_plan_does_not_have_makes_it_unreadable(target: int) -> None:
    body = plan_to_journal(replace(PLAN, steps=(replace(STEP, target=target),)))
    with pytest.raises(ValueError, match="does not have"):
        plan_from_journal(body)
