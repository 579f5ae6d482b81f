"""The checks that only look: what each says, and whether it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, mark_text
from modeldeck.domain.kubernetes.workloads import Condition, Deployment
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.operations.checks import Check, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.planning.checks import environment, other_operations, reason, rolling, version
from modeldeck.operations.planning.plan_inputs import PlanInputs
from tests.domain.links.templates import container, deployment, template
from tests.operations.conftest import Bench

OK, WARN, REFUSE, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.REFUSE, Verdict.UNKNOWN
READY = ModelVersion("iris", "2", None, "READY", "None", 0.0, "")
HERE = deployment(of=template(container(env={"MODEL_URI": "models:/iris/1"})))


def subject(of: Deployment = HERE, kind: Kind = Kind.PROMOTE, **parts: Any) -> PlanInputs:
    link = link_of(HERE)
    assert link is not None
    values: dict[str, Any] = {"version": READY, "registry_failure": None, "to_version": "2", **parts}
    intent = Intent(kind, "serving", "iris", "iris", "2", "ann@box", str(values.pop("reason", "")))
    return PlanInputs(intent, of, link, "iris", "1", alias_version="1", **values)


def said(check: Check) -> tuple[Verdict, str]:
    return check.verdict, check.message


@pytest.mark.parametrize(
    ("parts", "verdict", "message"),
    [
        ({}, OK, "fake may be changed"),
        ({"approval": True}, WARN, "in fake somebody else has to approve a change"),
        ({"read_only": True}, REFUSE, "fake is read-only"),
        ({"read_only": True, "approval": True}, REFUSE, "fake is read-only"),
    ],
)
def test_the_environment(bench: Bench, parts: dict[str, Any], verdict: Verdict, message: str) -> None:
    clients = replace(bench.fake.clients, environment=replace(bench.fake.environment, name="fake", **parts))
    assert said(environment(clients)) == (verdict, message)


def test_a_reason_is_asked_for_where_the_environment_is_protected(bench: Bench) -> None:
    assert reason(subject(), bench.fake.clients) == ()
    protected = replace(bench.fake.clients, environment=replace(bench.fake.environment, name="prod", protected=True))
    assert [said(each) for each in reason(subject(reason="better"), protected)] == [(OK, "better")]
    assert [said(each) for each in reason(subject(reason="  "), protected)] == [(REFUSE, "prod is protected: a change needs a reason")]


@pytest.mark.parametrize(
    ("parts", "verdict", "message"),
    [
        ({}, OK, "version 2 of iris is READY"),
        ({"version": None}, REFUSE, "version 2 of iris does not exist"),
        ({"version": replace(READY, status="ZAPPED")}, REFUSE, "version 2 of iris is ZAPPED"),
        (
            {"version": replace(READY, status="FAILED_REGISTRATION", status_message="no space")},
            REFUSE,
            "version 2 of iris is FAILED_REGISTRATION: no space",
        ),
        ({"copied": replace(READY, model="dev", version="9")}, OK, "version 2 of iris is made as a copy of models:/dev/9, which is READY"),
        ({"version": None, "registry_failure": Unreachable("refused", backend="MLflow")}, UNKNOWN, "MLflow: refused"),
    ],
)
def test_the_version(parts: dict[str, Any], verdict: Verdict, message: str) -> None:
    assert said(version(subject(**parts))) == (verdict, message)


LATE = (Condition("Progressing", "False", "ProgressDeadlineExceeded", ""),)


@pytest.mark.parametrize(
    ("parts", "kind", "verdict", "message"),
    [
        ({}, Kind.PROMOTE, OK, 'deployment "iris" successfully rolled out'),
        ({"counts": 0}, Kind.PROMOTE, WARN, "scaled to 0: nothing will serve"),
        ({"paused": True}, Kind.ROLLBACK, REFUSE, "the deployment is paused: no rollout would begin"),
        ({"updated": 0}, Kind.PROMOTE, REFUSE, "a rollout is under way: Waiting for"),
        ({"updated": 0}, Kind.ROLLBACK, WARN, "Waiting for"),
        ({"updated": 0, "conditions": LATE}, Kind.PROMOTE, WARN, 'deployment "iris" exceeded its progress deadline'),
        ({"generation": 2}, Kind.PROMOTE, REFUSE, "a rollout is under way: Waiting for deployment spec update"),
    ],
)
def test_the_rollout(parts: dict[str, Any], kind: Kind, verdict: Verdict, message: str) -> None:
    found = rolling(subject(deployment(of=HERE.template, **parts), kind))
    assert (found.verdict, found.message.startswith(message)) == (verdict, True)


def operation(
    state: State = State.RUNNING, outcome: Outcome | None = None, *, id: str = "op", key: str = "serving/iris", uid: str = ""
) -> Operation:
    change = VersionChange(key, "iris", "1", "2", uid=uid)
    return Operation(id, Kind.PROMOTE, "ann", (change,), "", state, outcome, 0.0, None, None)


def marked(id: str = "op", **parts: Any) -> Mapping[str, str]:
    return {OPERATION: mark_text(OperationAnnotation(id, **parts))}


@pytest.mark.parametrize(
    ("annotations", "past", "verdict", "message"),
    [
        ({}, (), OK, "none under way"),
        ({}, (operation(State.ENDED, Outcome.DONE),), OK, "none under way"),
        ({}, (operation(),), REFUSE, "operation op of ann is under way"),
        ({}, (operation(State.ENDED, Outcome.DONE, id="over"), operation()), REFUSE, "operation op of ann is under way"),
        ({}, (operation(key="serving/wine"),), OK, "none under way"),
        ({}, (operation(uid="another"),), OK, "none under way"),
        (marked(), (), REFUSE, "operation op is under way"),
        (marked(actor="bob", at="10:00"), (), REFUSE, "operation op of bob, started 10:00 is under way"),
        (marked(), (operation(State.ENDED, Outcome.NEEDS_ATTENTION),), WARN, "operation op ended with an open end"),
        (marked(), (operation(State.ENDED, Outcome.UNDONE),), WARN, "the mark of operation op was left behind; it ended undone"),
        (marked(), (operation(),), REFUSE, "operation op is under way"),
        (marked(), (operation(State.ENDED, Outcome.UNDONE, id="other"),), REFUSE, "operation op is under way"),
    ],
)
def test_other_operations(annotations: Mapping[str, str], past: tuple[Operation, ...], verdict: Verdict, message: str) -> None:
    assert said(other_operations(subject(replace(HERE, annotations=annotations)), past)) == (verdict, message)


def test_one_that_was_cut_off_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeldeck.operations.planning.checks.is_abandoned", lambda one: one.state is not State.ENDED)
    gone = other_operations(subject(), (operation(State.ENDED, Outcome.DONE, id="over"), operation()))
    assert said(gone) == (WARN, "operation op was cut off; its mark is gone")
    stands = other_operations(subject(replace(HERE, annotations=marked())), (operation(),))
    assert said(stands) == (REFUSE, "operation op was cut off: its process is gone")
    assert stands.hint == "modeldeck operations undo op"
