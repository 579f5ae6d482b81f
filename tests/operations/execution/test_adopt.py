"""What was planned and how far it came, as far as a mark and the tags of a version tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, NotFound, TimedOut, Unreachable
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OPERATION_TAG, OperationAnnotation, history_text, mark_text
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import EVIDENCE, StepName, StepState
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.adopt import adopt, plan_of, told_by_tags
from tests.domain.links.templates import container, deployment, template
from tests.operations.conftest import Bench

MARK = OperationAnnotation("op", "promote", "ann", "iris", "1", "2", "champion", "1", edits={"/spec/template/x": ("a", "b")})


def adopted(mark: OperationAnnotation = MARK, uri: str = "models:/iris/1", **annotations: str) -> Plan:
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
    assert plan.last.by_alias is (plan.intent.alias != "" and uri.endswith(f"@{plan.intent.alias}"))


def test_what_the_mark_says_stands_in_the_plan() -> None:
    plan = adopted()
    assert (plan.id, plan.environment, plan.last.from_version, plan.last.to_version, plan.intent.kind) == (
        "op",
        "prod",
        "1",
        "2",
        Kind.PROMOTE,
    )
    assert (plan.last.fingerprint.alias_version, plan.last.fingerprint.alias_known, plan.last.fingerprint.last_operation) == ("1", True, "")
    assert [(step.before, step.after) for step in plan.steps][1] == ("champion at 1", "champion at 2")
    assert plan.last.slot_edits["/spec/template/x"] == ("a", "b")
    assert plan.last.slot_edits["/metadata/annotations/modeldeck.dev~1operation"] == (None, mark_text(MARK))
    back = adopted(replace(MARK, kind="rollback", previous=None), **{HISTORY: history_text({}, OperationAnnotation("before"))})
    assert (back.intent.kind, back.last.fingerprint.last_operation, back.steps[1].before) == (
        Kind.ROLLBACK,
        "before",
        "champion at nothing",
    )


async def told(bench: Bench, plan: Plan) -> bool:
    return await told_by_tags(plan.id, plan.last, bench.fake.clients, bench.fake.clock)


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
    bench.fake.clock.on_sleep.append(lambda: registry.versions.update({("iris", "2"): tagged}))
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


def test_a_change_of_the_alias_alone_says_so() -> None:
    """Pods that follow the alias name it; what was to be changed besides is a restart."""
    plan = adopted(replace(MARK, previous="1"), "models:/iris@champion")
    told = [(step.name, step.before, step.after) for step in plan.steps]
    assert told == [
        (StepName.MARK, "no operation", "op"),
        (StepName.MOVE_ALIAS, "champion at 1", "champion at 2"),
        (StepName.RESTART, "as before", "version 2"),
    ]


@pytest.mark.parametrize("where", ["args", "command", "env"])
def test_the_alias_may_be_named_anywhere_in_a_container(where: str) -> None:
    uri = "models:/iris@champion"
    parts: dict[str, Any] = {"args": ("x",), "command": ("x",), "env": {}}
    parts[where] = {"A": None, "MODEL_URI": uri} if where == "env" else ("--uri", uri)
    of = deployment(of=template(container(**parts)), annotations={OPERATION: mark_text(MARK)})
    assert plan_of(MARK, of, "prod", ClusterId("c")).last.by_alias


async def test_an_alias_that_cannot_be_read_tells_only_where_it_could_not_before(bench: Bench) -> None:
    for known in (True, False):
        bench.fake.traps.fail("version_of_alias", Unreachable("refused"))
        plan = adopted(replace(MARK, previous_known=known))
        if known:
            with pytest.raises(Unreachable):
                await told(bench, plan)
        else:
            assert not await told(bench, plan)


def mark_on(bench: Bench, key: str, mark: OperationAnnotation = MARK) -> None:
    bench.fake.cluster.edit(key, lambda raw: raw["metadata"]["annotations"].update({OPERATION: mark_text(mark)}))


async def taken(bench: Bench, *, finish: bool = False) -> Plan:
    return await adopt("op", bench.fake.clients, bench.journal, bench.fake.clock, finish=finish)


async def test_it_is_written_as_one_that_was_cut_off_in_each_of_its_steps(bench: Bench) -> None:
    mark_on(bench, "serving/iris")
    plan = await taken(bench)
    planned, *rest = bench.journal.written
    assert (planned.kind, planned.body["host"], planned.body["adopted"]) == ("planned", host(), True)
    assert [(entry.kind, entry.body["step"]) for entry in rest] == [("trying", 0), ("request", 0), ("trying", 1), ("request", 1)]
    assert {entry.body["at"] for entry in bench.journal.written} == {bench.fake.clock.now()}
    assert [entry.message for entry in rest if entry.kind == "request"] == [
        f"{step.name}: as the mark on the deployment tells" for step in plan.steps
    ]
    operation = bench.journal.operation("op")
    assert {step.state for step in operation.steps} == {StepState.TRYING}
    assert (operation.environment, operation.adopted) == ("test", True)
    assert operation.cluster == bench.fake.cluster.id


async def test_past_its_commit_all_but_the_evidence_is_done(bench: Bench) -> None:
    mark_on(bench, "serving/iris")
    await bench.fake.registry.tag_version("iris", "2", {OPERATION_TAG: "op"})
    with pytest.raises(Conflict, match="is a roll-back") as failed:
        await taken(bench)
    assert failed.value.hint == "modeldeck operations resume op finishes it; then modeldeck rollback serving/iris"
    assert bench.journal.written == []
    await taken(bench, finish=True)
    operation = bench.journal.operation("op")
    assert [step.name for step in operation.steps][2:] == list(EVIDENCE)
    assert [step.state for step in operation.steps] == [StepState.DONE] * 2 + [StepState.PLANNED] * len(EVIDENCE)
    assert {(step.before, step.after) for step in operation.steps[2:]} == {("–", "as the mark tells")}


async def test_one_that_is_not_past_its_commit_is_not_finished(bench: Bench) -> None:
    mark_on(bench, "serving/iris")
    with pytest.raises(Conflict, match="can be taken back, not gone on with") as failed:
        await taken(bench, finish=True)
    assert failed.value.hint == "modeldeck operations undo op"
    assert bench.journal.written == []


async def test_of_several_deployments_those_that_carry_its_mark_are_its_own(bench: Bench) -> None:
    for name in ("staging", "eu", "us"):
        bench.fake.cluster.add(
            "serving", name, [{"name": "server", "image": "s:1", "env": [{"name": "MODEL_URI", "value": "models:/iris/1"}]}]
        )
    mark_on(bench, "serving/staging")
    mark_on(bench, "serving/us", replace(MARK, id="another"))
    mark_on(bench, "serving/iris")
    plan = await taken(bench)
    assert sorted(target.key for target in plan.targets) == ["serving/iris", "serving/staging"]
    assert [step.target for step in plan.steps] == [0, 0, 1, 1]
    await bench.fake.registry.tag_version("iris", "2", {OPERATION_TAG: "op"})
    finished = await taken(bench, finish=True)
    with pytest.raises(Conflict) as failed:
        await adopt("op", bench.fake.clients, bench.journal, bench.fake.clock)
    assert failed.value.hint.endswith(f"then modeldeck rollback {plan.intent.key}")
    evidence = [(step.target, step.name) for step in finished.steps if step.name in EVIDENCE]
    assert evidence == [(target, name) for target in (0, 1) for name in EVIDENCE]


async def test_where_no_deployment_carries_its_mark_it_is_not_known(bench: Bench) -> None:
    mark_on(bench, "serving/iris", replace(MARK, id="another"))
    with pytest.raises(NotFound, match="no operation op, neither in this journal nor on a deployment"):
        await taken(bench)
    mark_on(bench, "serving/iris", replace(MARK, to_version=None))
    with pytest.raises(NotFound):
        await taken(bench)
