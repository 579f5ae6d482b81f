"""The way back of the template, where the API server does not always answer."""

from __future__ import annotations

import pytest

from tests.operations.conftest import Bench
from tui.domain.failures import Conflict, Failure, Rejected, TimedOut
from tui.domain.promotions import Operation, Outcome, StepName

LOST = TimedOut("no answer", backend="Kubernetes")


def patched(operation: Operation) -> str:
    return next(step.words for step in operation.steps if step.name is StepName.PATCH_TEMPLATE)


@pytest.mark.parametrize("failure", [LOST, Conflict("modified", backend="Kubernetes")])
@pytest.mark.parametrize("late", [True, False])
async def test_a_lost_answer_is_looked_at_and_asked_for_again(bench: Bench, failure: Failure, late: bool) -> None:
    bench.fake.traps.fail("set_alias", Rejected("no such alias name", backend="MLflow"), times=9)
    bench.fake.traps.fail("patch_deployment", failure, late=late, skip=1, times=2)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.UNDONE, operation.words
    assert bench.fake.env() == "models:/iris/1"
    assert "somebody" not in patched(operation)


async def test_what_others_change_after_it_was_taken_back_is_theirs(bench: Bench) -> None:
    def somebody() -> None:
        if bench.fake.traps.calls.count("patch_deployment") == 2 and bench.fake.env() == "models:/iris/1":
            bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")

    bench.fake.traps.fail("set_alias", Rejected("no such alias name", backend="MLflow"), times=9)
    bench.fake.traps.fail("patch_deployment", LOST, late=True, skip=1)
    bench.fake.clock.on_sleep.append(somebody)
    operation = await bench.promote("2")
    assert patched(operation) == "it was taken back; somebody has changed the template since"
    assert bench.fake.env() == "models:/iris/3"
