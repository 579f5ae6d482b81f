"""Where the copy of a version stands among the steps of several deployments, and what keeps one of them from being planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.operations.checks import CheckName
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.planning.multi_deployment import plan_for
from tests.operations.conftest import Bench
from tests.operations.planning.test_multi_deployment import COPYING, INTENT, container


@pytest.fixture
def copied(bench: Bench) -> Bench:
    """Staging serves dev.iris; eu and production serve prod.iris."""
    for model in ("dev.iris", "prod.iris"):
        bench.fake.registry.add(model, "1", "2")
        bench.fake.registry.aliases[model]["champion"] = "1"
    bench.fake.cluster.add("serving", "staging", container("models:/dev.iris/1"))
    bench.fake.cluster.add("serving", "eu", container("models:/prod.iris/1"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"]["template"]["spec"].update(containers=container("models:/prod.iris/1")))
    bench.fake.cluster.roll_out("serving/iris")
    return bench


async def made(bench: Bench, intent: Intent) -> Plan | Refusal:
    return await plan_for(intent, bench.fake.clients, bench.journal, bench.fake.clock)


async def test_a_version_is_copied_once_right_before_the_first_that_needs_it(copied: Bench) -> None:
    plan = await made(copied, replace(COPYING, then=("serving/eu", "serving/iris")))
    assert isinstance(plan, Plan), plan
    assert not plan.refused
    changing = [(step.name, step.target) for step in plan.steps if step.name in (StepName.COPY_VERSION, StepName.PATCH_TEMPLATE)]
    assert changing == [
        (StepName.PATCH_TEMPLATE, 0),
        (StepName.COPY_VERSION, 1),
        (StepName.PATCH_TEMPLATE, 1),
        (StepName.PATCH_TEMPLATE, 2),
    ]
    assert [part.to_version for part in plan.changes] == ["2", "3", "3"]


async def test_what_is_said_of_every_deployment_is_said_once(copied: Bench) -> None:
    plan = await made(copied, replace(COPYING, then=("serving/eu", "serving/iris")))
    assert isinstance(plan, Plan)
    told = {check.name: [each.text for each in plan.checks if each.name == check.name] for check in plan.checks}
    assert len(told[CheckName.ENVIRONMENT]) == 1
    assert any(message.startswith("serving/staging: version 2 of dev.iris") for message in told[CheckName.VERSION])
    assert any(message.startswith("serving/eu, serving/iris: version 3 of prod.iris") for message in told[CheckName.VERSION])
    names = [check.name for check in plan.checks]
    assert [name for index, name in enumerate(names) if name not in names[:index]] == [*dict.fromkeys(sorted(names, key=names.index))]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"then": ("serving/nobody",)}, "not_found"),
        ({"then": ("serving/iris", "serving/iris")}, "usage"),
        ({"copy_to": "dev.iris"}, "usage"),
        ({"model": None}, "usage"),
        ({"kind": Kind.ROLLBACK}, "usage"),
        ({"to_version": "9"}, "version_not_found"),
        ({"to_version": "@nobody"}, "version_not_found"),
    ],
)
async def test_what_cannot_be_copied_is_refused(copied: Bench, change: dict[str, Any], code: str) -> None:
    found = await made(copied, replace(COPYING, **change))
    assert isinstance(found, Refusal)
    assert found.code == code


async def test_a_plan_that_the_world_has_left_behind_applies_nothing_and_says_why(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "staging", container("models:/iris/1"))
    plan = await made(bench, INTENT)
    assert isinstance(plan, Plan)
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    refused = await bench.run(plan)
    assert refused.outcome is Outcome.REFUSED
    assert refused.message.startswith(
        "nothing was applied, because the world moved since the plan was made: alias champion of iris moved from 1 to 3"
    )


async def test_the_announcement_goes_with_the_mark(bench: Bench) -> None:
    done = await bench.promote("2")
    assert done.outcome is Outcome.DONE
    assert done.message == "iris promoted: 1 → 2"
    assert bench.fake.registry.tags.get("iris", {}) == {}
    back = await bench.roll_back("1")
    assert back.message == "iris rolled back: 2 → 1"
