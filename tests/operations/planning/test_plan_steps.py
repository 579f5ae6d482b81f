"""What a plan's steps say, before and after, for each way in which a Deployment names its version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.journal.journal_file import JournalFailure
from modeldeck.operations.planning.plan import metrics_there
from tests.operations.conftest import Bench


def told(plan: Plan) -> dict[str, tuple[str, str]]:
    return {step.name.value: (step.before, step.after) for step in plan.steps}


async def test_a_version_in_the_template(bench: Bench) -> None:
    plan = await bench.good_plan("2")
    assert told(plan) == {
        "lock": ("free", f"held by {plan.id}, alias champion announced as moving"),
        "patch template": ("models:/iris/1", "models:/iris/2"),
        "await rollout": ("revision 1, 2 of 2 available", "2 replicas rolled out"),
        "move alias": ("champion at 1", "champion at 2"),
        "tag version": ("–", "modeldeck.* on version 2 and 1"),
        "write event": ("–", "Promoted on the deployment"),
        "verify": ("–", "alias, template and pods agree"),
        "release": (plan.id, "no operation, no lock"),
    }


async def test_an_alias_in_the_template(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    plan = await bench.good_plan("2")
    assert [step.name for step in plan.steps[:5]] == [
        StepName.LOCK,
        StepName.MARK,
        StepName.MOVE_ALIAS,
        StepName.RESTART,
        StepName.AWAIT_ROLLOUT,
    ]
    assert told(plan)["restart"] == ("pods started with 1", "pods started with 2")
    assert plan.last.by_alias


async def test_one_replica_and_an_alias_that_is_nowhere_yet(bench: Bench) -> None:
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"].update(replicas=1))
    bench.fake.cluster.roll_out("serving/iris")
    del bench.fake.registry.aliases["iris"]["champion"]
    plan = await bench.good_plan("2")
    assert told(plan)["await rollout"][1] == "1 replica rolled out"
    assert told(plan)["move alias"] == ("champion at nothing", "champion at 2")


async def test_where_only_the_alias_moves_no_pod_is_touched(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    plan = await bench.good_plan("1")
    assert list(told(plan)) == ["lock", "mark", "move alias", "tag version", "write event", "verify", "release"]
    assert told(plan)["mark"] == ("no operation", plan.id)
    assert told(plan)["tag version"] == ("–", "modeldeck.* on version 1")


async def test_where_the_alias_is_there_already_nothing_is_announced(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "2"
    plan = await bench.good_plan("2")
    assert told(plan)["lock"] == ("free", f"held by {plan.id}")
    assert "move alias" not in told(plan)


async def test_a_second_person_comes_first(bench: Bench) -> None:
    bench.fake.environment = replace(bench.fake.environment, approval=True)
    plan = await bench.good_plan("2")
    assert (plan.steps[0].name, plan.steps[0].after) == (StepName.AWAIT_APPROVAL, "approved by somebody other than ann@box")


async def test_a_roll_back_says_so_also_while_the_registry_is_away(bench: Bench) -> None:
    await bench.promote("2")
    plan = await bench.good_plan(None, kind=Kind.ROLLBACK)
    assert told(plan)["write event"] == ("–", "RolledBack on the deployment")
    assert told(plan)["move alias"] == ("champion at 2", "champion at 1")
    for call in ("registry", "model", "version", "access_to", "version_of_alias", "identity", "artifacts_answer"):
        bench.fake.traps.fail(call, Unreachable("refused"), times=9)
    away = await bench.good_plan(None, kind=Kind.ROLLBACK)
    assert told(away)["move alias"] == ("champion at nobody knows what", "champion at 1")
    assert (away.last.fingerprint.alias_known, away.registry) == (False, "")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reason": "x" * 501}, "the reason has 501 characters, 500 is the most"),
        ({"reason": "a\x1b[31m"}, "the reason holds control characters"),
        ({"alias": "a\nb"}, "the alias holds control characters"),
        ({"to": "2\u202e"}, "the version holds control characters"),
        ({"ungated": True, "reason": " "}, "to go on without a gate needs a reason"),
    ],
)
async def test_what_cannot_be_meant_is_no_intent(bench: Bench, fields: dict[str, Any], message: str) -> None:
    found = await bench.plan(**{"to": "2", **fields})
    assert isinstance(found, Refusal)
    assert (found.code, found.message) == ("usage", message)


async def test_a_reason_of_five_hundred_characters_is_kept(bench: Bench) -> None:
    assert (await bench.good_plan("2", reason="x" * 500)).intent.reason == "x" * 500


async def test_pods_that_cannot_be_read_leave_nothing_to_plan(bench: Bench) -> None:
    bench.fake.traps.fail("pods_of", Unreachable("refused"), times=9)
    found = await bench.plan("2")
    assert isinstance(found, Refusal)
    assert (found.code, found.message) == ("unreachable", "refused")


@pytest.mark.parametrize("breaks", [1, 2])
async def test_a_journal_that_breaks_leaves_nothing_to_plan(bench: Bench, breaks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it broke only after the subject was found."""
    read, looks = bench.journal.operations, list[int]()

    def operations() -> tuple[Operation, ...]:
        looks.append(1)
        if len(looks) == breaks:
            raise JournalFailure("no space left")
        found: tuple[Operation, ...] = read()
        return found

    monkeypatch.setattr(bench.journal, "operations", operations)
    found = await bench.plan("2")
    assert isinstance(found, Refusal)
    assert (found.code, found.message) == ("journal", "no space left")


async def test_a_prometheus_that_nobody_named_counts_only_where_it_answers(bench: Bench) -> None:
    def named(guessed: bool) -> Clients:
        target = PrometheusTarget("http://localhost:9090", guessed=guessed)
        bench.fake.measured = True
        return replace(bench.fake.clients, environment=replace(bench.fake.environment, prometheus=target))

    assert await metrics_there(named(True))
    assert not await metrics_there(replace(named(True), metrics=None))
    assert await metrics_there(bench.fake.clients)

    async def away() -> str:
        raise Unreachable("refused")

    async def hangs() -> str:
        raise TimeoutError

    for ping in (away, hangs):
        bench.fake.metrics.ping = ping  # type: ignore[method-assign]
        assert not await metrics_there(named(True))
        assert await metrics_there(named(False)), "the gate then holds"
