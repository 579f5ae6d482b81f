"""What a plan is made of: its steps in words, what it writes, which gate judges it, and what it was made from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.gates import Gate
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import (
    CHANGE_CAUSE,
    HISTORY,
    OPERATION,
    OPERATION_TAG,
    RESTARTED_AT,
    OperationAnnotation,
    history_text,
    mark_of,
)
from modeldeck.domain.links.slots import ANNOTATIONS, escape
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.common.patch import of_template, own_annotation
from modeldeck.operations.common.text import iso
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.planning import plan as module
from modeldeck.operations.planning.plan import chosen_gate, metrics_there, stamped
from tests.operations.conftest import Bench

OPERATION_AT, CAUSE_AT = own_annotation(OPERATION), own_annotation(CHANGE_CAUSE)
RESTARTED = f"{ANNOTATIONS}/{escape(RESTARTED_AT)}"


def step(made: Plan, name: StepName) -> Step:
    (found,) = (one for one in made.steps if one.name is name)
    return found


def message(made: Plan, name: StepName) -> tuple[str, str]:
    found = step(made, name)
    return found.before, found.after


async def test_each_step_says_what_is_and_what_will_be(bench: Bench) -> None:
    made = await bench.good_plan("2")
    assert [(one.before, one.after) for one in made.steps] == [
        ("free", f"held by {made.id}, alias champion announced as moving"),
        ("models:/iris/1", "models:/iris/2"),
        ("revision 1, 2 of 2 available", "2 replicas rolled out"),
        ("champion at 1", "champion at 2"),
        ("–", "modeldeck.* on version 2 and 1"),
        ("–", "Promoted on the deployment"),
        ("–", "alias, template and pods agree"),
        (made.id, "no operation, no lock"),
    ]


async def test_a_roll_back_says_so(bench: Bench) -> None:
    await bench.promote("2")
    made = await bench.good_plan(None, kind=Kind.ROLLBACK)
    assert message(made, StepName.WRITE_EVENT) == ("–", "RolledBack on the deployment")
    assert message(made, StepName.TAG_VERSION) == ("–", "modeldeck.* on version 1 and 2")


@pytest.mark.parametrize(("replicas", "after"), [(1, "1 replica rolled out"), (3, "3 replicas rolled out"), (0, "0 replicas rolled out")])
async def test_how_many_replicas_are_rolled_out(bench: Bench, replicas: int, after: str) -> None:
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"].update(replicas=replicas))
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert step(made, StepName.AWAIT_ROLLOUT).after == after


async def test_where_only_the_alias_moves_no_pod_does(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    made = await bench.good_plan("1")
    evidence = [StepName.TAG_VERSION, StepName.WRITE_EVENT, StepName.VERIFY, StepName.RELEASE]
    assert [one.name for one in made.steps] == [StepName.LOCK, StepName.MARK, StepName.MOVE_ALIAS, *evidence]
    assert message(made, StepName.MARK) == ("no operation", made.id)
    assert message(made, StepName.TAG_VERSION)[1] == "modeldeck.* on version 1", "it is the one that is left, too"
    assert set(made.last.slot_edits) == {OPERATION_AT}, "no rollout, and so no change cause"
    assert made.last.gate is None


@pytest.mark.parametrize("champion", ["2", "3"])
async def test_where_only_the_pods_move_nothing_is_announced(bench: Bench, champion: str) -> None:
    """Or the alias moves from a later version to an earlier one."""
    bench.fake.registry.aliases["iris"]["champion"] = champion
    made = await bench.good_plan("2")
    moves = champion != "2"
    assert (StepName.MOVE_ALIAS in [one.name for one in made.steps]) is moves
    assert message(made, StepName.LOCK)[1] == f"held by {made.id}" + (", alias champion announced as moving" if moves else "")


async def test_what_is_there_already_needs_no_step(bench: Bench) -> None:
    made = await bench.good_plan("1")
    assert (made.steps, made.last.slot_edits, made.already_there) == ((), {}, True)


async def test_an_alias_that_is_not_there_yet(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"].clear()
    assert message(await bench.good_plan("2"), StepName.MOVE_ALIAS) == ("champion at nothing", "champion at 2")
    assert message(await bench.good_plan("2", alias="best"), StepName.MOVE_ALIAS) == ("best at nothing", "best at 2")


async def test_an_alias_of_which_nobody_knows_where_it_is(bench: Bench) -> None:
    await bench.promote("2")
    bench.fake.traps.fail("registry", Unreachable("refused", backend="MLflow"), times=9)
    made = await bench.good_plan("1", kind=Kind.ROLLBACK)
    assert message(made, StepName.MOVE_ALIAS) == ("champion at nobody knows what", "champion at 1")
    assert not made.last.fingerprint.alias_known
    mark = mark_of({OPERATION: made.last.slot_edits[OPERATION_AT][1] or ""})
    assert mark is not None
    assert not mark.previous_known
    assert (made.registry, made.cluster) == ("", bench.fake.cluster.id), "nobody asks a registry that is away for its name"


@pytest.mark.parametrize(("champion", "to"), [("1", "2"), ("2", "1")])
async def test_pods_that_follow_the_alias_are_started_anew_where_it_moves(bench_of: Callable[[str], Bench], champion: str, to: str) -> None:
    bench = bench_of("models:/iris@champion")
    bench.fake.registry.aliases["iris"]["champion"] = champion
    made = await bench.good_plan(to)
    assert [one.name for one in made.steps][1:5] == [StepName.MARK, StepName.MOVE_ALIAS, StepName.RESTART, StepName.AWAIT_ROLLOUT]
    assert message(made, StepName.RESTART) == (f"pods started with {champion}", f"pods started with {to}")
    assert made.last.slot_edits[RESTARTED] == (None, iso(bench.fake.clock.now()))
    assert made.last.by_alias


async def test_behind_an_alias_the_template_tells_with_which_version_pods_started(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    await bench.promote("2")
    assert (await bench.good_plan("2")).already_there
    for version in ("1", "3"):
        bench.fake.registry.aliases["iris"]["champion"] = version
        names = [one.name for one in (await bench.good_plan("2")).steps]
        assert {StepName.MOVE_ALIAS, StepName.RESTART} <= set(names), "somebody moved it by hand: pods may have started since"
        names = [one.name for one in (await bench.good_plan(version)).steps]
        assert StepName.MOVE_ALIAS not in names
        assert StepName.RESTART in names


async def test_pods_behind_an_alias_that_points_nowhere(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    bench.fake.registry.aliases["iris"].clear()
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert message(made, StepName.RESTART)[0] == "pods started with an unknown version"
    assert message(made, StepName.TAG_VERSION)[1] == "modeldeck.* on version 2"


async def test_what_it_writes_beside_the_template(bench: Bench) -> None:
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({CHANGE_CAUSE: "nightly"}))
    made = await bench.good_plan("2")
    assert made.last.slot_edits[CAUSE_AT] == ("nightly", f"modeldeck promote iris 1 -> 2 by ann@box [{made.id}]: better")
    before, after = made.last.slot_edits[OPERATION_AT]
    assert before is None
    mark = mark_of({OPERATION: after or ""})
    assert mark is not None
    assert (mark.id, mark.kind, mark.actor, mark.model, mark.reason) == (made.id, "promote", "ann@box", "iris", "better")
    assert (mark.from_version, mark.to_version, mark.alias, mark.previous, mark.previous_known) == ("1", "2", "champion", "1", True)
    assert mark.at == iso(bench.fake.clock.now())
    assert dict(mark.edits) == {where: change for where, change in made.last.slot_edits.items() if where != OPERATION_AT}


@pytest.mark.parametrize(("tags", "expected"), [({}, ""), ({OPERATION_TAG: "earlier"}, "earlier")])
async def test_what_the_versions_tags_told_before(bench: Bench, tags: dict[str, str], expected: str) -> None:
    known = bench.fake.registry.versions["iris", "2"]
    bench.fake.registry.versions["iris", "2"] = replace(known, tags=tags)
    assert (await bench.good_plan("2")).last.fingerprint.tagged == expected


async def test_what_it_was_made_from(bench: Bench) -> None:
    last = history_text({}, OperationAnnotation("earlier", outcome="done"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({HISTORY: last}))
    bench.fake.registry.id = "registry-1"
    made = await bench.good_plan("2")
    taken = made.last.fingerprint
    assert (taken.deployment_uid, taken.replicas, taken.alias_version, taken.version_status) == ("uid-iris", 2, "1", "READY")
    assert (taken.last_operation, taken.alias_known, taken.autoscaled) == ("earlier", True, False)
    assert (made.environment, made.cluster, made.registry) == ("test", ClusterId("uid-of-kube-system", "address"), "registry-1")
    assert made.last.run_id == f"{2:032x}"


@pytest.mark.parametrize("scaled", [True, False, None])
async def test_whether_the_count_of_replicas_may_change_by_itself(bench: Bench, scaled: bool | None) -> None:
    bench.fake.cluster.hpa = scaled
    assert (await bench.good_plan("2")).last.fingerprint.autoscaled is (scaled is True)


async def test_an_approval_comes_before_everything(bench: Bench) -> None:
    bench.fake.environment = replace(bench.fake.environment, approval=True)
    made = await bench.good_plan("2")
    assert made.steps[0].name is StepName.AWAIT_APPROVAL
    assert message(made, StepName.AWAIT_APPROVAL) == ("not approved", "approved by somebody other than ann@box")
    assert (await bench.good_plan("1")).steps == (), "there is nothing to approve"


async def test_the_time_in_the_marks_is_that_at_which_it_is_carried_out(bench: Bench) -> None:
    made = await bench.good_plan("2")
    both = replace(made, targets=(made.last, made.last))
    later = stamped(both, bench.fake.clock.now() + 3600)
    for target in later.targets:
        mark = mark_of({OPERATION: target.slot_edits[OPERATION_AT][1] or ""})
        assert mark is not None
        assert mark.at == iso(bench.fake.clock.now() + 3600)
        assert {where: change for where, change in target.slot_edits.items() if where != OPERATION_AT} == {
            where: change for where, change in made.last.slot_edits.items() if where != OPERATION_AT
        }
    nothing = await bench.good_plan("1")
    assert stamped(nothing, 0.0) == nothing


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        ({"reason": "a\x07"}, "the reason holds control characters", "write it as one plain line of text"),
        ({"alias": "a\x07"}, "the alias holds control characters", "write it as one plain line of text"),
        ({"to": "2\x07"}, "the version holds control characters", "write it as one plain line of text"),
        ({"ungated": True, "reason": " "}, "to go on without a gate needs a reason", "--reason TEXT"),
        ({"reason": "x" * 501}, "the reason has 501 characters, 500 is the most", ""),
    ],
)
async def test_what_cannot_be_meant(bench: Bench, fields: dict[str, Any], message: str, hint: str) -> None:
    found = await bench.plan(**{"to": "2", **fields})
    assert isinstance(found, Refusal)
    assert (found.code, found.message, found.hint) == ("usage", message, hint)


async def test_what_can_be_meant(bench: Bench) -> None:
    await bench.good_plan("2", reason="x" * 500)
    await bench.good_plan("2", reason="")
    await bench.good_plan("2", reason="I watch it", ungated=True)


@pytest.mark.parametrize("call", ["pods_of"])
async def test_without_its_pods_there_is_no_plan(bench: Bench, call: str) -> None:
    bench.fake.traps.fail(call, Unreachable("refused", hint="look", backend="Kubernetes"), times=9)
    found = await bench.plan("2")
    assert isinstance(found, Refusal)
    assert (found.code, found.message, found.hint) == ("unreachable", "Kubernetes: refused", "look")
    assert isinstance(found.failure, Unreachable)


async def test_without_its_journal_there_is_no_plan(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def operations(*, limit: int = 200) -> tuple[()]:
        raise JournalFailure("the disk is gone")

    monkeypatch.setattr(bench.journal, "operations", operations)
    found = await bench.plan("2")
    assert isinstance(found, Refusal)
    assert (found.code, "the disk is gone" in found.message) == (JournalFailure.code, True)


def target(*, guessed: bool) -> PrometheusTarget:
    return PrometheusTarget("http://localhost:9090", guessed=guessed)


@pytest.mark.parametrize(
    ("prometheus", "answers", "there"),
    [(None, False, True), (target(guessed=False), False, True), (target(guessed=True), True, True), (target(guessed=True), False, False)],
)
async def test_a_prometheus_that_nobody_named_counts_only_where_it_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, prometheus: PrometheusTarget | None, answers: bool, there: bool
) -> None:
    async def ping() -> str:
        if not answers:
            raise Unreachable("refused")
        return "3.0"

    monkeypatch.setattr(bench.fake.metrics, "ping", ping)
    bench.fake.environment = replace(bench.fake.environment, prometheus=prometheus)
    assert not await metrics_there(bench.fake.clients), "there is none"
    bench.fake.measured = True
    assert await metrics_there(bench.fake.clients) is there
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert (made.last.gate is not None) is there
    assert (StepName.JUDGE_GATE in [one.name for one in made.steps]) is there


async def test_a_prometheus_that_nobody_named_is_not_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ping() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(bench.fake.metrics, "ping", ping)
    monkeypatch.setattr(module, "_GUESS_PATIENCE", 0.0)
    bench.fake.measured = True
    bench.fake.environment = replace(bench.fake.environment, prometheus=target(guessed=True))
    assert not await metrics_there(bench.fake.clients)


async def test_which_gate_judges_it(bench: Bench) -> None:
    own, asked = Gate(timeout=77.0), Gate(timeout=88.0)
    bench.fake.environment = replace(bench.fake.environment, gates={"iris": own})
    intent = (await bench.subject()).intent
    clients = bench.fake.clients
    assert chosen_gate(intent, clients, "iris") == own
    assert chosen_gate(intent, clients, "wine") == Gate()
    assert chosen_gate(replace(intent, gate=asked), clients, "iris") == asked
    assert chosen_gate(replace(intent, kind=Kind.ROLLBACK), clients, "iris") == own.for_rollback
    assert own.for_rollback != own
    assert chosen_gate(replace(intent, gate=asked, ungated=True), clients, "iris") is None


async def test_the_gate_is_told_and_comes_between_rollout_and_alias(bench: Bench) -> None:
    bench.fake.measured = True
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert [one.name for one in made.steps][2:5] == [StepName.AWAIT_ROLLOUT, StepName.JUDGE_GATE, StepName.MOVE_ALIAS]
    before, after = message(made, StepName.JUDGE_GATE)
    assert (before, after.startswith("passed: ")) == ("not judged", True)
    assert made.last.gate == Gate()
    assert of_template(made.last.slot_edits)


async def test_a_slot_that_cannot_be_written_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def slot_edits(*_: Any, **__: Any) -> Any:
        raise ValueError("version 2 has no run")

    monkeypatch.setattr(module, "slot_edits", slot_edits)
    found = await bench.plan("2")
    assert isinstance(found, Refusal)
    assert (found.code, found.message) == ("slot", "version 2 has no run")
    assert found.hint == "set /spec/template/spec/containers/0/env/1/value by hand once, so that it names iris"
