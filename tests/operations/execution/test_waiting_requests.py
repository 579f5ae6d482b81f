"""Waiting for a rollout, request by request: when it is over, when it is given up, and in whose words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import SETTLING, Conflict, Forbidden, TimedOut, Unreachable
from modeldeck.domain.kubernetes.rollout import Cause, RolloutTrouble
from modeldeck.domain.kubernetes.workloads import Deployment, Pod
from modeldeck.domain.links.slots import Edits
from modeldeck.operations.common import patch
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution, Stopped
from modeldeck.operations.execution.waiting import RolloutFailed, _Creation, look, still_ours, wait_for_rollout
from tests.operations.conftest import Bench
from tests.support.plans import with_target

ROLLED = 'deployment "iris" successfully rolled out'
QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
MISSED = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}


async def patched(bench: Bench, **fields: Any) -> Execution:
    """Version 2 has just been asked for."""
    plan = await bench.good_plan("2", **fields)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event(), index=1)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    found = await bench.fake.cluster.deployment("serving", "iris")
    await bench.fake.cluster.patch_deployment("serving", "iris", patch.patch(plan.last.slot_edits, found))
    return run


def wanted(execution: Execution) -> Edits:
    return patch.of_template(execution.plan.last.slot_edits)


def log(execution: Execution) -> list[str]:
    return [said.message for said in execution.now.log]


def frozen(bench: Bench, **status: Any) -> None:
    """The controller has seen the change, and gets no further."""
    bench.fake.cluster.frozen = True
    raw = bench.fake.cluster.deployments["serving/iris"]
    raw["status"].update(observedGeneration=raw["metadata"]["generation"], **status)


async def test_each_of_its_words_is_told_once(bench: Bench) -> None:
    run = await patched(bench)
    assert await wait_for_rollout(run, wanted(run)) == ROLLED
    told = log(run)
    assert len(told) == len(set(told)) > 1
    assert all(message.startswith("Waiting for deployment") for message in told)


@pytest.mark.parametrize(("deadline", "looks"), [(30.0, 76), (2.0, 6)])
async def test_it_is_waited_for_until_the_deadline_and_no_longer(bench: Bench, deadline: float, looks: int) -> None:
    run = await patched(bench, rollout_deadline=deadline)
    frozen(bench, updatedReplicas=1)
    began, calls = bench.fake.clock.monotonic(), len(bench.fake.traps.calls)
    with pytest.raises(TimedOut, match=f"not rolled out after {deadline:.0f} s: Waiting for deployment") as failed:
        await wait_for_rollout(run, wanted(run))
    assert deadline - 0.4 <= bench.fake.clock.monotonic() - began <= deadline
    assert abs(bench.fake.traps.calls[calls:].count("deployment") - looks) <= 1
    assert "raise the deadline where they are slow" in failed.value.hint or "progressDeadlineSeconds" in failed.value.hint


async def test_a_cancel_ends_it_and_an_undo_is_not_cancelled(bench: Bench) -> None:
    run = await patched(bench)
    run.cancel.set()
    with pytest.raises(Stopped):
        await wait_for_rollout(run, wanted(run))
    run.undoing = True
    assert await wait_for_rollout(run) == ROLLED


async def test_whoever_changes_the_template_meanwhile_is_named(bench: Bench) -> None:
    run = await patched(bench)
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    with pytest.raises(Conflict) as failed:
        await wait_for_rollout(run, wanted(run))
    assert failed.value.message.startswith("somebody (field manager kubectl-set) changed the template meanwhile: ")
    assert "models:/iris/3" in failed.value.message
    assert failed.value.backend == "Kubernetes"
    with pytest.raises(Conflict):
        await look(run, wanted(run))
    with pytest.raises(Conflict):
        await still_ours(run)
    assert await wait_for_rollout(run) == ROLLED, "of what is not wanted nothing is compared"


async def test_the_old_values_that_are_back_are_told_as_such(bench: Bench) -> None:
    run = await patched(bench)
    bench.fake.cluster.undo_to("serving/iris", 1)
    with pytest.raises(Conflict, match="changed the template meanwhile: the old values are back"):
        await wait_for_rollout(run, wanted(run))


async def test_a_template_of_another_model_or_one_that_names_the_alias_is_not_compared(bench: Bench) -> None:
    run = await patched(bench)
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    run.plan = with_target(run.plan, by_alias=True)
    await still_ours(run)
    run.plan = replace(run.plan, targets=(replace(run.plan.last, by_alias=False), replace(run.plan.last, model="wine")))
    run.plan = with_target(replace(run.plan, steps=tuple(replace(step, target=1) for step in run.plan.steps)), by_alias=True)
    await still_ours(run)


async def test_a_cluster_that_is_away_is_waited_for_until_the_deadline(bench: Bench) -> None:
    run = await patched(bench, rollout_deadline=30.0)
    bench.fake.traps.fail("deployment", Unreachable("refused", backend="Kubernetes"), times=5)
    assert await wait_for_rollout(run, wanted(run)) == ROLLED
    assert log(run).count("Kubernetes: refused — still waiting") == 1


async def test_one_that_stays_away_is_given_up_at_the_deadline(bench: Bench) -> None:
    run = await patched(bench, rollout_deadline=30.0)
    bench.fake.traps.fail("deployment", Unreachable("refused", backend="Kubernetes"), times=10**6)
    began = bench.fake.clock.monotonic()
    with pytest.raises(TimedOut, match="not rolled out after 30 s: Kubernetes: refused — still waiting"):
        await wait_for_rollout(run, wanted(run))
    assert 28.0 <= bench.fake.clock.monotonic() - began <= 30.0


async def test_a_refusal_is_believed_once_it_has_lasted(bench: Bench) -> None:
    run = await patched(bench, rollout_deadline=300.0)
    bench.fake.traps.fail("pods_of", Forbidden("not you", backend="Kubernetes"), times=10**6)
    bench.fake.cluster.stuck.add("models:/iris/2")
    began = bench.fake.clock.monotonic()
    with pytest.raises(Forbidden):
        await wait_for_rollout(run, wanted(run))
    assert SETTLING <= bench.fake.clock.monotonic() - began <= SETTLING + 1.0


@pytest.mark.parametrize(("passes", "fails"), [(9.0, False), (11.0, True)])
async def test_an_earlier_rollouts_missed_deadline_is_believed_after_ten_seconds(bench: Bench, passes: float, fails: bool) -> None:
    run = await patched(bench)
    frozen(bench, updatedReplicas=0, conditions=[MISSED])
    began = bench.fake.clock.monotonic()

    def go_on() -> None:
        if bench.fake.clock.monotonic() - began >= passes:
            bench.fake.cluster.frozen = False

    bench.fake.clock.on_sleep.append(go_on)
    if not fails:
        assert await wait_for_rollout(run, wanted(run)) == ROLLED
        return
    with pytest.raises(RolloutFailed) as failed:
        await wait_for_rollout(run, wanted(run))
    assert failed.value.hint.startswith("look at the deployment's events and its pods")
    assert 10.0 <= bench.fake.clock.monotonic() - began <= 10.4


async def test_pods_that_crash_end_it_in_the_last_words_of_their_log(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    run = await patched(bench)
    with pytest.raises(RolloutFailed, match=r"CrashLoopBackOff.* — .*ValueError: cannot unpickle the model") as failed:
        await wait_for_rollout(run, wanted(run))
    assert (failed.value.hint, failed.value.backend) == (RolloutFailed.default_hint, "Kubernetes")
    (pod,) = {name for name in bench.fake.cluster.pods if f"{name}: loading model" in log(run)}
    assert f"{pod}: ·[31mValueError: cannot unpickle the model·[0m" in log(run)


@pytest.mark.parametrize("previous", [True, False])
async def test_the_log_of_now_is_read_where_there_is_none_before(bench: Bench, previous: bool) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    run = await patched(bench)
    asked: list[tuple[bool, int]] = []

    async def pod_log(namespace: str, pod: str, container: str, *, tail: int = 50, previous: bool = False) -> str:
        asked.append((previous, tail))
        if previous and not has_previous:
            raise Unreachable("refused")
        return "old words\n" if previous else "new words\n"

    has_previous = previous
    bench.fake.cluster.pod_log = pod_log  # type: ignore[method-assign]
    with pytest.raises(RolloutFailed, match=" — old words" if previous else " — new words"):
        await wait_for_rollout(run, wanted(run))
    assert asked == ([(True, 30)] if previous else [(True, 30), (False, 30)])


async def test_pods_without_a_log_fail_without_last_words(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    run = await patched(bench)
    bench.fake.traps.fail("pod_log", Unreachable("refused"), times=9)
    with pytest.raises(RolloutFailed) as failed:
        await wait_for_rollout(run, wanted(run))
    assert " — " not in failed.value.message
    assert bench.fake.traps.calls.count("pod_log") == 2


async def test_a_look_after_the_rollout_sees_pods_that_break_and_no_deadlines(bench: Bench) -> None:
    run = await patched(bench)
    await wait_for_rollout(run, wanted(run))
    pods = await look(run, wanted(run))
    assert len(pods) == 2
    frozen(bench, updatedReplicas=0, conditions=[MISSED])
    assert await look(run, wanted(run)) == pods
    frozen(bench, updatedReplicas=0, conditions=[QUOTA])
    assert await look(run, wanted(run)) == pods
    bench.fake.cluster.broken.add("models:/iris/2")
    with pytest.raises(RolloutFailed, match="CrashLoopBackOff"):
        await look(run, wanted(run))


REFUSED = RolloutTrouble("no pod could be created", "FailedCreate", Cause.NO_POD)


async def creation(bench: Bench) -> tuple[Callable[..., RolloutTrouble | None], Deployment]:
    bench.fake.cluster.conditions = [QUOTA]
    bench.fake.cluster.roll_out("serving/iris")
    bench.fake.cluster.frozen = True
    held = await bench.fake.cluster.deployment("serving", "iris")
    return _Creation().believed, held


async def test_a_refusal_is_final_when_nothing_has_moved_for_half_a_minute(bench: Bench) -> None:
    believed, held = await creation(bench)
    assert believed(REFUSED, held, (), 100.0) is None
    assert believed(REFUSED, held, (), 129.9) is None
    assert believed(REFUSED, held, (), 130.0) is REFUSED
    assert believed(None, held, (), 131.0) is None, "it moves"
    assert believed(REFUSED, held, (), 160.0) is None
    assert believed(REFUSED, held, (), 162.0) is REFUSED


@pytest.mark.parametrize("part", ["generation", "replicas", "updated", "available"])
async def test_whatever_moves_begins_the_wait_anew_and_longer_the_longer_it_was_refused(bench: Bench, part: str) -> None:
    """The controller's pauses double: room that has come may be used as late as it was refused before."""
    believed, held = await creation(bench)
    assert believed(REFUSED, held, (), 0.0) is None
    change: dict[str, Any] = {part: 77}
    moved = replace(held, **change)
    assert believed(REFUSED, moved, (), 100.0) is None
    assert believed(REFUSED, moved, (), 199.0) is None
    assert believed(REFUSED, moved, (), 200.0) is REFUSED


async def test_a_new_pod_is_a_move_and_the_order_of_them_is_not(bench: Bench) -> None:
    believed, held = await creation(bench)
    one, other = await bench.fake.cluster.pods_of(held)
    assert believed(REFUSED, held, (one, other), 0.0) is None
    assert believed(REFUSED, held, (other, one), 30.0) is REFUSED
    third: Pod = replace(one, uid="third")
    assert believed(REFUSED, held, (other, third), 31.0) is None


async def test_other_trouble_is_believed_beside_a_refusal_at_once(bench: Bench) -> None:
    believed, held = await creation(bench)
    image = RolloutTrouble("no such image", "ErrImagePull", Cause.IMAGE)
    assert believed(image, held, (), 0.0) is image
    free = replace(held, conditions=())
    assert believed(REFUSED, free, (), 1.0) is REFUSED
    assert believed(None, free, (), 1.0) is None
    assert believed(REFUSED, held, (), 40.0) is None, "it is refused anew"
