"""What is worked out of a plan: where the commit is, and what it does to each Deployment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
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


def test_what_follows_the_commit_is_evidence() -> None:
    whole = (StepName.LOCK, StepName.PATCH_TEMPLATE, StepName.MOVE_ALIAS, StepName.TAG_VERSION, StepName.RELEASE, StepName.OTHER)
    assert plan_of(*whole).commit_index == 2
    assert plan_of(StepName.LOCK, StepName.TAG_VERSION).commit_index == 0
    assert plan_of(StepName.TAG_VERSION, StepName.OTHER).commit_index == -1
    assert plan_of().commit_index == -1
    assert (plan_of().already_there, plan_of(StepName.LOCK).already_there) == (True, False)


def test_deployments_in_the_order_in_which_they_follow() -> None:
    own = plan_of().last
    both = plan_of(targets=(replace(own, deployment="staging", copied_from="models:/dev/3"), own))
    assert both.last is own
    assert [change.key for change in both.changes] == ["serving/staging", "serving/iris"]
    assert [change.copied for change in both.changes] == [True, False]
    (of_staging, _) = both.changes
    assert of_staging == VersionChange("serving/staging", "iris", "6", "7", copied=True, uid="uid", alias="champion", alias_before="6")


def test_nothing_is_said_of_a_plan_that_nobody_said() -> None:
    found = plan_of().last
    assert (found.fingerprint.alias_known, found.fingerprint.autoscaled, found.by_alias, found.change.copied) == (True, False, False, False)


def test_what_refuses_is_told_apart() -> None:
    refusing = Check(CheckName.LOCK, Verdict.REFUSE, "held")
    checks = (Check(CheckName.GATE, Verdict.WARN, "few requests"), refusing, Check(CheckName.VERSION, Verdict.UNKNOWN, "?"))
    assert plan_of(checks=checks).refused == (refusing,)
    assert plan_of().refused == ()
