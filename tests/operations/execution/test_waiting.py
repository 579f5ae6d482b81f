"""When a rollout is waited for and when it is given up: what pods, the scheduler and quotas say, and the hint that fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.workloads import ContainerKind, Pod
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.operations.common.replicasets import serving_sets
from tests.operations.conftest import Bench

QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "pods are forbidden: exceeded quota"}


def told(operation: Operation) -> str:
    return "\n".join(said.message for said in operation.log)


def of_version(number: str, change: Callable[[Pod], Pod]) -> Callable[[Pod], Pod]:
    def report(pod: Pod) -> Pod:
        return change(pod) if pod.template.annotations.get("modeldeck.dev/version") == number else pod

    return report


async def test_pods_that_were_evicted_fail_neither_a_rollout_nor_its_undo(bench: Bench) -> None:
    evicted = {"phase": "Failed", "ready": False, "reason": "Evicted"}
    seen = bench.fake.cluster.pods_of

    async def pods_of(deployment: object) -> tuple[Pod, ...]:
        pods = await seen(deployment)  # type: ignore[arg-type]
        return (*[replace(pod, name=f"{pod.name}-gone", uid=f"{pod.uid}-gone", **evicted) for pod in pods], *pods)  # type: ignore[arg-type]

    bench.fake.cluster.pods_of = pods_of  # type: ignore[method-assign]
    assert (await bench.promote("2")).outcome is Outcome.DONE
    bench.fake.cluster.broken.add("models:/iris/3")
    operation = await bench.promote("3")
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert "CrashLoopBackOff" in operation.message


async def test_the_sets_of_evicted_pods_are_not_judged(bench: Bench) -> None:
    """Else a version that comes back, and left one when it served last, would count as what served before it."""
    deployment = await bench.fake.cluster.deployment("serving", "iris")
    pods = await bench.fake.cluster.pods_of(deployment)
    gone = replace(pods[0], name="iris-earlier-abcde", phase="Failed", ready=False)
    assert serving_sets([gone, *pods]) == serving_sets(pods)
    assert serving_sets([replace(pods[0], terminating=True)]) == ()


async def test_the_schedulers_words_are_told_while_waiting_and_at_the_end(bench: Bench) -> None:
    bench.fake.cluster.stuck.add("models:/iris/2")
    bench.fake.cluster.report = of_version(
        "2", lambda pod: replace(pod, unscheduled="0/1 nodes are available: 1 Insufficient nvidia.com/gpu.")
    )
    operation = await bench.promote("2", rollout_deadline=30.0)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert "cannot be scheduled: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu" in operation.message
    assert "cannot be scheduled" in told(operation).partition("not rolled out")[0]
    assert "artifact" not in operation.message
    assert "maxSurge 0" in operation.message


@pytest.mark.parametrize(
    ("log", "ends"), [("trouble\nback-off 10s", "failed container — back-off"), ("back-off\nout of memory", "— out of memory")]
)
async def test_what_the_pod_logged_last_is_told_unless_the_reason_says_it(bench: Bench, monkeypatch: Any, log: str, ends: str) -> None:
    async def pod_log(*_: object, **__: object) -> str:
        return log

    bench.fake.cluster.broken.add("models:/iris/2")
    monkeypatch.setattr(bench.fake.cluster, "pod_log", pod_log)
    message = (await bench.promote("2")).message
    assert ("CrashLoopBackOff" in message, ends in message) == (True, "memory" in ends)


async def test_a_refusal_to_create_pods_that_lasts_ends_the_rollout(bench: Bench) -> None:
    bench.fake.cluster.frozen = True
    made = await bench.good_plan("2")
    began = bench.fake.clock.monotonic()
    ended: list[float] = []

    def refuse() -> None:
        if "models:/iris/2" in str(bench.fake.template()):
            raw = bench.fake.cluster.deployments["serving/iris"]
            raw["status"].update(observedGeneration=raw["metadata"]["generation"], conditions=[QUOTA], updatedReplicas=0)
        else:
            ended.append(bench.fake.clock.monotonic())
            bench.fake.cluster.frozen = False

    bench.fake.clock.on_sleep.append(refuse)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert "no pod could be created: pods are forbidden: exceeded quota" in operation.message
    assert "kubectl describe quota" in operation.message
    assert 30 <= ended[0] - began < 60


async def test_a_refusal_that_passes_ends_nothing(bench: Bench) -> None:
    bench.fake.cluster.conditions = [QUOTA]
    bench.fake.cluster.stuck.add("models:/iris/2")
    began = bench.fake.clock.monotonic()

    def pass_() -> None:
        if bench.fake.clock.monotonic() - began > 45:
            bench.fake.cluster.conditions = []
            bench.fake.cluster.stuck.clear()

    bench.fake.clock.on_sleep.append(pass_)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    assert "exceeded quota" in told(operation)


async def test_a_deadline_that_an_earlier_rollout_missed_is_not_this_ones(bench: Bench) -> None:
    """It stands there until the new one moves, also after the change has been observed, and beside a refusal that is as old."""
    missed = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    bench.fake.cluster.frozen = True
    made = await bench.good_plan("2")
    polls: list[object] = []

    def observe() -> None:
        raw = bench.fake.cluster.deployments["serving/iris"]
        if "models:/iris/2" not in str(raw["spec"]["template"]) or len(polls) == 7:
            return
        polls.append(None)
        observed = raw["metadata"]["generation"] - (len(polls) == 1)
        raw["status"].update(observedGeneration=observed, updatedReplicas=0, conditions=[missed, QUOTA] if len(polls) < 4 else [missed])
        bench.fake.cluster.frozen = len(polls) < 7

    bench.fake.clock.on_sleep.append(observe)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    assert len(polls) == 7


@pytest.mark.parametrize(
    ("parts", "hint"),
    [
        ({"reason": "ImagePullBackOff"}, "(check the image"),
        ({"reason": "CreateContainerConfigError"}, "(create the ConfigMap"),
        ({"reason": "RunContainerError"}, "(look at the container's command"),
        ({"reason": "CrashLoopBackOff", "last_reason": "OOMKilled"}, "(raise the container's memory limit"),
        ({"reason": "CrashLoopBackOff", "kind": ContainerKind.SIDECAR}, "(look at the sidecar's log"),
    ],
)
async def test_the_hint_fits_what_the_pods_say(bench: Bench, parts: dict[str, Any], hint: str) -> None:
    def waits(pod: Pod) -> Pod:
        return replace(pod, containers=tuple(replace(c, state="waiting", ready=False, **parts) for c in pod.containers))

    bench.fake.cluster.report = of_version("2", waits)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert hint in operation.message
    assert "artifact" not in operation.message
