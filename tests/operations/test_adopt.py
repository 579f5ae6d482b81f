"""What was planned and how far it came, as far as a mark and the tags of a version tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.domain.templates import container, deployment, template
from tests.operations.conftest import Bench
from tui.domain.failures import TimedOut
from tui.domain.identity import ClusterId
from tui.domain.marks import HISTORY, OPERATION, OPERATION_TAG, Mark, history_text, mark_text
from tui.domain.promotions import Kind, Plan, StepName
from tui.operations.adopt import plan_of, told_by_tags

MARK = Mark("op", "promote", "ann", "iris", "1", "2", "champion", "1", edits={"/spec/template/x": ("a", "b")})


def adopted(mark: Mark = MARK, uri: str = "models:/iris/1", **annotations: str) -> Plan:
    of = deployment(of=template(container(args=("--uri", uri))), annotations={OPERATION: mark_text(mark), **annotations})
    return plan_of(mark, of, "prod", ClusterId("c"))


def names(plan: Plan) -> list[StepName]:
    return [step.name for step in plan.steps]


@pytest.mark.parametrize(
    ("parts", "uri", "steps"),
    [
        ({}, "models:/iris/1", [StepName.PATCH_TEMPLATE, StepName.MOVE_ALIAS]),
        ({"edits": {}}, "models:/iris/1", [StepName.MARK, StepName.MOVE_ALIAS]),
        ({}, "models:/iris@champion", [StepName.MARK, StepName.MOVE_ALIAS, StepName.RESTART]),
        ({"edits": {}}, "models:/iris@champion", [StepName.MARK, StepName.MOVE_ALIAS]),
        ({}, "models:/iris@other", [StepName.PATCH_TEMPLATE, StepName.MOVE_ALIAS]),
        ({"alias": ""}, "models:/iris@champion", [StepName.PATCH_TEMPLATE, StepName.MOVE_ALIAS]),
        ({"alias": "Zeta"}, "models:/iris@Zeta", [StepName.MARK, StepName.MOVE_ALIAS, StepName.RESTART]),
    ],
)
def test_the_steps_of_an_operation_by_its_mark(parts: dict[str, Any], uri: str, steps: list[StepName]) -> None:
    plan = adopted(replace(MARK, **parts), uri)
    assert names(plan) == steps
    assert plan.by_alias is (plan.intent.alias != "" and uri.endswith(f"@{plan.intent.alias}"))


def test_what_the_mark_says_stands_in_the_plan() -> None:
    plan = adopted()
    assert (plan.id, plan.environment, plan.from_version, plan.to_version, plan.intent.kind) == ("op", "prod", "1", "2", Kind.PROMOTE)
    assert (plan.fingerprint.alias_version, plan.fingerprint.alias_known, plan.fingerprint.last_operation) == ("1", True, "")
    assert [(step.before, step.after) for step in plan.steps][1] == ("champion at 1", "champion at 2")
    assert plan.slot_edits["/spec/template/x"] == ("a", "b")
    assert plan.slot_edits["/metadata/annotations/modeldeck.dev~1operation"] == (None, mark_text(MARK))
    back = adopted(replace(MARK, kind="rollback", previous=None), **{HISTORY: history_text({}, Mark("before"))})
    assert (back.intent.kind, back.fingerprint.last_operation, back.steps[1].before) == (Kind.ROLLBACK, "before", "champion at nothing")


async def told(bench: Bench, plan: Plan) -> bool:
    return await told_by_tags(plan, bench.fake.world, bench.fake.clock)


async def test_a_tag_of_the_version_tells_that_it_came_past_its_commit(bench: Bench) -> None:
    assert not await told(bench, adopted())
    await bench.fake.registry.tag_version("iris", "2", {OPERATION_TAG: "another"})
    assert not await told(bench, adopted())
    await bench.fake.registry.tag_version("iris", "2", {OPERATION_TAG: "op"})
    assert await told(bench, adopted())


@pytest.mark.parametrize("champion", ["1", "3"])
async def test_one_that_has_not_moved_the_alias_is_not_waited_for(bench: Bench, champion: str) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = champion
    before = bench.fake.clock.now()
    assert not await told(bench, adopted())
    assert bench.fake.clock.now() == before


async def test_where_the_alias_has_moved_the_tag_may_still_be_on_its_way(bench: Bench) -> None:
    registry = bench.fake.registry
    registry.aliases["iris"]["champion"] = "2"
    before = bench.fake.clock.now()
    assert not await told(bench, adopted())
    assert bench.fake.clock.now() == before + 1.0
    tagged = replace(registry.versions["iris", "2"], tags={OPERATION_TAG: "op"})
    bench.fake.clock.on_sleep.append(lambda: registry.versions.update({("iris", "2"): tagged}))  # type: ignore[union-attr]
    assert await told(bench, adopted())


@pytest.mark.parametrize("known", [True, False])
async def test_a_registry_that_is_away_says_nothing_only_where_it_was_away_before(bench: Bench, known: bool) -> None:
    plan = adopted(replace(MARK, previous_known=known))
    bench.fake.traps.fail("version", TimedOut("no answer"), times=9)
    if known:
        with pytest.raises(TimedOut):
            await told(bench, plan)
    else:
        assert not await told(bench, plan)


async def test_a_version_that_is_gone_tells_nothing(bench: Bench) -> None:
    assert not await told(bench, adopted(replace(MARK, to_version="99")))


@pytest.mark.parametrize(
    ("kind", "read"), [("promote", Kind.PROMOTE), ("rollback", Kind.ROLLBACK), ("zap", Kind.PROMOTE), ("", Kind.PROMOTE)]
)
def test_a_kind_that_is_not_known_is_taken_for_a_promotion(kind: str, read: Kind) -> None:
    assert adopted(replace(MARK, kind=kind)).intent.kind is read
