"""What modeldeck's own client and rules say of pods that really run: truth rows, trouble, logs, held against kubectl."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.kubernetes.rollout import RolloutTrouble, trouble
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.linking import find_links, slot_edits, template_patch
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.joining import serving_rows
from modeldeck.domain.status.serving_row import Code, ServingRow
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from modeldeck.sources.kubernetes.informer import Informer
from tests.conformance.node.conftest import Node
from tests.conformance.node.serving import deployed
from tests.sources.kubernetes.waiting import until


class Deck:
    """An informer's newest reading, joined."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        self.cluster = cluster
        self.informer = Informer(cluster, "test", ("serving",), lambda reading: None)

    @property
    def reading(self) -> Reading[Fleet]:
        return self.informer.reading

    def row(self, name: str) -> ServingRow | None:
        rows = serving_rows(self.reading.value, None) if self.reading.value else ()
        return next((row for row in rows if row.deployment == name), None)

    def trouble(self, name: str) -> RolloutTrouble | None:
        fleet = self.reading.value
        found = fleet.deployment(f"serving/{name}") if fleet else None
        return trouble(found, fleet.pods, fleet.replica_sets) if fleet and found else None

    async def promote(self, name: str, version: str) -> None:
        before = await self.cluster.deployment("serving", name)
        edits = slot_edits(find_links(before.template)[0], version, model="iris", run_id=None)
        await self.cluster.patch_deployment("serving", name, {"spec": {"template": template_patch(edits, before.template)}})


@pytest.fixture
async def deck(node: Node) -> AsyncIterator[Deck]:
    cluster = KubernetesCluster(ClusterTarget(str(node.cluster.kubeconfig())))
    found = Deck(cluster)
    found.informer.start()
    yield found
    await found.informer.stop()
    await cluster.aclose()


def live(row: ServingRow | None) -> list[tuple[str | None, int]]:
    return [(one.version, one.ready) for one in row.live] if row else []


@asynccontextmanager
async def running(node: Node, name: str, uri: str, replicas: int = 1) -> AsyncIterator[None]:
    """`deployed` without holding up the event loop, on which the informer runs."""
    made = deployed(node, name, uri, replicas)
    await asyncio.to_thread(made.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(made.__exit__, None, None, None)


async def test_a_truth_row_follows_a_promotion(node: Node, deck: Deck) -> None:
    async with running(node, "followed", "models:/iris/1", replicas=2):
        await until("version 1 on both pods", lambda: live(deck.row("followed")) == [("1", 2)])
        await until(
            "it agrees",
            lambda: (
                (row := deck.row("followed")) is not None and (row.spec_version, row.rollout.state, row.disagreements) == ("1", "done", ())
            ),
        )
        await deck.promote("followed", "2")
        await until("version 2 on both pods", lambda: live(deck.row("followed")) == [("2", 2)], 60)
        await until(
            "rolled out", lambda: (row := deck.row("followed")) is not None and row.rollout.state == "done" and not row.disagreements
        )
        said = await asyncio.to_thread(node.cluster.kubectl, "rollout", "status", "deployment/followed", "--watch=false")
        row = deck.row("followed")
        assert row is not None
        assert row.rollout.message == said.strip()


async def test_a_broken_version_is_told_while_the_old_one_serves(node: Node, deck: Deck) -> None:
    async with running(node, "failing", "models:/iris/1"):
        await deck.promote("failing", "3")
        found = await until("the crash loop is told", lambda: deck.trouble("failing"), 60)
        assert found.container == "server"
        row = deck.row("failing")
        assert row is not None
        assert ("1", 1) in live(row)
        assert Code.NOT_SERVING not in [d.code for d in row.disagreements]
        told = await deck.cluster.pod_log("serving", found.pod, found.container, previous=True) or await deck.cluster.pod_log(
            "serving", found.pod, found.container
        )
        kubectl = await asyncio.to_thread(node.cluster.kubectl, "logs", found.pod, "--previous", "--tail=50")
        assert told.splitlines()[-1] == kubectl.splitlines()[-1]


async def test_a_log_is_followed_to_its_end(node: Node, deck: Deck) -> None:
    async with running(node, "followed-log", "models:/iris/1"):
        deployment = await deck.cluster.deployment("serving", "followed-log")
        (pod,) = await deck.cluster.pods_of(deployment)
        lines: list[str] = []

        async def follow() -> None:
            async for line in deck.cluster.follow_log("serving", pod.name, "server"):
                lines.append(line)  # noqa: PERF401 — looked at while it grows

        following = asyncio.create_task(follow())
        await until("what it wrote so far", lambda: bool(lines))
        await deck.cluster.scale("serving", "followed-log", 0)
        async with asyncio.timeout(60):
            await following
        assert all("\n" not in line for line in lines)


async def test_the_status_column_of_kubectl(node: Node, deck: Deck) -> None:
    async with running(node, "listed", "models:/iris/1"):
        await until("it runs", lambda: live(deck.row("listed")) == [("1", 1)])
        table = await asyncio.to_thread(node.cluster.kubectl, "get", "pods", "--no-headers")
        fleet = await deck.cluster.fleet(("serving",))
        assert {line.split()[0]: line.split()[2] for line in table.splitlines()} == {pod.name: pod.reason for pod in fleet.pods}
