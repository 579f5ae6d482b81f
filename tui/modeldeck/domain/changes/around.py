"""What changed in what a deployment stands on: its configuration, its nodes, its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, Reach
from modeldeck.domain.kubernetes.surroundings import ClusterNode, ConfigObject
from modeldeck.domain.kubernetes.workloads import Condition, Deployment, Fleet, Pod

_NEW = 120.0
# Seconds after its creation in which a node's conditions are only set for the first time.


def config_changes(configs: Iterable[ConfigObject], pods: Sequence[Pod]) -> Iterator[ChangeEvent]:
    """Each one's newest write by everybody who writes it."""
    for one in configs:
        for write in one.writes:
            created = one.created_at is not None and write.at <= one.created_at + 1
            what = f"{'created' if created else 'written'} by {write.manager or 'somebody'}"
            details = (_reaches(one, write.at, pods), f"resourceVersion {one.resource_version}")
            yield ChangeEvent(ChangeKind.CONFIG, write.at, f"{one.kind} {one.name}", what, "managedFields", details=details)


def _reaches(one: ConfigObject, at: float, pods: Sequence[Pod]) -> str:
    if one.as_files:
        return "mounted as files: running pods see it within minutes, unless by subPath"
    old = sum(pod.started_at is not None and pod.started_at < at for pod in pods)
    return f"taken as environment when a pod starts: {old} of {len(pods)} pods that run now started before it"


def node_changes(nodes: Iterable[ClusterNode]) -> Iterator[ChangeEvent]:
    for node in nodes:
        subject = f"node {node.name}"
        for condition in node.conditions:
            at = condition.changed_at
            if at is not None and (node.created_at is None or at > node.created_at + _NEW):
                details = (condition.message,) if condition.message else ()
                yield ChangeEvent(ChangeKind.NODE, at, subject, _condition(condition), "node status", reach=Reach.NODE, details=details)
        if node.unschedulable and node.cordoned_at is not None:
            yield ChangeEvent(ChangeKind.NODE, node.cordoned_at, subject, "cordoned: no new pods", "node taint", reach=Reach.NODE)


def _condition(condition: Condition) -> str:
    """`Ready` is well where it is True, all others where they are False."""
    reason = f": {condition.reason}" if condition.reason else ""
    if condition.type == "Ready":
        return "is Ready again" if condition.status == "True" else f"is not Ready{reason}"
    return f"{condition.type} is over" if condition.status == "False" else f"has {condition.type}{reason}"


def neighbours(fleet: Fleet, deployment: Deployment, pods: Iterable[Pod]) -> Iterator[ChangeEvent]:
    """New templates of other deployments in its namespace, or with pods on its nodes."""
    nodes = {pod.node for pod in pods if pod.node}
    sharing = {pod.owner_uid: pod.node for pod in fleet.pods if pod.node in nodes}
    others = {one.uid: one for one in fleet.deployments if one.uid != deployment.uid}
    for one in fleet.replica_sets:
        other = others.get(one.owner_uid or "")
        if other is None or one.created_at is None or not (one.namespace == deployment.namespace or one.uid in sharing):
            continue
        shared = f", on node {sharing[one.uid]} as well" if one.uid in sharing else ""
        what = f"revision {one.revision}{shared}"
        yield ChangeEvent(
            ChangeKind.ROLLOUT, one.created_at, f"deployment {other.key}", what, f"ReplicaSet {one.name}", reach=Reach.NEIGHBOUR
        )
