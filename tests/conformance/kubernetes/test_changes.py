"""What changed, on both clusters: a rollout with what it changed, and a scaling, each told once and as who did it."""

from __future__ import annotations

import asyncio
import time

from modeldeck.domain.changes.change_event import ChangeKind, ChangeQuestion, Changes
from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.live.clock import SystemClock
from modeldeck.operations.changes.reading import what_changed
from modeldeck.operations.history.history import Memories
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.conformance.clusters import Cluster, until
from tests.conformance.kubernetes.workloads import Workloads


def asked(cluster: Cluster, workloads: Workloads) -> Changes:
    async def ask() -> Changes:
        opened = KubernetesCluster(ClusterTarget(str(cluster.kubeconfig("admin")), namespaces=(workloads.namespace,)))
        try:
            return await what_changed(
                f"{workloads.namespace}/web",
                ChangeQuestion(time.time()),
                Memories(await opened.fleet((workloads.namespace,)), None),
                cluster=opened,
                metrics=None,
                alerts=None,
                patterns=LinkPatterns(),
                clock=SystemClock(),
            )
        finally:
            await opened.aclose()

    return asyncio.run(ask())


def test_a_rollout_and_a_scaling(cluster: Cluster, workloads: Workloads) -> None:
    workloads.create()
    workloads.set_image("ready:2")
    workloads.rolled_out()
    cluster.kubectl("scale", "deployment/web", "--replicas=1", f"--namespace={workloads.namespace}")
    workloads.rolled_out()
    found = until("the event of it", lambda: _scaled(asked(cluster, workloads)))
    (first, second) = sorted((event for event in found.events), key=lambda event: event.what)
    assert (first.kind, first.what) == (ChangeKind.ROLLOUT, "revision 1: the first one")
    assert (second.kind, second.what) == (ChangeKind.ROLLOUT, "revision 2: image of main: ready:1 → ready:2")
    assert "when kubectl set the count of pods: Kubernetes keeps no time of it" in found.not_known


def _scaled(found: Changes) -> Changes | None:
    """Once the controller has told of its step: so soon after a rollout it stands among that one's."""
    return found if any(" from 2 to 1, " in line for event in found.events for line in event.details[-1:]) else None
