"""The informer against the simulator and a real API server: what it holds is what the cluster holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Forbidden
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.linking import find_links
from modeldeck.domain.reading import Reading
from modeldeck.sources.kubernetes.informer import Informer
from tests.sources.kubernetes.conftest import Hand
from tests.sources.kubernetes.test_cluster import DEPLOYMENTS_ONLY, Opened
from tests.sources.kubernetes.waiting import until

EMPTY = Fleet((), (), ())


class Watched:
    """An informer with every reading that it gave."""

    def __init__(self, informer: Informer, readings: list[Reading[Fleet]]) -> None:
        self.informer = informer
        self.readings = readings

    @property
    def state(self) -> str:
        return self.readings[-1].state if self.readings else ""

    @property
    def fleet(self) -> Fleet:
        return (self.readings[-1].value if self.readings else None) or EMPTY

    @property
    def names(self) -> list[str]:
        return [d.name for d in self.fleet.deployments]


Watch = Callable[[ClusterTarget], Watched]


@pytest.fixture
async def watch(opened: Opened) -> AsyncIterator[Watch]:
    started: list[Informer] = []

    def begin(target: ClusterTarget) -> Watched:
        readings: list[Reading[Fleet]] = []
        informer = Informer(opened(target), "test", target.namespaces, readings.append, heartbeat=0.5)
        informer.start()
        started.append(informer)
        return Watched(informer, readings)

    yield begin
    for informer in started:
        await informer.stop()


def _running(fleet: Fleet) -> list[str]:
    return [pod.name for pod in fleet.pods if not pod.terminating]


async def test_it_follows_a_deployment_through_its_life(hand: Hand, watch: Watch) -> None:
    seen = watch(hand.target())
    await until("an empty namespace is live", lambda: seen.state == "live")
    await hand.create()
    await until("all pods stand there", lambda: len(seen.fleet.pods) == 2 and len(seen.fleet.replica_sets) == 1)
    patch = {
        "spec": {"template": {"spec": {"containers": [{"name": "server", "env": [{"name": "MODEL_URI", "value": "models:/iris/4"}]}]}}}
    }
    await hand.cluster.patch_deployment(hand.namespace, "iris", patch)
    await until("the new template", lambda: [find_links(d.template)[0].version for d in seen.fleet.deployments] == ["4"])
    await until("its replica set and pod", lambda: len(seen.fleet.replica_sets) == 2 and len(seen.fleet.pods) == 3)
    await hand.delete()
    # Pods that were bound to a node end when its kubelet says so, and here is none.
    await until("everything is gone or ending", lambda: not (seen.names or seen.fleet.replica_sets or _running(seen.fleet)))
    assert {reading.environment for reading in seen.readings} == {"test"}


async def test_no_update_is_lost_in_a_storm(hand: Hand, watch: Watch) -> None:
    seen = watch(hand.target())
    await asyncio.gather(*(hand.create(f"d{i}", replicas=1) for i in range(8)))
    for value in range(3):
        patches = [
            hand.cluster.patch_deployment(hand.namespace, f"d{i}", {"metadata": {"annotations": {"round": str(value)}}}) for i in range(8)
        ]
        await asyncio.gather(*patches)
    await asyncio.gather(*(hand.delete(f"d{i}") for i in range(4)))
    await until("the controllers are done", lambda: len(seen.names) == len(_running(seen.fleet)) == len(seen.fleet.replica_sets) == 4)
    for _ in range(100):
        real = await hand.fleet()
        if real == seen.fleet:
            break
        await asyncio.sleep(0.1)
    assert seen.fleet == real
    assert {d.annotations["round"] for d in real.deployments} == {"2"}
    states = {reading.state for reading in seen.readings}
    assert states == {"live"}


async def test_missing_rights_take_down_nothing_else(hand: Hand, watch: Watch) -> None:
    await hand.create()
    await hand.allow("viewer", DEPLOYMENTS_ONLY)
    seen = watch(hand.target("view"))
    await until("deployments are live", lambda: seen.state == "live" and seen.names == ["iris"] and len(seen.fleet.gaps) == 2)
    assert (seen.fleet.pods, seen.fleet.replica_sets) == ((), ())
    assert all("is forbidden" in message for message in seen.fleet.gaps)


async def test_what_may_be_listed_but_not_watched_is_listed_again(hand: Hand, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeldeck.sources.kubernetes.reflector.POLL", 0.2)
    await hand.allow("viewer", {"apiGroups": ["apps", ""], "resources": ["*"], "verbs": ["list"]})
    seen = watch(hand.target("view"))
    await until("live, with the gap told", lambda: seen.state == "live" and any("watch" in message for message in seen.fleet.gaps))
    await hand.create()
    await until("listed again", lambda: seen.names == ["iris"] and len(seen.fleet.pods) == 2)


async def test_nothing_may_be_seen_until_somebody_allows_it(hand: Hand, watch: Watch) -> None:
    seen = watch(hand.target("op"))
    await until("unavailable", lambda: seen.state == "unavailable")
    assert isinstance(seen.readings[-1].failure, Forbidden)
    await hand.allow("operator", {"apiGroups": ["apps", ""], "resources": ["*"], "verbs": ["*"]})
    await until("live by itself", lambda: seen.state == "live")


async def test_all_namespaces(hand: Hand, watch: Watch) -> None:
    await hand.create("everywhere", replicas=1)
    seen = watch(hand.target(namespaces=("*",)))
    await until("what stands in this namespace", lambda: any(d.key == f"{hand.namespace}/everywhere" for d in seen.fleet.deployments))


async def test_several_namespaces_of_which_one_may_be_read(hand: Hand, watch: Watch) -> None:
    await hand.create()
    await hand.allow("viewer", {"apiGroups": ["apps", ""], "resources": ["*"], "verbs": ["list", "watch"]})
    seen = watch(hand.target("view", namespaces=("kube-system", hand.namespace)))
    await until("the one is live", lambda: seen.state == "live" and seen.names == ["iris"] and len(seen.fleet.pods) == 2)
    await until("the other is told", lambda: any('"kube-system"' in message for message in seen.fleet.gaps))


async def test_after_stop_nothing_lands(hand: Hand, watch: Watch) -> None:
    seen = watch(hand.target())
    await until("live", lambda: seen.state == "live")
    await seen.informer.stop()
    count = len(seen.readings)
    await hand.create()
    await hand.fleet()
    assert len(seen.readings) == count
