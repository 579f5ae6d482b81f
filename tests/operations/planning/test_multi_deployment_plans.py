"""The plan of one operation over several Deployments: whose steps come when, what is said once, and what cannot be planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION, mark_of
from modeldeck.domain.operations.checks import Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.patch import own_annotation
from modeldeck.operations.planning.multi_deployment import plan_for
from tests.operations.conftest import Bench

KEYS = ("serving/staging", "serving/canary", "serving/iris")
INTENT = Intent(Kind.PROMOTE, "serving", "staging", "iris", "2", "ann@box", "better", then=KEYS[1:])
COPYING = replace(INTENT, model="dev.iris", copy_to="iris")


def container(uri: str) -> list[dict[str, Any]]:
    return [{"name": "server", "image": "modeldeck/model-server:1", "env": [{"name": "MODEL_URI", "value": uri}]}]


@pytest.fixture
def three(bench: Bench) -> Bench:
    """Staging, canary and production of one model."""
    for name in ("staging", "canary"):
        bench.fake.cluster.add("serving", name, container("models:/iris/1"))
    return bench


@pytest.fixture
def copied(bench: Bench) -> Bench:
    """Staging serves dev.iris; canary and production serve iris."""
    bench.fake.registry.add("dev.iris", "1", "2", "7")
    bench.fake.registry.aliases["dev.iris"].update(champion="1", best="7")
    bench.fake.cluster.add("serving", "staging", container("models:/dev.iris/1"))
    bench.fake.cluster.add("serving", "canary", container("models:/iris/1"))
    return bench


async def made(bench: Bench, intent: Intent = INTENT) -> Plan:
    found = await plan_for(intent, bench.fake.clients, bench.journal, bench.fake.clock)
    assert isinstance(found, Plan), found
    return found


async def refused(bench: Bench, intent: Intent) -> Refusal:
    found = await plan_for(intent, bench.fake.clients, bench.journal, bench.fake.clock)
    assert isinstance(found, Refusal), found
    return found


def order(plan: Plan, *names: StepName) -> list[tuple[StepName, str]]:
    """Each of these steps with the name of its Deployment, in order."""
    return [(step.name, plan.targets[step.target].deployment) for step in plan.steps if not names or step.name in names]


async def test_the_deployments_stand_in_order_and_the_last_names_the_operation(three: Bench) -> None:
    plan = await made(three)
    assert plan.last.key == KEYS[2]
    assert [target.key for target in plan.targets] == [change.key for change in plan.changes] == [*KEYS]
    assert plan.intent == INTENT, "as it was wanted"
    marks = [mark_of({OPERATION: target.slot_edits[own_annotation(OPERATION)][1] or ""}) for target in plan.targets]
    assert {mark.id for mark in marks if mark} == {plan.id}


async def test_one_after_the_other_is_changed_and_everything_else_is_told_at_the_end(three: Bench) -> None:
    plan = await made(three)
    each = ("staging", "canary", "iris")
    evidence = (StepName.TAG_VERSION, StepName.WRITE_EVENT, StepName.VERIFY, StepName.RELEASE)
    assert order(plan) == [
        *[(StepName.LOCK, name) for name in each],
        *[(step, name) for name in each for step in (StepName.PATCH_TEMPLATE, StepName.AWAIT_ROLLOUT)],
        (StepName.MOVE_ALIAS, "staging"),
        *[(step, name) for name in each for step in evidence],
    ]


async def test_a_person_approves_the_whole_once(three: Bench) -> None:
    three.fake.environment = replace(three.fake.environment, approval=True)
    plan = await made(three)
    assert order(plan, StepName.AWAIT_APPROVAL) == [(StepName.AWAIT_APPROVAL, "staging")]
    assert plan.steps[0].name is StepName.AWAIT_APPROVAL


async def test_an_alias_that_pods_follow_moves_in_its_own_deployments_turn(three: Bench) -> None:
    three.fake.cluster.deployments.clear()
    three.fake.cluster.add("serving", "staging", container("models:/iris@champion"))
    three.fake.cluster.add("serving", "canary", container("models:/iris/1"))
    three.fake.cluster.add("serving", "iris", container("models:/iris/1"))
    plan = await made(three, replace(INTENT, alias="best"))
    changes = (StepName.MOVE_ALIAS, StepName.RESTART, StepName.PATCH_TEMPLATE)
    assert order(plan, *changes) == [
        (StepName.MOVE_ALIAS, "staging"),
        (StepName.RESTART, "staging"),
        (StepName.PATCH_TEMPLATE, "canary"),
        (StepName.PATCH_TEMPLATE, "iris"),
        (StepName.MOVE_ALIAS, "canary"),
    ]
    assert [step.after for step in plan.steps if step.name is StepName.MOVE_ALIAS] == ["champion at 2", "best at 2"]


def checks(plan: Plan, *names: str) -> list[tuple[str, str]]:
    return [(check.name, check.text) for check in plan.checks if check.name in names]


async def test_what_is_said_of_all_is_said_once_and_else_of_whom(three: Bench) -> None:
    three.fake.cluster.edit("serving/canary", lambda raw: raw["spec"].update(paused=True))
    plan = await made(three)
    said = dict(checks(plan, "environment", "version", "lock"))
    assert said == {"environment": "test may be changed", "version": "version 2 of iris is READY", "lock": "free"}
    assert checks(plan, "permission to patch") == [("permission to patch", f"{key}: patching {key} is allowed") for key in KEYS]
    assert checks(plan, "rollout") == [
        ("rollout", 'serving/staging: deployment "staging" successfully rolled out'),
        ("rollout", "serving/canary: the deployment is paused: no rollout would begin"),
        ("rollout", 'serving/iris: deployment "iris" successfully rolled out'),
    ]
    assert [check.name for check in plan.refused] == ["rollout"]
    names = [check.name for check in plan.checks]
    assert names == sorted(names, key=names.index), "what is of one kind stands together"


async def test_what_two_of_three_say_names_both(three: Bench) -> None:
    for key in ("serving/staging", "serving/iris"):
        three.fake.cluster.edit(key, lambda raw: raw["spec"].update(paused=True))
    said = [message for _, message in checks(await made(three), "rollout")]
    assert "serving/staging, serving/iris: the deployment is paused: no rollout would begin" in said
    assert len(said) == 2


async def test_one_deployment_says_everything_of_itself(copied: Bench) -> None:
    plan = await made(copied, replace(COPYING, deployment="iris", then=()))
    assert checks(plan, "permission to patch") == [("permission to patch", "patching serving/iris is allowed")]
    assert [target.key for target in plan.targets] == ["serving/iris"]


async def test_the_deployments_of_one_operation_are_not_warned_of_each_other(three: Bench) -> None:
    assert checks(await made(three), "other deployments") == []
    alone = await made(three, replace(INTENT, then=()))
    assert [message.split(" name ")[0] for _, message in checks(alone, "other deployments")] == ["serving/iris (1), serving/canary (1)"]


COPY = "python -c \"from mlflow import MlflowClient; MlflowClient().copy_model_version('models:/dev.iris/2', 'iris')\""


async def test_a_version_is_copied_right_before_the_first_that_needs_it(copied: Bench) -> None:
    copied.fake.registry.aliases["iris"]["champion"] = "1"
    plan = await made(copied, COPYING)
    around = (StepName.PATCH_TEMPLATE, StepName.COPY_VERSION, StepName.MOVE_ALIAS)
    assert order(plan, *around) == [
        (StepName.PATCH_TEMPLATE, "staging"),
        (StepName.COPY_VERSION, "canary"),
        (StepName.PATCH_TEMPLATE, "canary"),
        (StepName.PATCH_TEMPLATE, "iris"),
        (StepName.MOVE_ALIAS, "staging"),
        (StepName.MOVE_ALIAS, "canary"),
    ]
    (copy,) = (step for step in plan.steps if step.name is StepName.COPY_VERSION)
    assert (copy.before, copy.after, copy.command) == ("models:/dev.iris/2", "version 4 of iris", COPY)
    assert [(part.model, part.to_version, part.copied) for part in plan.changes] == [
        ("dev.iris", "2", False),
        ("iris", "4", True),
        ("iris", "4", True),
    ]


async def test_where_only_production_needs_the_copy_it_is_made_after_all_others(copied: Bench) -> None:
    copied.fake.cluster.edit(
        "serving/canary", lambda raw: raw["spec"]["template"]["spec"].update(containers=container("models:/dev.iris/1"))
    )
    copied.fake.cluster.roll_out("serving/canary")
    plan = await made(copied, COPYING)
    assert order(plan, StepName.PATCH_TEMPLATE, StepName.COPY_VERSION) == [
        (StepName.PATCH_TEMPLATE, "staging"),
        (StepName.PATCH_TEMPLATE, "canary"),
        (StepName.COPY_VERSION, "iris"),
        (StepName.PATCH_TEMPLATE, "iris"),
    ]


async def test_an_alias_names_what_is_copied(copied: Bench) -> None:
    plan = await made(copied, replace(COPYING, to_version="@best"))
    assert [(part.model, part.to_version) for part in plan.changes] == [("dev.iris", "7"), ("iris", "4"), ("iris", "4")]
    assert plan.last.copied_from == "models:/dev.iris/7"
    gone = await refused(copied, replace(COPYING, to_version="@nobody"))
    assert (gone.code, gone.message) == ("version_not_found", "version @nobody of dev.iris does not exist")
    strange = await refused(copied, replace(COPYING, model="strange", to_version="@best"))
    assert (strange.code, strange.message) == ("version_not_found", "version @best of strange does not exist")


@pytest.mark.parametrize(("status", "number"), [("READY", "3"), ("PENDING_REGISTRATION", "4")])
async def test_a_copy_that_is_there_already_is_not_made_again(copied: Bench, status: str, number: str) -> None:
    known = copied.fake.registry.versions["iris", "3"]
    copied.fake.registry.versions["iris", "3"] = replace(known, source="models:/dev.iris/2", status=status)
    plan = await made(copied, COPYING)
    assert plan.last.to_version == number
    assert [name for name, _ in order(plan, StepName.COPY_VERSION)] == ([] if status == "READY" else [StepName.COPY_VERSION])
    assert (plan.last.copied_from is None) is (status == "READY")


NO_COPY = "a version is copied from one registered model to another one"


@pytest.mark.parametrize(
    ("intent", "message", "hint"),
    [
        (replace(INTENT, kind=Kind.ROLLBACK), "a roll-back is about one deployment", "roll back one after the other"),
        (replace(INTENT, then=(*KEYS[1:], *KEYS[:2])), "named twice: serving/canary, serving/staging", ""),
        (replace(INTENT, copy_to="iris"), NO_COPY, "--copy-to OTHER-MODEL"),
        (replace(INTENT, model=None, copy_to="iris"), NO_COPY, "--copy-to OTHER-MODEL"),
        (replace(INTENT, then=(), copy_to="iris"), NO_COPY, "--copy-to OTHER-MODEL"),
    ],
)
async def test_what_nobody_can_mean(three: Bench, intent: Intent, message: str, hint: str) -> None:
    found = await refused(three, intent)
    assert (found.code, found.message, found.hint) == ("usage", message, hint)


async def test_a_copy_that_nobody_would_serve_is_not_made(copied: Bench) -> None:
    for model, target in (("dev.iris", "zebra"), ("dev.iris", "a.iris")):
        found = await refused(copied, replace(COPYING, model=model, copy_to=target, then=()))
        assert (found.code, found.hint) == ("copy_unused", f"name a deployment that serves {target}")
        assert found.message == f"none of these deployments serves {target}, so that a copy there would serve nowhere"


@pytest.mark.parametrize(("then", "who"), [(("serving/nowhere",), "serving/nowhere"), (("serving/canary", "x/y"), "x/y")])
async def test_of_several_it_is_told_which_one_cannot_be_planned(three: Bench, then: Sequence[str], who: str) -> None:
    found = await refused(three, replace(INTENT, then=tuple(then)))
    assert found.code == "deployment_not_found"
    assert found.message.startswith(f"{who}: ")


async def test_backends_that_are_away_refuse(copied: Bench) -> None:
    copied.fake.traps.fail("registry", Unreachable("refused", hint="start it", backend="MLflow"), times=9)
    found = await refused(copied, COPYING)
    assert (found.code, found.message, found.hint) == ("unreachable", "MLflow: refused", "start it")
    assert found.failure is not None
    copied.fake.traps.clear()
    copied.fake.traps.fail("deployment", Unreachable("gone", hint="look", backend="Kubernetes"), times=9)
    found = await refused(copied, COPYING)
    assert (found.code, found.message, found.hint) == ("unreachable", "serving/staging: Kubernetes: gone", "look")


async def test_a_later_deployment_that_names_no_model_is_told_to_be_unlinked(copied: Bench) -> None:
    copied.fake.cluster.add("serving", "plain", container("file.pkl"))
    found = await refused(copied, replace(COPYING, then=("serving/iris", "serving/plain")))
    assert (found.code, found.message.startswith("serving/plain: ")) == ("unlinked", True)


async def test_a_name_alone_is_of_the_namespace_of_the_first(three: Bench) -> None:
    plan = await made(three, replace(INTENT, then=("canary",)))
    assert [part.key for part in plan.changes] == ["serving/staging", "serving/canary"]


async def test_of_a_copy_everything_is_ready_beforehand(copied: Bench) -> None:
    plan = await made(copied, COPYING)
    versions = [check for check in plan.checks if check.name == "version"]
    assert [(check.verdict, check.text) for check in versions] == [
        (Verdict.OK, "serving/staging: version 2 of dev.iris is READY"),
        (Verdict.OK, "serving/canary, serving/iris: version 4 of iris is made as a copy of models:/dev.iris/2, which is READY"),
    ]
