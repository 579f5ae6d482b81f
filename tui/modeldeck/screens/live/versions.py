"""Which versions' lines can be told apart over a window of time."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.gates.pod_names import told_apart
from modeldeck.domain.metrics.charts.by_version import MOST_VERSIONS
from modeldeck.domain.status.served_versions import served_versions
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.pod_groups import VersionPods
from modeldeck.render import deployments


def versions_in(changes: Sequence[ServingChange], running: frozenset[str], start: float, end: float) -> tuple[VersionPods, ...]:
    """The newest ones that served from `start` to `end`, or of which pods run (`running`: names of ReplicaSets), newest first. () where
    there are not two of them, or their pods' names do not tell them apart."""
    found: dict[str, tuple[str, ...]] = {}
    until = float("inf")
    for one in served_versions(changes):
        if (one.since <= end and until >= start) or not running.isdisjoint(one.replica_sets):
            name = deployments.version(one.version) if one.version is not None else one.replica_sets[0]
            found[name] = (*found.get(name, ()), *one.replica_sets)
        until = one.since
    versions = tuple(VersionPods(name, sets) for name, sets in found.items())[:MOST_VERSIONS]
    apart = all(told_apart(one.replica_sets, other.replica_sets) for one in versions for other in versions if one is not other)
    return versions if len(versions) > 1 and apart else ()
