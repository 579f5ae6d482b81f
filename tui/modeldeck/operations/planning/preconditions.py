"""Has the world moved since the plan was shown? Taken when planning, compared again before anything is applied."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from modeldeck.domain.failures import NotFound
from modeldeck.domain.kubernetes.annotations import OPERATION, mark_of
from modeldeck.domain.kubernetes.workloads import Deployment, PodTemplate
from modeldeck.domain.links.slots import each_container, places
from modeldeck.domain.operations.plan import Target
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.ownership import newest
from modeldeck.operations.common.patch import own_annotation, tail
from modeldeck.operations.common.retry import retry
from modeldeck.ports import Clock


def digests(template: PodTemplate) -> dict[str, str]:
    """Each place of the template with a digest of its text: enough to say what changed, without keeping values that may be secret."""
    return {where: _digest(text) for where, text in places(template).items()}


def template_changes(target: Target, deployment: Deployment) -> tuple[str, ...]:
    """What is different from what the plan was made from, in words; () where the plan still holds."""
    taken = target.fingerprint
    if deployment.uid != taken.deployment_uid:
        return (f"deployment {deployment.key} was deleted and made anew",)
    if deployment.template_hash != taken.template_hash:
        return _differences(taken.places, deployment.template)
    if taken.replicas is not None and deployment.desired != taken.replicas and not taken.autoscaled:
        return (f"scaled from {taken.replicas} to {deployment.desired} (generation {taken.generation} → {deployment.generation})",)
    explained = taken.autoscaled or annotations_digest(deployment) != taken.annotations
    if deployment.generation == taken.generation or explained:
        # Kubernetes counts a change of the annotations as a new generation of a Deployment; its own controller makes some.
        return ()
    return (f"its spec was changed outside of the pod template (generation {taken.generation} → {deployment.generation})",)


def annotations_digest(deployment: Deployment) -> str:
    return _digest(repr(sorted(deployment.annotations.items())))


async def what_moved(target: Target, operation_id: str, clients: Clients, clock: Clock) -> tuple[str, ...]:
    """Reads what the plan stands on once more, at the same time. Raises a Failure where the cluster, or a registry that was known when
    planning, cannot be asked."""
    cluster_moved, registry_moved = await asyncio.gather(
        _cluster_moved(target, operation_id, clients, clock), _registry_moved(target, clients, clock)
    )
    return (*cluster_moved, *registry_moved)


async def _cluster_moved(target: Target, operation_id: str, clients: Clients, clock: Clock) -> tuple[str, ...]:
    cluster = clients.need_cluster()
    namespace, name = target.namespace, target.deployment
    deployment = await retry(lambda: cluster.deployment(namespace, name), clock)
    return (*template_changes(target, deployment), *other_operation(target, operation_id, deployment))


def other_operation(target: Target, operation_id: str, deployment: Deployment) -> tuple[str, ...]:
    """A mark that was not there when the plan was made, in words; one that was there had been judged then. Or an operation that has begun
    and ended since, even where it left everything as it was: whoever plans again sees what it was about."""
    last = newest(deployment)
    if last is not None and last.id not in (target.fingerprint.last_operation, operation_id):
        return (f"operation {last.id} of {last.actor or 'somebody'} was carried out",)
    mark = mark_of(deployment.annotations)
    known, _ = target.slot_edits.get(own_annotation(OPERATION), (None, None))
    if mark is None or mark.id == operation_id or deployment.annotations.get(OPERATION) == known:
        return ()
    return (f"operation {mark.id} of {mark.actor or 'somebody'} has begun",)


async def _registry_moved(target: Target, clients: Clients, clock: Clock) -> tuple[str, ...]:
    taken = target.fingerprint
    if not taken.alias_known:
        return ()
    registry = clients.need_registry()
    alias = target.alias
    points_at, version = await asyncio.gather(
        retry(lambda: registry.version_of_alias(target.model, alias), clock),
        _status(target, clients, clock),
    )
    moved = []
    if points_at != taken.alias_version:
        moved.append(f"alias {alias} of {target.model} moved from {taken.alias_version or 'nothing'} to {points_at or 'nothing'}")
    if version != taken.version_status and target.copied_from is None:
        moved.append(f"version {target.to_version} of {target.model} was {taken.version_status}, is {version}")
    return tuple(moved)


async def _status(target: Target, clients: Clients, clock: Clock) -> str:
    registry = clients.need_registry()
    try:
        return (await retry(lambda: registry.version(target.model, target.to_version), clock)).status
    except NotFound:
        return "gone"


def _differences(before: Mapping[str, str], template: PodTemplate) -> tuple[str, ...]:
    now = digests(template)
    message = [
        f"{_place(where, template)} was {'added' if where not in before else 'removed' if where not in now else 'changed'}"
        for where in sorted({*before, *now})
        if before.get(where) != now.get(where)
    ]
    if message:
        return tuple(message)
    return ("the pod template was changed in a field that modeldeck does not read (resources, probes, volumes, …)",)


def _place(where: str, template: PodTemplate) -> str:
    """A place as people call it: `env LOG_LEVEL of container server`."""
    parts = where.split("/")
    container = dict(each_container(template)).get("/".join(parts[:6]))
    if container is None or len(parts) < 7:
        return f"{'label' if '/labels/' in where else 'annotation'} {tail(where)}" if "/metadata/" in where else where
    if parts[6] == "env" and int(parts[7]) < len(container.env):
        return f"env {container.env[int(parts[7])].name} of container {container.name}"
    return f"{' '.join(parts[6:])} of container {container.name}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
