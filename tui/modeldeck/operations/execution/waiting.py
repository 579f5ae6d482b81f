"""Waiting for a rollout by kubectl's rules, and giving up early, with the pods' own words, where waiting will not help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from modeldeck.domain.failures import Conflict, Failure, TimedOut
from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.owners import changed_by
from modeldeck.domain.kubernetes.rollout import Cause, RolloutTrouble
from modeldeck.domain.kubernetes.workloads import Deployment, Pod
from modeldeck.domain.links.slots import Edits, places
from modeldeck.operations.common import patch
from modeldeck.operations.common.retry import TRANSIENT_WHERE_ALLOWED, Refusals, pause_after
from modeldeck.operations.common.text import sanitize, sanitize_lines
from modeldeck.operations.execution.execution import Execution

POLL = 0.4
"""Seconds between two looks."""
_STALE_DEADLINE = 10.0
# Seconds for which a ProgressDeadlineExceeded that stood there before is not believed: the controller only takes the condition of
# an earlier rollout away when the new one moves.
_LOG_LINES = 30
_NO_POD_PATIENCE = 30.0
# Seconds for which the API may refuse to create a pod while nothing else moves: a webhook that starts anew, a quota that others free.

_HINTS: Mapping[Cause, str] = {
    Cause.IMAGE: "check the image's name and tag, and whether the pods may pull it (imagePullSecrets)",
    Cause.CONFIG: "create the ConfigMap, Secret or key that it names, or name one that exists",
    Cause.MEMORY: "raise the container's memory limit, or bring a smaller model",
    Cause.START: "look at the container's command, mounts and hooks: it was never begun",
    Cause.SIDECAR: "look at the sidecar's log: the pod is not ready without it",
    Cause.NO_POD: "raise the quota or free some of it (kubectl describe quota), or ask for what the admission policy allows",
    Cause.UNSCHEDULED: "free or add a node that fits, or let an old pod end first (strategy: maxSurge 0, maxUnavailable 1)",
    Cause.PODS_END: "look at the node's events: it has too little of something, or refuses the pod",
    Cause.SLOW: "look at the pod's events and its readiness probe; raise progressDeadlineSeconds where it is only slow",
    Cause.DEADLINE: "look at the deployment's events and its pods; raise progressDeadlineSeconds where they are only slow",
    Cause.PAUSED: "resume the deployment: kubectl rollout resume",
}


class RolloutFailed(Failure):
    """The new pods do not come up. The words are the pods' own."""

    code: ClassVar[str] = "rollout_failed"
    default_hint: ClassVar[str] = "look at the pods' log; the model's artifact or its requirements may be broken"


async def wait_for_rollout(execution: Execution, wanted: Edits | None = None) -> str:
    """Until the Deployment as it is now is rolled out; answers kubectl's words.

    Raises RolloutFailed early or at the deadline, Conflict when somebody takes the `wanted` edits back meanwhile, Stopped on a cancel.
    A cluster that is away is waited for, too.
    """
    began = execution.clock.monotonic()
    until = began + execution.plan.intent.rollout_deadline
    said = ""
    outage: set[str] = set()
    refusals = Refusals()
    stale = True
    creation = _Creation()
    while True:
        execution.stop_if_asked()
        try:
            deployment = await execution.clients.need_cluster().deployment(*execution.key)
            _refuse_moved(wanted, deployment)
            status = rollout.status(deployment)
            if status.state == rollout.DONE:
                return status.message
            pods = await _pods(execution, deployment)
        except TRANSIENT_WHERE_ALLOWED as failure:
            if refusals.believed(failure, execution.clock.monotonic()):
                raise
            said = f"{failure} — still waiting"
            if said not in outage:  # a network that is away is told of in several ways, by turns
                execution.hold_up(said)
            outage.add(said)
            await _sleep(execution, until, said, pause_after(failure, POLL))
            continue
        outage.clear()
        refusals = Refusals()
        now = execution.clock.monotonic()
        found = creation.believed(rollout.trouble(deployment, pods), deployment, pods, now)
        if status.state == rollout.PROGRESSING:
            stale = False
        if found is not None and not (found.cause is Cause.DEADLINE and stale and now - began < _STALE_DEADLINE):
            raise await _failed(execution, found)
        held = rollout.obstacle(deployment, pods)
        said = _say_once(execution, said, _words(status.message, held))
        await _sleep(execution, until, said, POLL, held)


async def look(execution: Execution, wanted: Edits | None) -> tuple[Pod, ...]:
    """Its pods, once, after the rollout. Raises RolloutFailed where they have broken since, Conflict where somebody has changed the
    template."""
    deployment = await execution.clients.need_cluster().deployment(*execution.key)
    _refuse_moved(wanted, deployment)
    pods = await _pods(execution, deployment)
    found = rollout.trouble(deployment, pods)
    if found is not None and found.cause not in (Cause.DEADLINE, Cause.NO_POD):
        raise await _failed(execution, found)
    return pods


