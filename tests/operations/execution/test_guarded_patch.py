"""A patch is sent again where only the resourceVersion moved or an answer was lost, and never more than six times."""

from __future__ import annotations

import asyncio

import pytest

from modeldeck.domain.failures import Conflict, Failure, NotFound, TimedOut
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.operations.common.patch import own_annotation
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.guarded_patch import DeploymentPatch, patch_guarded
from tests.operations.conftest import Bench

LOST = TimedOut("no answer", backend="Kubernetes")
MOVED = Conflict("modified", backend="Kubernetes")


class Marking:
    """Wants an annotation; ends where it stands."""

    def __init__(self) -> None:
        self.lost: list[Failure | None] = []

    async def __call__(self, deployment: Deployment, lost: Failure | None) -> DeploymentPatch | str:
        self.lost.append(lost)
        if deployment.annotations.get("note") == "here":
            return "it stands"
        return DeploymentPatch({own_annotation("note"): (None, "here")}, f"note on {deployment.key}")


async def begun(bench: Bench) -> Execution:
    plan = await bench.good_plan("2")
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, lambda operation: None, asyncio.Event(), index=1)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return run


def asked(execution: Execution) -> list[str]:
    return [said.message for said in execution.now.log]


async def test_it_is_written_down_before_it_leaves(bench: Bench) -> None:
    run = await begun(bench)
    patched = await patch_guarded(run, Marking(), during="patch")
    assert isinstance(patched, Deployment)
    assert patched.annotations["note"] == "here"
    assert asked(run) == ["note on serving/iris"]
    assert await patch_guarded(run, Marking(), during="patch") == "it stands"
    assert asked(run) == ["note on serving/iris"], "nothing was to be sent"


@pytest.mark.parametrize("failure", [MOVED, LOST])
async def test_it_is_sent_six_times_at_most(bench: Bench, failure: Failure) -> None:
    run = await begun(bench)
    bench.fake.traps.fail("patch_deployment", failure, times=5)
    assert isinstance(await patch_guarded(run, Marking(), during="patch"), Deployment)
    assert asked(run) == ["note on serving/iris"] * 6
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop("note"))
    bench.fake.traps.fail("patch_deployment", failure, times=6)
    with pytest.raises(type(failure)) as raised:
        await patch_guarded(run, Marking(), during="undo")
    assert raised.value.message == ("no answer" if failure is LOST else "the deployment kept changing under the undo")


async def test_of_an_answer_that_was_lost_the_next_look_is_told(bench: Bench) -> None:
    run, marking = await begun(bench), Marking()
    bench.fake.traps.fail("patch_deployment", LOST, late=True)
    began = bench.fake.clock.monotonic()
    assert await patch_guarded(run, marking, during="patch") == "it stands"
    assert marking.lost == [None, LOST]
    assert bench.fake.clock.monotonic() > began, "the server is given time"


async def test_a_failure_that_asking_again_does_not_help_ends_it(bench: Bench) -> None:
    run = await begun(bench)
    bench.fake.traps.fail("patch_deployment", gone := NotFound("it is gone"))
    with pytest.raises(NotFound) as raised:
        await patch_guarded(run, Marking(), during="patch")
    assert raised.value is gone
    assert asked(run) == ["note on serving/iris"]
