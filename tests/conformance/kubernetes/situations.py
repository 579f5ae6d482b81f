"""Rollouts in many states: pods in the states that a kubelet, a scheduler, a node or a quota brings them into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.rollout import Cause
from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import STRATEGIC
from tests.conformance.kubernetes.workloads import Workloads, condition, deployment, rolling

NAME = "web"
INIT = {"initContainers": [{"name": "fetch", "image": "fetch:1"}]}
SIDECAR = {"initContainers": [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}]}


@dataclass(frozen=True)
class Stage:
    """One namespace. Pods with the image `stuck:…` are left alone by the kubelet of these cases: a situation says what they do."""

    workloads: Workloads

    def deploy(
        self, image: str = "stuck:1", *, replicas: int = 2, created: int | None = None, pod: dict[str, Any] | None = None, **spec: Any
    ) -> list[dict[str, Any]]:
        """The deployment's first pods, as they are created."""
        body = deployment(image=image, replicas=replicas, **spec)
        body["spec"]["template"]["spec"].update(pod or {})
        self.workloads.create(body, wait=image.startswith("ready"))
        return self.pods(replicas if created is None else created)

    def roll(self, image: str, pods: int = 1) -> list[dict[str, Any]]:
        """The first pods of a second rollout."""
        self.workloads.set_image(image)
        return self.pods(pods, image)

    def pods(self, number: int, image: str = "") -> list[dict[str, Any]]:
        def there() -> list[dict[str, Any]]:
            found = [pod for pod in self.workloads.pods() if pod["spec"]["containers"][0]["image"].startswith(image)]
            return sorted(found, key=lambda pod: str(pod["metadata"]["name"])) if len(found) >= number else []

        return until(f"{number} pods", there) if number else []

    def say(self, pods: list[dict[str, Any]], *main: dict[str, Any], phase: str = "Pending", **status: Any) -> None:
        """Report these pods' containers, and whatever else belongs to their status."""
        for pod in pods:
            path = f"{self.workloads.pods_path}/{pod['metadata']['name']}/status"
            body = {"phase": phase, **({"containerStatuses": list(main)} if main else {}), **status}
            self.workloads.api.patch(path, {"status": body}, STRATEGIC).must()


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def container(state: dict[str, Any], *, name: str = "main", ready: bool = False, restarts: int = 0, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": f"{name}:1", "imageID": "", "ready": ready, "restartCount": restarts, "state": state, **more}


def waits(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return container({"waiting": {"reason": reason, "message": message}}, **more)


def runs(**more: Any) -> dict[str, Any]:
    return container({"running": {"startedAt": now()}}, **more)


def ended(code: int, reason: str = "Error", message: str = "", **more: Any) -> dict[str, Any]:
    return container({"terminated": {"exitCode": code, "reason": reason, "message": message}}, **more)


def before(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def said(type_: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": now()}


READY = [said("Initialized", "True"), said("ContainersReady", "True"), said("Ready", "True")]


@dataclass(frozen=True)
class Situation:
    """`kubectl`: the state that `kubectl rollout status` tells of. `ends`: by what we end it early. `held`: what we say that it waits for
    where we go on. `message`: a part of what we say. `real_only`: it takes a real control plane."""

    scene: Callable[[Stage], None]
    kubectl: str
    ends: Cause | None = None
    held: Cause | None = None
    message: str = ""
    real_only: bool = False


SITUATIONS: dict[str, Situation] = {}


def situation(kubectl: str, **expected: Any) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    def keep(scene: Callable[[Stage], None]) -> Callable[[Stage], None]:
        SITUATIONS[scene.__name__] = Situation(scene, kubectl, **expected)
        return scene

    return keep


def pods_that(
    name: str, kubectl: str, *main: dict[str, Any], pod: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **expected: Any
) -> None:
    """A first rollout of two pods which both report this."""

    def scene(stage: Stage) -> None:
        stage.say(stage.deploy(pod=pod), *main, **(status or {}))

    SITUATIONS[name] = Situation(scene, kubectl, **expected)


# -- what containers do

GOES_ON = rollout.PROGRESSING
UP = {"phase": "Running", "conditions": READY}

pods_that("all_ready", rollout.DONE, runs(ready=True), status=UP)
pods_that("ready_after_many_restarts", rollout.DONE, runs(ready=True, restarts=7, lastState=before(1)), status=UP)
pods_that("creating", GOES_ON, waits("ContainerCreating"), held=Cause.SLOW, message="is still ContainerCreating")
pods_that("running_not_ready", GOES_ON, runs(restarts=5), status={"phase": "Running"}, held=Cause.SLOW, message="runs, but is not ready")
pods_that("ended_once", GOES_ON, ended(1), status={"phase": "Running"}, held=Cause.SLOW)
pods_that("ended_again", GOES_ON, ended(3, restarts=2), ends=Cause.CRASH, message="keeps ending, restarted 2 times, exit code 3")
pods_that(
    "crash_loop",
    GOES_ON,
    waits("CrashLoopBackOff", "back-off 10s", restarts=1, lastState=before(1, message="no such model")),
    ends=Cause.CRASH,
    message="CrashLoopBackOff, restarted 1 times, exit code 1: no such model",
)
pods_that(
    "out_of_memory",
    GOES_ON,
    waits("CrashLoopBackOff", restarts=3, lastState=before(137, "OOMKilled")),
    ends=Cause.MEMORY,
    message="CrashLoopBackOff, restarted 3 times, OOMKilled, exit code 137",
)
pods_that(
    "no_image", GOES_ON, waits("ImagePullBackOff", "not found"), ends=Cause.IMAGE, message="image main:1: ImagePullBackOff: not found"
)
pods_that("no_image_name", GOES_ON, waits("InvalidImageName", "bad"), ends=Cause.IMAGE, message="InvalidImageName: bad")
pods_that(
    "no_config",
    GOES_ON,
    waits("CreateContainerConfigError", 'configmap "model" not found'),
    ends=Cause.CONFIG,
    message='CreateContainerConfigError: configmap "model" not found',
)
pods_that(
    "no_start", GOES_ON, waits("RunContainerError", "exec: no such file"), ends=Cause.START, message="RunContainerError: exec: no such"
)
pods_that(
    "second_container_crashes",
    GOES_ON,
    runs(ready=True),
    waits("CrashLoopBackOff", name="other", restarts=2, lastState=before(2)),
    ends=Cause.CRASH,
    message="CrashLoopBackOff of container other, restarted 2 times, exit code 2",
    pod={"containers": [{"name": "main", "image": "stuck:1"}, {"name": "other", "image": "other:1"}]},
)

# -- init containers, native sidecars, ephemeral containers

WAITING = waits("PodInitializing")


def early(name: str, *first: dict[str, Any], main: dict[str, Any] = WAITING, kubectl: str = GOES_ON, **expected: Any) -> None:
    spec = SIDECAR if first[0]["name"] == "proxy" else INIT
    state = UP if kubectl == rollout.DONE else {"phase": "Pending"}
    pods_that(name, kubectl, main, pod=spec, status={**state, "initContainerStatuses": list(first)}, **expected)


early("init_runs", runs(name="fetch"), held=Cause.SLOW, message="is still Init:0/1")
early("init_failed_once", ended(1, name="fetch"), held=Cause.SLOW, message="is still Init:Error")
early(
    "init_failed_again",
    ended(1, name="fetch", restarts=1),
    ends=Cause.CRASH,
    message="Init:Error of init container fetch, restarted 1 times, exit code",
)
early(
    "init_crash_loop",
    waits("CrashLoopBackOff", name="fetch", restarts=3, lastState=before(1, message="no such artifact")),
    ends=Cause.CRASH,
    message="Init:CrashLoopBackOff of init container fetch, restarted 3 times, exit code 1: no such artifact",
)
early(
    "init_no_image",
    waits("ImagePullBackOff", "denied", name="fetch"),
    ends=Cause.IMAGE,
    message="image fetch:1 of init container fetch: Init:ImagePullBackOff: denied",
)
early(
    "init_no_config",
    waits("CreateContainerConfigError", "no secret", name="fetch"),
    ends=Cause.CONFIG,
    message="Init:CreateContainerConfigError of",
)
early("init_done_after_restarts", ended(0, "Completed", name="fetch", ready=True, restarts=4), main=runs(ready=True), kubectl=rollout.DONE)
early("sidecar_up", runs(name="proxy", ready=True, started=True), main=runs(ready=True), kubectl=rollout.DONE)
early("sidecar_not_ready", runs(name="proxy", started=True), main=runs(ready=True), held=Cause.SLOW)
early(
    "sidecar_crash_loop",
    waits("CrashLoopBackOff", name="proxy", restarts=2, lastState=before(1, message="no certificate")),
    ends=Cause.SIDECAR,
    message="Init:CrashLoopBackOff of sidecar proxy, restarted 2 times, exit code 1: no certificate",
)
pods_that("debugger_failed", rollout.DONE, runs(ready=True), status={**UP, "ephemeralContainerStatuses": [ended(1, name="debug")]})
pods_that(
    "debugger_failed_early",
    GOES_ON,
    runs(),
    status={"phase": "Running", "ephemeralContainerStatuses": [ended(137, name="debug", restarts=2)]},
    held=Cause.SLOW,
    message="runs, but is not ready",
)

# -- pods that end as a whole

EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}


@situation(rollout.DONE)
def evicted_and_replaced(stage: Stage) -> None:
    stage.say(stage.deploy("ready:1")[:1], **EVICTED)
    stage.pods(3)
    stage.workloads.rolled_out()


@situation(rollout.DONE)
def evicted_in_both_rollouts(stage: Stage) -> None:
    stage.say(stage.deploy("ready:1")[:1], **EVICTED)
    stage.say(stage.roll("stuck:2"), waits("CrashLoopBackOff", restarts=2), **EVICTED)
    stage.roll("ready:3")
    stage.workloads.rolled_out()


@situation(GOES_ON, held=Cause.SLOW)
def evicted_after_a_crash(stage: Stage) -> None:
    stage.say(stage.deploy()[:1], ended(137, restarts=4), **EVICTED)
    stage.say([pod for pod in stage.pods(3) if pod["status"]["phase"] != "Failed"], waits("ContainerCreating"))


@situation(GOES_ON, held=Cause.PODS_END, message="UnexpectedAdmissionError: no device (3 pods so far)")
def refused_by_the_node_again_and_again(stage: Stage) -> None:
    stage.deploy(replicas=1)
    for number in (1, 2, 3):
        alive = [pod for pod in stage.pods(number) if pod["status"]["phase"] != "Failed"]
        stage.say(alive, phase="Failed", reason="UnexpectedAdmissionError", message="no device")
    stage.pods(4)


@situation(rollout.DONE)
def completed_and_replaced(stage: Stage) -> None:
    stage.say(stage.deploy("ready:1")[:1], ended(0, "Completed"), phase="Succeeded")
    stage.pods(3)
    stage.workloads.rolled_out()


@situation(GOES_ON, held=Cause.SLOW)
def a_crashed_pod_is_being_deleted(stage: Stage) -> None:
    first = stage.deploy(pod={"nodeName": "nowhere"})
    stage.say(first[:1], waits("CrashLoopBackOff", restarts=2))
    stage.workloads.api.delete(f"{stage.workloads.pods_path}/{first[0]['metadata']['name']}").must()
    stage.say([pod for pod in stage.pods(3) if "deletionTimestamp" not in pod["metadata"]], waits("ContainerCreating"))


# -- the scheduler


@situation(GOES_ON, held=Cause.UNSCHEDULED, message="cannot be scheduled: 0/1 nodes are available")
def no_node_fits(stage: Stage) -> None:
    stage.deploy(pod={"nodeSelector": {"accelerator": "gpu"}})


@situation(GOES_ON, held=Cause.UNSCHEDULED, message="cannot be scheduled: Scheduling is blocked")
def held_by_a_scheduling_gate(stage: Stage) -> None:
    spec = {"schedulerName": "nobody", "schedulingGates": [{"name": "example.com/quota"}]}
    gated = said("PodScheduled", "False", "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
    stage.say(stage.deploy(pod=spec), conditions=[gated])


@situation(rollout.FAILED, ends=Cause.DEADLINE, message="has timed out progressing: pod")
def no_node_fits_until_the_deadline(stage: Stage) -> None:
    stage.deploy(pod={"nodeSelector": {"accelerator": "gpu"}}, progressDeadlineSeconds=1)


# -- the deadline, and what stands still


@situation(rollout.FAILED, ends=Cause.DEADLINE, message="runs, but is not ready")
def slow_until_the_deadline(stage: Stage) -> None:
    stage.say(stage.deploy(progressDeadlineSeconds=1), runs(), phase="Running")


@situation(rollout.FAILED, ends=Cause.CRASH, message="CrashLoopBackOff")
def crashing_until_the_deadline(stage: Stage) -> None:
    stage.say(stage.deploy(progressDeadlineSeconds=1), waits("CrashLoopBackOff", restarts=1))


@situation(rollout.DONE)
def a_deadline_that_was_missed_before(stage: Stage) -> None:
    stage.deploy("ready:1", strategy=rolling(1, 0), progressDeadlineSeconds=1)
    stage.roll("stuck:2")
    until("the deadline", lambda: condition(stage.workloads.get(), "Progressing")["reason"] == "ProgressDeadlineExceeded")
    stage.roll("ready:3")
    stage.workloads.rolled_out()


@situation(GOES_ON, held=Cause.PAUSED, message="paused")
def paused(stage: Stage) -> None:
    stage.deploy("ready:1")
    stage.workloads.patch({"spec": {"paused": True}})
    stage.workloads.set_image("ready:2")
    until("the change to be seen", lambda: stage.workloads.get()["status"]["observedGeneration"] == 3)


@situation(rollout.DONE)
def scaled_to_nothing(stage: Stage) -> None:
    stage.deploy("ready:1")
    stage.workloads.patch({"spec": {"replicas": 0}})
    stage.workloads.rolled_out()


@situation(GOES_ON)
def ready_but_not_for_long_enough(stage: Stage) -> None:
    stage.workloads.create(deployment(minReadySeconds=60), wait=False)
    until("ready pods", lambda: stage.workloads.get()["status"].get("readyReplicas") == 2)


@situation(GOES_ON, held=Cause.SLOW)
def old_pods_stay(stage: Stage) -> None:
    stage.deploy("ready:1", strategy=rolling("100%", 0))
    stage.say(stage.roll("stuck:2", 2), waits("ContainerCreating"))


@situation(GOES_ON, held=Cause.SLOW)
def old_pods_crash(stage: Stage) -> None:
    stage.say(stage.deploy("ready:1", strategy=rolling(1, 0)), waits("CrashLoopBackOff", restarts=4), phase="Running")
    stage.say(stage.roll("stuck:2"), waits("ContainerCreating"))


# -- pods that the API refuses


@situation(GOES_ON, ends=Cause.NO_POD, message="no pod could be created: pods ", real_only=True)
def no_quota(stage: Stage) -> None:
    quota(stage, 2)
    stage.deploy("ready:1", strategy=rolling(1, 0))
    stage.workloads.set_image("ready:2")
    until("the refusal", lambda: condition(stage.workloads.get(), "ReplicaFailure"))


@situation(rollout.DONE, real_only=True)
def a_quota_for_which_old_pods_make_room(stage: Stage) -> None:
    quota(stage, 2)
    stage.deploy("ready:1", strategy=rolling(1, 1))
    stage.workloads.set_image("ready:2")
    until("the refusal", lambda: condition(stage.workloads.get(), "ReplicaFailure"))

    def updated() -> bool:
        count(stage, 2)
        return bool(stage.workloads.get()["status"].get("updatedReplicas") == 2)

    until("the rollout", updated)
    stage.workloads.rolled_out()


@situation(GOES_ON, held=Cause.NO_POD, message="exceeded quota", real_only=True)
def no_quota_while_a_pod_starts(stage: Stage) -> None:
    quota(stage, 3)
    stage.deploy("ready:1", strategy=rolling(2, 0))
    stage.workloads.set_image("stuck:2")
    until("the refusal", lambda: condition(stage.workloads.get(), "ReplicaFailure"))
    stage.say(stage.pods(1, "stuck:2"), waits("ContainerCreating"))


@situation(GOES_ON, ends=Cause.NO_POD, message='violates PodSecurity "restricted:latest"', real_only=True)
def forbidden_by_a_policy(stage: Stage) -> None:
    namespace = f"/api/v1/namespaces/{stage.workloads.namespace}"
    stage.workloads.api.patch(namespace, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}).must()
    stage.deploy(replicas=2, created=0)
    until("the refusal", lambda: condition(stage.workloads.get(), "ReplicaFailure"))


def quota(stage: Stage, pods: int) -> None:
    """Room for so many pods. What is used is counted up by the API server, and down by a controller that does not run here."""
    path = f"/api/v1/namespaces/{stage.workloads.namespace}/resourcequotas"
    stage.workloads.api.create(path, {"metadata": {"name": "few"}, "spec": {"hard": {"pods": str(pods)}}}).must()
    count(stage, pods)


def count(stage: Stage, pods: int) -> None:
    """That controller's work."""
    path = f"/api/v1/namespaces/{stage.workloads.namespace}/resourcequotas/few/status"
    used = len(stage.workloads.pods())
    stage.workloads.api.patch(path, {"status": {"hard": {"pods": str(pods)}, "used": {"pods": str(used)}}}).must()