async def still_ours(execution: Execution) -> None:
    """Before the alias of their model moves: raises Conflict where somebody has changed the template of one of its Deployments since the
    rollout. An operation that was cut off may be gone on with much later."""
    for target in execution.plan.targets:
        if target.model == execution.target.model and not target.by_alias:
            found = await execution.retry(partial(execution.clients.need_cluster().deployment, target.namespace, target.deployment))
            _refuse_moved(patch.of_template(target.slot_edits), found)


def _refuse_moved(wanted: Edits | None, deployment: Deployment) -> None:
    if wanted is not None and not patch.stand(wanted, deployment):
        message = "; ".join(patch.strays(wanted, deployment)) or "the old values are back"
        raise Conflict(f"{changed_by(deployment)} changed the template meanwhile: {message}", backend="Kubernetes")


@dataclass
class _Creation:
    """Whether a refusal to create pods is final. Not frozen: it holds since when there has been one, and when anything last moved.

    The controller asks again after pauses that double, so that it may take as long as it was refused until room that has come is used.
    """

    _since: float | None = None
    _moved: float = 0.0
    _seen: tuple[object, ...] = ()

    def believed(self, found: RolloutTrouble | None, deployment: Deployment, pods: tuple[Pod, ...], now: float) -> RolloutTrouble | None:
        """The trouble, unless it is a refusal that may still pass."""
        if rollout.refused(deployment) is None:
            self._since, self._seen = None, ()
            return found
        seen = (deployment.generation, deployment.replicas, deployment.updated, deployment.available, *sorted(pod.uid for pod in pods))
        if self._since is None:
            self._since = now
        if seen != self._seen or found is None:
            self._moved, self._seen = now, seen
        if found is None or found.cause is not Cause.NO_POD:
            return found
        return found if now - self._moved >= max(_NO_POD_PATIENCE, self._moved - self._since) else None


def _words(message: str, held: RolloutTrouble | None) -> str:
    return message if held is None or held.cause is Cause.SLOW else f"{message} {held.message}"


def _say_once(execution: Execution, said: str, message: str) -> str:
    if message != said:
        execution.say(message)
    return message


async def _sleep(execution: Execution, until: float, said: str, seconds: float, held: RolloutTrouble | None = None) -> None:
    if execution.clock.monotonic() + seconds > until:
        deadline = execution.plan.intent.rollout_deadline
        said = f"{said} {held.message}" if held is not None and held.message not in said else said
        hint = "look at the pods; raise the deadline where they are slow"
        hint = _HINTS[held.cause] if held is not None and held.cause is not Cause.SLOW else hint
        raise TimedOut(sanitize(f"not rolled out after {deadline:.0f} s: {said}", limit=600), hint=hint)
    await execution.clock.sleep(seconds)


async def _pods(execution: Execution, deployment: Deployment) -> tuple[Pod, ...]:
    pods = await execution.clients.need_cluster().pods_of(deployment)
    if execution.undoing:
        # Where revisions are not known: annotations that only the new template has make its pods look like the old one's, too, as it asks
        # for less.
        forward = patch.of_template(execution.target.slot_edits)
        return tuple(pod for pod in pods if pod.revision or not _carries(forward, pod))
    return pods


def _carries(forward: Edits, pod: Pod) -> bool:
    present = places(pod.template)
    return all(present.get(where) == after for where, (_, after) in forward.items())


async def _failed(execution: Execution, found: RolloutTrouble) -> RolloutFailed:
    """The failure with what the pod logged last; all of it also goes to the operation's log."""
    execution.say(found.message)
    lines = await _last_words(execution, found)
    for line in lines:
        execution.say(f"{found.pod}: {line}")
    message = sanitize(found.message, limit=600)
    hint = _HINTS.get(found.held or found.cause, "")
    return RolloutFailed(f"{message} — {lines[-1]}" if lines and lines[-1] not in message else message, backend="Kubernetes", hint=hint)


async def _last_words(execution: Execution, found: RolloutTrouble) -> tuple[str, ...]:
    """The container that crashed is usually gone: its log is the previous one, unless it has not been restarted yet."""
    if not found.pod or not found.container:
        return ()
    cluster = execution.clients.need_cluster()
    for previous in (True, False):
        try:
            text = await cluster.pod_log(execution.target.namespace, found.pod, found.container, tail=_LOG_LINES, previous=previous)
        except Failure:
            continue
        lines = sanitize_lines(text)
        if lines:
            return lines
    return ()
