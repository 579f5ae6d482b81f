"""Everything that is known of what happened to a deployment around a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modeldeck.domain.changes.change_event import ChangeQuestion, Changes
from modeldeck.domain.changes.gathering import ChangeSources, changes_around
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.status.version_changes import version_changes
from modeldeck.operations.changes.firing_alerts import firing_alerts
from modeldeck.operations.changes.pod_metrics import pod_outliers
from modeldeck.operations.history.history import Memories, history
from modeldeck.ports import AlertSource, Clock, Cluster, Metrics


async def what_changed(
    key: str,
    asked: ChangeQuestion,
    memories: Memories,
    *,
    cluster: Cluster,
    metrics: Metrics | None,
    patterns: LinkPatterns,
    clock: Clock,
    alerts: AlertSource | None,
    not_known: Sequence[str] = (),
) -> Changes:
    """`memories` with the fleet; `not_known`: which of them could not be asked. Raises a Failure where the deployment cannot be read."""
    namespace, _, name = key.partition("/")
    fleet = memories.fleet or Fleet((), (), ())
    deployment = await cluster.deployment(namespace, name)
    known = ChangeSources(deployment, fleet)
    scope = metrics.scope if metrics is not None else SeriesScope()
    around, (odd, unmeasured), (firing, unread) = await asyncio.gather(
        cluster.surroundings(deployment, known.pods),
        pod_outliers(key, fleet, known.pods, metrics, asked.moment, clock.now()),
        firing_alerts(key, alerts, scope),
    )
    past = history(memories, patterns, of=key)
    known = ChangeSources(
        deployment,
        fleet,
        version_changes(fleet, key, patterns),
        tuple(entry for entry in past if entry.is_about(key)),
        around,
        (*odd, *firing),
        (*not_known, *unmeasured, *unread),
    )
    return changes_around(known, asked, clock.now())
