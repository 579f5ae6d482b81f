"""A rollout's state by kubectl's rules and in kubectl's words (polymorphichelpers/rollout_status.go), and early signs of failure.

Kubernetes never rolls back by itself: a crash loop only becomes ProgressDeadlineExceeded after 600 s. `trouble` sees it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modeldeck.domain.kubernetes.workloads import Container, ContainerKind, ContainerState, Deployment, Pod, PodTemplate, ReplicaSet


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """`kubectl rollout status` in its own words. `state` is one of waiting, progressing, failed, done."""

    state: str
    message: str


WAITING = "waiting"
PROGRESSING = "progressing"
FAILED = "failed"
DONE = "done"

HASH_LABEL = "pod-template-hash"

_IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "SignatureValidationFailed"}
)
_CONFIG_REASONS = frozenset({"CreateContainerConfigError"})
_START_REASONS = frozenset(
    {"CrashLoopBackOff", "CreateContainerError", "RunContainerError", "StartError", "PreStartHookError", "PostStartHookError"}
)
_CRASHES = 2
"""Ends of one container after which it is called a crash loop, even if the kubelet's back-off has not begun."""


class Cause(StrEnum):
    """What a rollout fails by, or waits for."""

    IMAGE = "image"
    CONFIG = "config"
    """A ConfigMap or Secret that the container takes values from is not as it should be."""
    CRASH = "crash"
    MEMORY = "memory"
    """A container had more memory than it may."""
    START = "start"
    """The container runtime cannot begin it: its command, a mount, a hook."""
    SIDECAR = "sidecar"
    """A sidecar crashes: none of the model's own doing."""
    NO_POD = "no-pod"
    """The API refuses the pods: a quota, an admission webhook, a limit."""
    UNSCHEDULED = "unscheduled"
    PODS_END = "pods-end"
    """One pod after another fails as a whole: evicted, or refused by its node."""
    SLOW = "slow"
    """A new pod is not ready, and nothing says that it will not be."""
    PAUSED = "paused"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class RolloutTrouble:
    """Why a rollout will not succeed by waiting. `reason` is Kubernetes' own word, `cause` the kind that it is of. `pod` and `container`
    say whose log tells more; "" where no pod is at fault."""

    message: str
    reason: str
    cause: Cause
    pod: str = ""
    container: str = ""
    held: Cause | None = None
    """What held a rollout up until its DEADLINE."""

    def __str__(self) -> str:
        return self.message


def status(deployment: Deployment) -> RolloutStatus:
    """The first of kubectl's six steps that applies. Conditions other than Progressing, readiness and pausing are not looked at."""
    name = deployment.name
    if deployment.generation > deployment.observed_generation:
        return RolloutStatus(WAITING, "Waiting for deployment spec update to be observed...")
    if _deadline_exceeded(deployment):
        return RolloutStatus(FAILED, f'deployment "{name}" exceeded its progress deadline')
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if deployment.updated < deployment.desired:
        message = f"{deployment.updated} out of {deployment.desired} new replicas have been updated..."
        return RolloutStatus(PROGRESSING, waiting + message)
    if deployment.replicas > deployment.updated:
        return RolloutStatus(PROGRESSING, waiting + f"{deployment.replicas - deployment.updated} old replicas are pending termination...")
    if deployment.available < deployment.updated:
        return RolloutStatus(PROGRESSING, waiting + f"{deployment.available} of {deployment.updated} updated replicas are available...")
    return RolloutStatus(DONE, f'deployment "{name}" successfully rolled out')


def _deadline_exceeded(deployment: Deployment) -> bool:
    return any(c.type == "Progressing" and c.reason == "ProgressDeadlineExceeded" for c in deployment.conditions)


def trouble(deployment: Deployment, pods: Sequence[Pod], replica_sets: Sequence[ReplicaSet] = ()) -> RolloutTrouble | None:
    """The first reason to stop waiting: the new pods' own words before the controller's. None: it may go on.

    `pods` may be all of the Deployment's: only those of its present template are judged. Stale conditions of an older generation are not.
    Pods that have ended are not, either: others were made in their place. A refused creation (NO_POD) is final only where it lasts: the
    controller asks again, and whatever it lacks may be there by then.
    """
    new = new_pods(deployment, pods, replica_sets)
    for pod in new:
        if not pod.terminating and not pod.ended and (found := _pod_trouble(pod)) is not None:
            return found
    if deployment.generation > deployment.observed_generation:
        return None
    if not _something_comes(deployment, pods, new) and (found := refused(deployment)) is not None:
        return found
    if _deadline_exceeded(deployment):
        message = next((c.message for c in deployment.conditions if c.type == "Progressing"), "")
        message = message or f'deployment "{deployment.name}" exceeded its progress deadline'
        held = obstacle(deployment, pods, replica_sets)
        if held is None:
            return RolloutTrouble(message, "ProgressDeadlineExceeded", Cause.DEADLINE)
        return replace(
            held, message=f"{message.rstrip('.')}: {held.message}", reason="ProgressDeadlineExceeded", cause=Cause.DEADLINE, held=held.cause
        )
    return None


