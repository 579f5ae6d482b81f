"""Setting an alias whose answer gets lost, or that somebody else moves meanwhile: looked at, and tried again, but not for ever."""

from __future__ import annotations

import pytest

from tests.operations.conftest import Bench
from tui.domain.failures import TimedOut
from tui.domain.promotions import Operation, Outcome, StepName, StepState


@pytest.mark.parametrize(("lost", "outcome"), [(3, Outcome.DONE), (4, Outcome.UNDONE)])
async def test_it_is_tried_four_times(bench: Bench, lost: int, outcome: Outcome) -> None:
    bench.fake.traps.fail("set_alias", TimedOut("no answer", backend="MLflow"), times=lost)
    operation = await bench.promote("2")
    assert operation.outcome is outcome, operation.words
    assert bench.fake.traps.calls.count("set_alias") == 4
    assert bench.fake.champion == ("2" if outcome is Outcome.DONE else "1")


async def test_an_answer_that_was_lost_after_it_took_effect_is_enough(bench: Bench) -> None:
    bench.fake.traps.fail("set_alias", TimedOut("no answer", backend="MLflow"), late=True)
    assert (await bench.promote("2")).outcome is Outcome.DONE
    assert bench.fake.traps.calls.count("set_alias") == 1


def alias_step(operation: Operation) -> tuple[StepState, str]:
    (step,) = [step for step in operation.steps if step.name is StepName.MOVE_ALIAS]
    return step.state, step.words


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
    assert "somebody moved alias champion of iris to 3 meanwhile" in undone.words
    assert bench.fake.champion == "3"


async def test_somebody_who_takes_it_away_meanwhile_is_told(bench: Bench) -> None:
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.registry.aliases["iris"].pop("champion"))
    assert "somebody moved alias champion of iris to nothing meanwhile" in (await bench.promote("2")).words
