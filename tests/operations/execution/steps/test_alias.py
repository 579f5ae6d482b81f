"""Setting an alias whose answer gets lost, or that somebody else moves meanwhile: looked at, and tried again, but not for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, TimedOut
from modeldeck.domain.kubernetes.annotations import OPERATION
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps import WORKS
from tests.operations.conftest import Bench


@pytest.mark.parametrize(("lost", "outcome"), [(3, Outcome.DONE), (4, Outcome.UNDONE)])
async def test_it_is_tried_four_times(bench: Bench, lost: int, outcome: Outcome) -> None:
    bench.fake.traps.fail("set_alias", TimedOut("no answer", backend="MLflow"), times=lost)
    operation = await bench.promote("2")
    assert operation.outcome is outcome, operation.message
    assert bench.fake.traps.calls.count("set_alias") == 4
    assert bench.fake.champion == ("2" if outcome is Outcome.DONE else "1")


async def test_an_answer_that_was_lost_after_it_took_effect_is_enough(bench: Bench) -> None:
    bench.fake.traps.fail("set_alias", TimedOut("no answer", backend="MLflow"), late=True)
    assert (await bench.promote("2")).outcome is Outcome.DONE
    assert bench.fake.traps.calls.count("set_alias") == 1


def alias_step(operation: Operation) -> tuple[StepState, str]:
    (step,) = [step for step in operation.steps if step.name is StepName.MOVE_ALIAS]
    return step.state, step.message


async def test_from_one_version_to_another(bench: Bench) -> None:
    assert alias_step(await bench.promote("2")) == (StepState.DONE, "1 → 2")


async def test_from_nothing(bench: Bench) -> None:
    del bench.fake.registry.aliases["iris"]["champion"]
    assert alias_step(await bench.promote("2")) == (StepState.DONE, "nothing → 2")
    assert bench.fake.champion == "2"


async def test_somebody_who_sets_the_same_meanwhile_has_done_it(bench: Bench) -> None:
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].update(champion="2"))
    done = await bench.promote("2")
    assert (done.outcome, alias_step(done)) == (Outcome.DONE, (StepState.DONE, "it pointed at 2 already"))


async def test_somebody_who_moves_it_meanwhile_is_not_overwritten(bench: Bench) -> None:
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].update(champion="3"))
    undone = await bench.promote("2")
    assert undone.outcome is Outcome.UNDONE
    assert "somebody moved alias champion of iris to 3 meanwhile" in undone.message
    assert bench.fake.champion == "3"


async def test_somebody_who_takes_it_away_meanwhile_is_told(bench: Bench) -> None:
    def take_away() -> None:
        bench.fake.registry.aliases["iris"].pop("champion")

    bench.fake.traps.before("patch_deployment", take_away)
    assert "somebody moved alias champion of iris to nothing meanwhile" in (await bench.promote("2")).message


@pytest.mark.parametrize("to", ["3", "0", None])
async def test_somebody_who_moves_it_at_the_same_time_is_told(bench: Bench, to: str | None) -> None:
    """MLflow overwrites blindly: what is read after the setting tells."""

    async def overtaken(model: str, alias: str, version: str) -> None:
        bench.fake.registry.aliases[model].pop(alias)
        if to is not None:
            bench.fake.registry.aliases[model][alias] = to

    bench.fake.registry.set_alias = overtaken  # type: ignore[method-assign]
    undone = await bench.promote("2")
    assert undone.outcome in (Outcome.UNDONE, Outcome.NEEDS_ATTENTION)
    assert f"somebody moved alias champion of iris to {to or 'nothing'} at the same time" in undone.message
    assert bench.fake.champion == to


@pytest.mark.parametrize("before", ["1", None])
async def test_an_alias_that_stays_where_it_was_after_it_was_set_is_told(bench: Bench, before: str | None) -> None:
    if before is None:
        bench.fake.registry.aliases["iris"].pop("champion")
    sent: list[str] = []

    async def ignored(model: str, alias: str, version: str) -> None:
        sent.append(version)

    bench.fake.registry.set_alias = ignored  # type: ignore[method-assign]
    undone = await bench.promote("2")
    assert undone.outcome is Outcome.UNDONE, undone.message
    assert f"MLflow: alias champion of iris still points at {before or 'nothing'} after it was set" in undone.message
    assert sent == ["2"] * 4


async def back(bench: Bench) -> tuple[Operation, str]:
    """Its template is patched, and the alias is taken back: the words, and what came of it."""
    plan = await bench.good_plan("2")
    names = [step.name for step in plan.steps]
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event())
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    run.index = names.index(StepName.PATCH_TEMPLATE)
    await WORKS[StepName.PATCH_TEMPLATE].do(run)
    run.index, run.undoing = names.index(StepName.MOVE_ALIAS), True
    return run.now, await WORKS[StepName.MOVE_ALIAS].undo(run)


async def test_a_move_that_is_still_on_its_way_is_waited_for_and_taken_back(bench: Bench) -> None:
    began, landed = bench.fake.clock.monotonic(), list[float]()

    def land() -> None:
        if not landed:
            landed.append(bench.fake.clock.monotonic())
            bench.fake.registry.aliases["iris"]["champion"] = "2"

    bench.fake.clock.on_sleep.append(land)
    _, message = await back(bench)
    assert (message, bench.fake.champion) == ("2 → 1", "1")
    assert landed == [began + 1.0]


async def test_one_that_has_not_moved_is_waited_for_once(bench: Bench) -> None:
    began = bench.fake.clock.monotonic()
    _, message = await back(bench)
    assert message == "the alias never moved"
    assert bench.fake.clock.monotonic() == began + 1.0


async def test_one_that_has_moved_is_set_back_at_once(bench: Bench) -> None:
    plan_at = bench.fake.clock.monotonic()
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].update(champion="2"))
    _, message = await back(bench)
    assert message == "2 → 1"
    assert bench.fake.clock.monotonic() == plan_at


async def test_one_that_was_nowhere_is_deleted_again(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"].pop("champion")
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].update(champion="2"))
    _, message = await back(bench)
    assert (message, bench.fake.champion) == ("2 → nothing", None)


@pytest.mark.parametrize("to", ["3", "0", None])
async def test_one_that_somebody_else_has_moved_since_is_theirs(bench: Bench, to: str | None) -> None:
    def move() -> None:
        bench.fake.registry.aliases["iris"].pop("champion")
        if to is not None:
            bench.fake.registry.aliases["iris"]["champion"] = to

    bench.fake.traps.before("patch_deployment", move)
    with pytest.raises(Conflict, match=f"alias champion of iris points at {to or 'nothing'} now: somebody else moved it"):
        await back(bench)


async def test_one_that_is_moved_back_while_it_is_announced_anew_is_left(bench: Bench) -> None:
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].update(champion="2"))
    bench.fake.traps.before("tag_model", lambda: bench.fake.registry.aliases["iris"].update(champion="1"))
    _, message = await back(bench)
    assert message == "somebody has moved the alias back meanwhile"


async def test_a_promotion_elsewhere_since_owns_the_alias(bench: Bench) -> None:
    """Another Deployment of the same model was promoted to the same version."""
    before = bench.fake.registry.versions["iris", "2"]

    def promoted() -> None:
        bench.fake.registry.aliases["iris"]["champion"] = "2"
        bench.fake.registry.versions["iris", "2"] = replace(before, tags={"modeldeck.operation": "another"})

    bench.fake.traps.before("patch_deployment", promoted)
    _, message = await back(bench)
    assert message == "operation another has promoted version 2 elsewhere since: the alias is its own"
    assert bench.fake.champion == "2"


async def test_without_its_mark_nobody_can_tell_whose_move_it_was(bench: Bench) -> None:
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].update(champion="2"))
    bench.fake.traps.before(
        "deployment", lambda: bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION)), skip=2
    )
    with pytest.raises(Conflict, match="the mark of this operation is gone: whether it moved the alias cannot be told"):
        await back(bench)