def obstacle(deployment: Deployment, pods: Sequence[Pod], replica_sets: Sequence[ReplicaSet] = ()) -> RolloutTrouble | None:
    """What an unfinished rollout waits for, in the words of whoever holds it up. It may pass by itself, so that it ends nothing."""
    if deployment.generation > deployment.observed_generation or status(deployment).state == DONE:
        return None
    if deployment.paused:
        return RolloutTrouble("the deployment is paused: nothing moves until it is resumed", "DeploymentPaused", Cause.PAUSED)
    if (found := refused(deployment)) is not None:
        return found
    new = [pod for pod in new_pods(deployment, pods, replica_sets) if not pod.terminating]
    coming = [pod for pod in new if not pod.ended and not pod.ready]
    for pod in coming:
        if pod.unscheduled:
            message = f"pod {pod.name} cannot be scheduled: {pod.unscheduled.rstrip('.')}"
            return RolloutTrouble(message, "Unschedulable", Cause.UNSCHEDULED, pod.name)
    ended = [pod for pod in new if pod.phase == "Failed"]
    if ended and len(ended) >= len(coming):
        pod = max(ended, key=lambda pod: pod.created_at or 0.0)
        message = f"pod {pod.name} failed: {_said(pod.reason, pod.message)}"
        return RolloutTrouble(
            f"{message} ({len(ended)} pods so far)" if len(ended) > 1 else message, pod.reason or "Failed", Cause.PODS_END, pod.name
        )
    if coming:
        return _slow(coming[0])
    return None


def refused(deployment: Deployment) -> RolloutTrouble | None:
    """The API's refusal to create one of its pods, as the controller tells it."""
    for condition in deployment.conditions:
        if condition.type == "ReplicaFailure" and condition.status == "True":
            message = f"no pod could be created: {condition.message or condition.reason}"
            return RolloutTrouble(message, condition.reason, Cause.NO_POD)
    return None


def _something_comes(deployment: Deployment, pods: Iterable[Pod], new: Iterable[Pod]) -> bool:
    """Whether something is under way that may make room for the next pod: one that ends, starts, or has to stay ready for a while."""
    return (
        deployment.available < deployment.ready
        or any(pod.terminating for pod in pods)
        or any(not pod.ended and not pod.ready for pod in new)
    )


def pod_words(pod: Pod) -> str:
    """What a pod says beside its STATUS: the kubelet's or the scheduler's words, else how the container that holds it up ended last."""
    if pod.message or pod.unscheduled or pod.terminating:
        return pod.message or pod.unscheduled
    found = next((c for c in pod.containers if not c.ready and c.kind is not ContainerKind.EPHEMERAL and c.last_exit_code), None)
    return _end_words(found).removeprefix(", ") + _of_which(pod, found) if found is not None else ""


def _slow(pod: Pod) -> RolloutTrouble:
    container = next((c for c in pod.containers if c.holds_others_back), None) or next(
        (c for c in pod.containers if c.kind is not ContainerKind.EPHEMERAL and not c.ready), None
    )
    running = container is not None and container.state == "running" and not container.holds_others_back
    said = "runs, but is not ready" if running else f"is still {pod.reason or pod.phase}"
    message = f"pod {pod.name} {said}" + (f": {container.message}" if container is not None and container.message else "")
    return RolloutTrouble(message, pod.reason, Cause.SLOW, pod.name, container.name if container is not None else "")


def _pod_trouble(pod: Pod) -> RolloutTrouble | None:
    for container in pod.containers:
        if container.ready or container.kind is ContainerKind.EPHEMERAL:
            continue
        found = _container_trouble(pod, container)
        if found is not None:
            return found
    return None


def _container_trouble(pod: Pod, container: ContainerState) -> RolloutTrouble | None:
    waits = container.reason if container.state == "waiting" else ""
    if waits in _IMAGE_REASONS:
        said = f"{_initially(pod, container)}{_said(waits, container.message)}"
        message = f"pod {pod.name}: image {container.image}{_of_which(pod, container)}: {said}"
        return RolloutTrouble(message, waits, Cause.IMAGE, pod.name, container.name)
    if waits in _CONFIG_REASONS:
        message = (
            f"pod {pod.name}: {_initially(pod, container)}{waits}{_of_which(pod, container)}: {container.message or 'no reason given'}"
        )
        return RolloutTrouble(message, waits, Cause.CONFIG, pod.name, container.name)
    # A running container may have a past: what it did before this rollout, or before its node was started anew, says nothing.
    ended = container.state == "terminated" and not (container.kind is ContainerKind.INIT and container.exit_code == 0)
    if waits in _START_REASONS or (ended and container.restarts + 1 >= _CRASHES):
        return RolloutTrouble(
            _crash_words(pod, container), container.reason or "CrashLoopBackOff", _crash_cause(container), pod.name, container.name
        )
    return None


