"""What we say of a rollout beside `kubectl rollout status`, in many situations: the same words, and an early end only where we mean it."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.rollout import RolloutTrouble
from modeldeck.domain.kubernetes.workloads import Deployment, Pod
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.conformance.clusters import Cluster, until
from tests.conformance.kubernetes.situations import NAME, SITUATIONS, Situation, Stage
from tests.conformance.kubernetes.workloads import Workloads


@dataclass(frozen=True)
class Look:
    """The deployment with its pods, and what kubectl said at the same time."""

    deployment: Deployment
    pods: tuple[Pod, ...]
    kubectl: str
    failed: bool

    @property
    def ends(self) -> RolloutTrouble | None:
        return rollout.trouble(self.deployment, self.pods)

    @property
    def held(self) -> RolloutTrouble | None:
        return rollout.obstacle(self.deployment, self.pods)


def look(cluster: Cluster, namespace: str) -> Look | None:
    """None where something changed meanwhile."""
    before, _ = asyncio.run(_read(cluster, namespace))
    command = cluster.command("-n", namespace, "rollout", "status", f"deployment/{NAME}", "--watch=false")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    after, pods = asyncio.run(_read(cluster, namespace))
    said = (done.stdout or done.stderr).strip().removeprefix("error: ")
    return Look(after, pods, said, done.returncode != 0) if before == after else None


async def _read(cluster: Cluster, namespace: str) -> tuple[Deployment, tuple[Pod, ...]]:
    source = KubernetesCluster(ClusterTarget(str(cluster.kubeconfig())))
    try:
        found = await source.deployment(namespace, NAME)
        return found, await source.pods_of(found)
    finally:
        await source.aclose()


@pytest.mark.parametrize("name", [name for name, found in SITUATIONS.items() if not found.real_only])
def test_our_verdict_beside_kubectls(cluster: Cluster, workloads: Workloads, name: str) -> None:
    holds(cluster, workloads, SITUATIONS[name])


@pytest.mark.parametrize("cluster", ["real"], indirect=True)
@pytest.mark.parametrize("name", [name for name, found in SITUATIONS.items() if found.real_only])
def test_where_the_api_refuses_pods(cluster: Cluster, workloads: Workloads, name: str) -> None:
    """The simulator has no quotas and no policies."""
    holds(cluster, workloads, SITUATIONS[name])


def holds(cluster: Cluster, workloads: Workloads, expected: Situation) -> None:
    expected.scene(Stage(workloads))

    def settled() -> Look | None:
        found = look(cluster, workloads.namespace)
        return found if found is not None and rollout.status(found.deployment).state == expected.kubectl else None

    found: Look = until(f"a rollout that is {expected.kubectl}", settled, 15)
    assert found.kubectl == rollout.status(found.deployment).message
    assert found.failed == (expected.kubectl == rollout.FAILED)
    ends, held = found.ends, found.held
    assert (ends.cause if ends else None) == expected.ends, ends
    if expected.ends is None:
        assert (held.cause if held else None) == expected.held, held
    told = ends or held
    assert expected.message in (told.message if told else "")
