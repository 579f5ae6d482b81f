"""Setting an alias whose answer gets lost: looked at, and tried again, but not for ever."""

from __future__ import annotations

import pytest

from tests.operations.conftest import Bench
from tui.domain.failures import TimedOut
from tui.domain.promotions import Outcome


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