def _crash_cause(container: ContainerState) -> Cause:
    if container.kind is ContainerKind.SIDECAR:
        return Cause.SIDECAR
    if "OOMKilled" in (container.reason, container.last_reason):
        return Cause.MEMORY
    return Cause.START if container.state == "waiting" and container.reason != "CrashLoopBackOff" else Cause.CRASH


def _initially(pod: Pod, container: ContainerState) -> str:
    """`Init:`, as kubectl writes it, while the pod is not past its init containers."""
    early = container.kind is ContainerKind.INIT or (container.kind is ContainerKind.SIDECAR and not pod.initialized)
    return "Init:" if early else ""


def _of_which(pod: Pod, container: ContainerState) -> str:
    """Which container it is, where that is not plain."""
    if container.kind is ContainerKind.INIT:
        return f" of init container {container.name}"
    if container.kind is ContainerKind.SIDECAR:
        return f" of sidecar {container.name}"
    return f" of container {container.name}" if sum(c.kind is ContainerKind.MAIN for c in pod.containers) > 1 else ""


def _crash_words(pod: Pod, container: ContainerState) -> str:
    first = _initially(pod, container)
    reason = (container.reason or "Error") if first or container.state == "waiting" else "keeps ending"
    told = f"pod {pod.name}: {first}{reason}{_of_which(pod, container)}"
    if container.restarts:
        told += f", restarted {container.restarts} times"
    told += _end_words(container, reason)
    message = (container.last_message or container.message).strip()
    return f"{told}: {message}" if message else told


def _end_words(container: ContainerState, said: str = "") -> str:
    """`, OOMKilled, exit code 137`: how it ended last, without what is `said` already."""
    cause, code = container.last_reason, container.last_exit_code
    if code is None and container.state == "terminated":
        cause, code = container.reason, container.exit_code
    message = f", {cause}" if cause not in ("", "Error", "Completed", said) else ""
    return message if code is None else f"{message}, exit code {code}"


def _said(reason: str, message: str) -> str:
    return f"{reason}: {message}" if reason and message and reason not in message else message or reason or "no reason given"


def new_replica_set(deployment: Deployment, replica_sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The ReplicaSet of the present template. None until the controller has seen the newest generation: it may not exist yet."""
    if deployment.generation > deployment.observed_generation or not deployment.revision:
        return None
    return next((s for s in replica_sets if s.owner_uid == deployment.uid and s.revision == deployment.revision), None)


def new_pods(deployment: Deployment, pods: Iterable[Pod], replica_sets: Sequence[ReplicaSet] = ()) -> tuple[Pod, ...]:
    """The pods of the present template, terminating ones included.

    With ReplicaSets by ownership, and likewise where the pods' revisions are known. Without, by their own template: the Deployment's must
    be found in the pod's, where admission may have added more. That cannot see changes outside of labels, annotations, images, commands
    and environment, nor pods of which admission has changed any of these.
    """
    if replica_sets:
        newest = new_replica_set(deployment, replica_sets)
        return tuple(pod for pod in pods if newest is not None and pod.owner_uid == newest.uid)
    return tuple(pod for pod in pods if _is_new(pod, deployment))


def _is_new(pod: Pod, deployment: Deployment) -> bool:
    if pod.revision and deployment.revision:
        return pod.revision == deployment.revision and deployment.generation <= deployment.observed_generation
    return runs_template(pod.template, deployment.template)


def runs_template(pod: PodTemplate, template: PodTemplate) -> bool:
    """Whether a pod can have come from this template: all that the template says stands in the pod."""
    containers = {container.name: container for container in pod.containers}
    return (
        _within(template.labels, pod.labels)
        and _within(template.annotations, pod.annotations)
        and all(c.name in containers and _same_container(c, containers[c.name]) for c in template.containers)
    )


def _within(few: Mapping[str, str], many: Mapping[str, str]) -> bool:
    return all(many.get(key) == text for key, text in few.items())


def _same_container(wanted: Container, real: Container) -> bool:
    env = {variable.name: variable.value for variable in real.env}
    return (
        wanted.image == real.image
        and wanted.command == real.command
        and wanted.args == real.args
        and all(v.name in env and env[v.name] == v.value for v in wanted.env)
    )
