"""A rollout's state by kubectl's rules and in kubectl's words (polymorphichelpers/rollout_status.go), and early signs of failure.

Kubernetes never rolls back by itself: a crash loop only becomes ProgressDeadlineExceeded after 600 s. `trouble` sees it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.domain.serving import Container, ContainerState, Deployment, Pod, PodTemplate, ReplicaSet
from tui.domain.truth import RolloutStatus

WAITING = "waiting"
PROGRESSING = "progressing"
FAILED = "failed"
DONE = "done"

HASH_LABEL = "pod-template-hash"

_IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})
_START_REASONS = frozenset({"CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"})
_CRASHES = 2
"""Ends of one container after which it is called a crash loop, whatever the kubelet's back-off shows at this moment."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a rollout will not succeed by waiting. `pod` and `container` say whose log tells more; "" where no pod is at fault."""

    words: str
    reason: str
    pod: str = ""
    container: str = ""

    def __str__(self) -> str:
        return self.words


def status(deployment: Deployment) -> RolloutStatus:
    """The first of kubectl's six steps that applies. Conditions other than Progressing, readiness and pausing are not looked at."""
    name = deployment.name
    if deployment.generation > deployment.observed_generation:
        return RolloutStatus(WAITING, "Waiting for deployment spec update to be observed...")
    if _deadline_exceeded(deployment):
        return RolloutStatus(FAILED, f'deployment "{name}" exceeded its progress deadline')
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if deployment.updated < deployment.desired:
        words = f"{deployment.updated} out of {deployment.desired} new replicas have been updated..."
        return RolloutStatus(PROGRESSING, waiting + words)
    if deployment.replicas > deployment.updated:
        return RolloutStatus(PROGRESSING, waiting + f"{deployment.replicas - deployment.updated} old replicas are pending termination...")
    if deployment.available < deployment.updated:
        return RolloutStatus(PROGRESSING, waiting + f"{deployment.available} of {deployment.updated} updated replicas are available...")
    return RolloutStatus(DONE, f'deployment "{name}" successfully rolled out')


def _deadline_exceeded(deployment: Deployment) -> bool:
    return any(c.type == "Progressing" and c.reason == "ProgressDeadlineExceeded" for c in deployment.conditions)


def trouble(deployment: Deployment, pods: Iterable[Pod], replica_sets: Sequence[ReplicaSet] = ()) -> Trouble | None:
    """The first reason to stop waiting: the new pods' own words before the controller's. None: nothing speaks against going on.

    `pods` may be all of the Deployment's: only those of its present template are judged. Stale conditions of an older generation are not.
    """
    for pod in new_pods(deployment, pods, replica_sets):
        if not pod.terminating and (found := _pod_trouble(pod)) is not None:
            return found
    if deployment.generation > deployment.observed_generation:
        return None
    for condition in deployment.conditions:
        if condition.type == "ReplicaFailure" and condition.status == "True":
            return Trouble(f"no pod could be created: {condition.message or condition.reason}", condition.reason)
    if _deadline_exceeded(deployment):
        words = next((c.message for c in deployment.conditions if c.type == "Progressing"), "")
        return Trouble(words or f'deployment "{deployment.name}" exceeded its progress deadline', "ProgressDeadlineExceeded")
    return None


def _pod_trouble(pod: Pod) -> Trouble | None:
    for container in pod.containers:
        if container.ready:
            continue
        if container.state == "waiting" and container.reason in _IMAGE_REASONS:
            words = f"pod {pod.name}: image {container.image}: {_said(container.reason, container.message)}"
            return Trouble(words, container.reason, pod.name, container.name)
        if (container.state == "waiting" and container.reason in _START_REASONS) or container.restarts >= _CRASHES:
            return Trouble(_crash_words(pod, container), container.reason or "CrashLoopBackOff", pod.name, container.name)
    if pod.phase == "Failed":
        return Trouble(f"pod {pod.name} failed: {_said(pod.reason, pod.message)}", pod.reason or "Failed", pod.name)
    return None


def _crash_words(pod: Pod, container: ContainerState) -> str:
    reason = container.reason if container.state == "waiting" and container.reason else "keeps ending"
    words = f"pod {pod.name}: {reason}, restarted {container.restarts} times"
    code = container.last_exit_code if container.last_exit_code is not None else container.exit_code
    if code is not None:
        words += f", exit code {code}"
    message = (container.last_message or container.message).strip()
    return f"{words}: {message}" if message else words


def _said(reason: str, message: str) -> str:
    return f"{reason}: {message}" if reason and message and reason not in message else message or reason or "no reason given"


def new_replica_set(deployment: Deployment, replica_sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The ReplicaSet of the present template. None until the controller has seen the newest generation: it may not exist yet."""
    if deployment.generation > deployment.observed_generation or not deployment.revision:
        return None
    return next((s for s in replica_sets if s.owner_uid == deployment.uid and s.revision == deployment.revision), None)


def new_pods(deployment: Deployment, pods: Iterable[Pod], replica_sets: Sequence[ReplicaSet] = ()) -> tuple[Pod, ...]:
    """The pods of the present template, terminating ones included.

    With ReplicaSets by ownership. Without, by their own template: the Deployment's must be found in the pod's, where admission may have
    added more. That cannot see changes outside of labels, annotations, images, commands and environment.
    """
    if replica_sets:
        newest = new_replica_set(deployment, replica_sets)
        return tuple(pod for pod in pods if newest is not None and pod.owner_uid == newest.uid)
    return tuple(pod for pod in pods if runs_template(pod.template, deployment.template))


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
