"""When a deployment changed what it serves: the marks in its charts."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.linking import link_in
from modeldeck.domain.links.links import LinkPatterns


@dataclass(frozen=True, slots=True)
class ServingChange:
    """From `at` (seconds since the epoch) on, pods of `version` came up; None where that ReplicaSet names no version."""

    at: float
    revision: int
    version: str | None
    replica_set: str = ""
    """Its name."""
    again: bool = False
    """Whether that ReplicaSet had served before, and was used again: as a roll-back does."""


def version_changes(fleet: Fleet, key: str, patterns: LinkPatterns) -> tuple[ServingChange, ...]:
    """Oldest first. A ReplicaSet that a roll-back uses again keeps its old creation time: its oldest present pod tells better."""
    deployment = fleet.deployment(key)
    if deployment is None:
        return ()
    started: dict[str, float] = {}
    for pod in fleet.pods:
        if pod.owner_uid is not None and pod.created_at is not None:
            started[pod.owner_uid] = min(pod.created_at, started.get(pod.owner_uid, pod.created_at))
    newest = max((rs.created_at or 0.0 for rs in fleet.replica_sets if rs.owner_uid == deployment.uid), default=0.0)
    changes: list[ServingChange] = []
    for replica_set in fleet.replica_sets:
        if replica_set.owner_uid != deployment.uid or replica_set.created_at is None:
            continue
        link = link_in(replica_set.template, deployment, patterns)
        version = (link.version or link.alias) if link else None
        used_again = replica_set.revision == deployment.revision and replica_set.created_at < newest
        at = started.get(replica_set.uid, replica_set.created_at) if used_again else replica_set.created_at
        changes.append(ServingChange(at, replica_set.revision, version, replica_set.name, used_again))
    return tuple(sorted(changes, key=lambda change: (change.at, change.revision)))
