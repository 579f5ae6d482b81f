"""The new pods are waited for as long as the template that the plan writes stands; nothing of it is to be undone."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import OPERATION
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.execution import Execution, Stopped
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.rollout import AwaitRollout
from tests.operations.conftest import Bench
from tests.operations.execution.steps.test_done import run_of
from tests.operations.execution.test_takeover_giving_up import annotate


async def patched(bench: Bench) -> Execution:
    """Right after the template was patched."""
    run = await run_of(bench, StepName.PATCH_TEMPLATE)
    await WORKS[StepName.PATCH_TEMPLATE].do(run)
    run.index += 1
    assert run.step.name is StepName.AWAIT_ROLLOUT
    return run


async def test_the_pods_of_the_new_template_are_waited_for(bench: Bench) -> None:
    run, began = await patched(bench), bench.fake.clock.monotonic()
    assert await AwaitRollout().do(run) == 'deployment "iris" successfully rolled out'
    assert bench.fake.clock.monotonic() > began


async def test_a_template_that_somebody_has_changed_is_not_waited_for(bench: Bench) -> None:
    run = await patched(bench)
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    with pytest.raises(Conflict, match="changed the template meanwhile"):
        await AwaitRollout().do(run)


async def test_the_mark_is_none_of_the_template(bench: Bench) -> None:
    run = await patched(bench)
    annotate(bench, OPERATION, None)
    assert await AwaitRollout().do(run) == 'deployment "iris" successfully rolled out'


async def test_a_cancel_ends_the_waiting(bench: Bench) -> None:
    run = await patched(bench)
    run.cancel.set()
    with pytest.raises(Stopped):
        await AwaitRollout().do(run)


async def test_there_is_nothing_to_undo(bench: Bench) -> None:
    run = await patched(bench)
    bench.fake.traps.calls.clear()
    assert await AwaitRollout().undo(run) == "nothing to undo"
    assert bench.fake.traps.calls == []
