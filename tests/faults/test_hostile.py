"""Servers that attack whoever asks: each backend × each attack is that backend's failure with a hint, bounded, and over when it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from modeldeck.backoff import Backoff
from modeldeck.domain.environments import ClusterTarget, HttpTarget, MlflowTarget, PrometheusTarget
from modeldeck.domain.failures import LONGEST_RETRY_AFTER, Failure, Malformed, TimedOut, TooLarge, is_bug
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.reading import Reading
from modeldeck.live.poller import Poller
from modeldeck.sources.alertmanager.client import Alertmanager
from modeldeck.sources.common import bounds
from modeldeck.sources.http.transport import Timeouts, Transport
from modeldeck.sources.kubernetes import listing, reflector
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from modeldeck.sources.kubernetes.informer import Informer
from modeldeck.sources.mlflow.rest import RestTracking, transport_of
from modeldeck.sources.prometheus import session
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.faults.test_wire_faults import Fetch
from tests.support import hostile as attacks
from tests.support.clocks import FakeClock
from tests.support.eventually import eventually
from tests.support.hostile import ATTACKS, BLOCK, Attack, Conversation, Hostile, Paged, Watched, hostile

SMALL = 2 * bounds.MIB
"""The bound of an answer here, so that the attacks are over soon."""
BUFFERS = 8 * bounds.MIB
"""What the kernel's buffers on both sides may hold beside it."""
TOTAL = 0.6
"""Seconds for an answer: those that trickle are given up soon."""

WITHIN = 60.0
"""Seconds that what must come may take on a busy machine."""

LARGE = ("endless", "announced", "bomb")
SLOW = ("slow", "slow head", "endless 1xx")
PAUSES = ("a pause of ages", "a pause of digits", "a far date")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "BODY", SMALL)
    monkeypatch.setattr(bounds, "LIST_BODY", SMALL)
    monkeypatch.setattr(bounds, "PAGES", 40)


@pytest.fixture
def timeouts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Timeouts:
    """Those who trickle are given up soon. The others are not so much as waited for, however busy this machine is."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    found = Timeouts(connect=60.0, read=60.0, total=TOTAL if params.get("name") in SLOW else 120.0)
    monkeypatch.setattr(session, "TOTAL", found.total)
    monkeypatch.setattr(listing, "PATIENT", found)
    return found


@asynccontextmanager
async def mlflow(server: Hostile, timeouts: Timeouts, folder: Path) -> AsyncIterator[Fetch]:
    transport = transport_of(MlflowTarget(server.url))
    transport.timeouts = timeouts
    yield RestTracking(transport).experiments
    await transport.aclose()


@asynccontextmanager
async def prometheus(server: Hostile, timeouts: Timeouts, folder: Path) -> AsyncIterator[Fetch]:
    metrics = PrometheusMetrics(PrometheusTarget(server.url))
    yield lambda: metrics.query("up")
    await metrics.aclose()


@asynccontextmanager
async def alertmanager(server: Hostile, timeouts: Timeouts, folder: Path) -> AsyncIterator[Fetch]:
    alerts = Alertmanager(HttpTarget(server.url), timeouts=timeouts)
    yield alerts.alerts
    await alerts.aclose()


@asynccontextmanager
async def kubernetes(server: Hostile, timeouts: Timeouts, folder: Path) -> AsyncIterator[Fetch]:
    cluster = KubernetesCluster(target(server, folder), timeouts=timeouts)
    yield lambda: cluster.fleet(("serving",))
    await cluster.aclose()


def target(server: Hostile, folder: Path) -> ClusterTarget:
    body = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "namespace": "serving"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(body))
    return ClusterTarget(str(folder / "kubeconfig"))


BACKENDS = {"MLflow": mlflow, "Kubernetes": kubernetes, "Prometheus": prometheus, "Alertmanager": alertmanager}


class Stage:
    """One feed before a hostile server, on a clock that moves when the test says so."""

    def __init__(self, backend: str, server: Hostile, fetch: Fetch) -> None:
        self.backend = backend
        self.server = server
        self.clock = FakeClock()
        self.loud: list[object] = []
        self.feed: Poller[object] = Poller(backend, "prod", fetch, lambda reading: None, 5.0, self.clock, 60.0, Backoff(chance=lambda: 0.0))
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: self.loud.append(context))

    async def fails(self) -> Failure:
        """The next failure. Lets pauses pass."""
        async with asyncio.timeout(60):
            while self.feed.reading.failure is None:
                await self.clock.advance(1.0)
                await asyncio.sleep(0.01)
        return self.feed.reading.failure

    async def recovers(self) -> None:
        self.server.attack = None
        await self.server.drop()
        async with asyncio.timeout(60):
            while self.feed.reading.state != "live":
                await self.clock.advance(30.0)
                await asyncio.sleep(0.01)


@pytest.fixture(params=list(BACKENDS))
async def stage(request: pytest.FixtureRequest, timeouts: Timeouts, tmp_path: Path) -> AsyncIterator[Stage]:
    async with hostile() as server, BACKENDS[request.param](server, timeouts, tmp_path) as fetch:
        found = Stage(request.param, server, fetch)
        yield found
        await found.feed.stop()


@pytest.mark.parametrize("name", list(ATTACKS))
async def test_an_attack_is_a_failure_of_that_backend_and_passes(stage: Stage, name: str) -> None:
    stage.server.attack = ATTACKS[name]
    stage.feed.start()
    failure = await stage.fails()
    assert failure.backend == stage.backend
    assert failure.message
    assert failure.hint
    assert not is_bug(failure)
    assert not stage.loud
    if name in LARGE:
        assert type(failure) is TooLarge, failure
    if name in SLOW:
        assert type(failure) is TimedOut, failure
    if name in PAUSES:
        assert failure.retry_after == LONGEST_RETRY_AFTER
        assert "5 minutes" in failure.hint
    await stage.recovers()


@pytest.mark.parametrize("name", ["endless", "announced", "endless head", "endless refusal"])
async def test_no_more_is_taken_than_the_bound(stage: Stage, name: str) -> None:
    stage.server.attack = ATTACKS[name]
    stage.feed.start()
    await stage.fails()
    await stage.feed.stop()
    assert stage.server.sent <= stage.server.requests * (SMALL + BUFFERS)


async def test_of_several_answers_only_one_is_large_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists of a cluster are read at once."""
    monkeypatch.setattr(bounds, "LARGE_BODY", SMALL)
    story: list[str] = []

    async def large(talk: Conversation) -> None:
        size = 4 * (SMALL + BUFFERS)
        await talk.head(more=f"Content-Length: {size}\r\n")
        for sent in range(0, size, len(BLOCK)):
            await talk.write(BLOCK)
            if sent == size // 2:
                story.append(f"{talk.target} is large")

    async def ask(path: str) -> None:
        assert await transport.get(path, most=bounds.LIST_BODY * 100)
        story.append(f"{path} is whole")

    async with hostile() as server:
        server.attack = large
        transport = Transport("any", server.url)
        await asyncio.gather(ask("/a"), ask("/b"), ask("/c"))
        await transport.aclose()
    of_each = list(zip(story[::2], story[1::2], strict=True))
    assert sorted(of_each) == [(f"/{name} is large", f"/{name} is whole") for name in "abc"]


async def test_a_crowd_of_objects_is_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounds, "LIST_BODY", 64 * bounds.MIB)
    monkeypatch.setattr(bounds, "LIST_VALUES", 10**9)
    async with hostile() as server, kubernetes(server, Timeouts(connect=60.0, read=60.0, total=120.0), tmp_path) as fetch:
        server.attack = ATTACKS["a crowd"]
        with pytest.raises(TooLarge, match="200,000"):
            await fetch()


@pytest.mark.parametrize("backend", ["MLflow", "Prometheus", "Alertmanager"])
async def test_a_crowd_of_values_is_too_large(backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounds, "BODY", 64 * bounds.MIB)
    async with hostile() as server, BACKENDS[backend](server, Timeouts(connect=60.0, read=60.0, total=120.0), tmp_path) as fetch:
        server.attack = ATTACKS["a crowd"]
        with pytest.raises(TooLarge, match="millions of values"):
            await fetch()


@pytest.mark.parametrize("backend", ["MLflow", "Kubernetes"])
@pytest.mark.parametrize(("again", "kind"), [(True, Malformed), (False, TooLarge)])
async def test_pages_that_do_not_end_are_given_up(
    backend: str, again: bool, kind: type[Failure], timeouts: Timeouts, tmp_path: Path
) -> None:
    async with hostile() as server, BACKENDS[backend](server, timeouts, tmp_path) as fetch:
        server.attack = Paged(again)
        with pytest.raises(kind) as told:
            await fetch()
        assert told.value.backend == backend
        assert server.requests <= 3 * (bounds.PAGES + 2)


# ── watches ──


@asynccontextmanager
async def watching(server: Hostile, folder: Path) -> AsyncIterator[Informer]:
    cluster = KubernetesCluster(target(server, folder))
    readings: list[Reading[Fleet]] = []
    informer = Informer(cluster, "test", ("serving",), readings.append, heartbeat=30.0)
    informer.start()
    yield informer
    await informer.stop()
    await cluster.aclose()


@pytest.mark.parametrize("attack", [Watched(1), Watched(0), Watched(3, gone=True)], ids=["an event each", "nothing", "gone each time"])
async def test_watches_that_end_at_once_meet_growing_pauses(attack: Attack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pauses: list[float] = []

    async def nap(self: object, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(reflector.Reflector, "_nap", nap)
    async with hostile() as server:
        server.attack = attack
        async with watching(server, tmp_path) as informer:
            await eventually(lambda: len([pause for pause in pauses if pause > 20]) > 5, within=WITHIN)
            assert informer.reading.value is not None
        # Each pause that was waited stands for one watch, and a list where the old version was gone; the first may come without one.
        assert server.requests <= 2 * len(pauses) + 20
        assert sum(pauses) / server.requests > 2.0


async def test_watches_that_end_at_once_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 0.02)
    async with hostile() as server:
        server.attack = Watched(1)
        async with watching(server, tmp_path) as informer:
            await eventually(lambda: "ended at once" in " ".join(gaps(informer)), within=WITHIN)


def gaps(informer: Informer) -> tuple[str, ...]:
    return informer.reading.value.gaps if informer.reading.value is not None else ()


@pytest.mark.parametrize("attack", [attacks.endless_line, attacks.flood], ids=["a line without an end", "objects without an end"])
async def test_what_a_watch_piles_up_is_bounded(attack: Attack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounds, "WATCH_LINE", bounds.MIB)
    monkeypatch.setattr(bounds, "OBJECTS", 1000)
    async with hostile() as server:
        server.attack = attack
        async with watching(server, tmp_path) as informer:
            await eventually(lambda: isinstance(informer.reading.failure, TooLarge), within=WITHIN)
            assert informer.reading.value is not None
            assert len(informer.reading.value.deployments) <= 1001
            server.attack = None
            await server.drop()
            await eventually(lambda: informer.reading.state == "live", within=WITHIN)


async def test_events_are_replaced_by_a_new_list_before_they_pile_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounds, "EVENTS", 100_000)
    lists: list[str] = []

    async def attack(talk: attacks.Conversation) -> None:
        if "watch" not in talk.target:
            lists.append(talk.target)
        await attacks.flood(talk)

    async with hostile() as server:
        server.attack = attack
        async with watching(server, tmp_path):
            await eventually(lambda: len(lists) > 6, within=WITHIN)


async def test_a_heartbeat_waits_as_long_as_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def nap(self: object, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.Event().wait()

    monkeypatch.setattr(Informer, "_nap", nap)
    async with hostile() as server:
        server.attack = attacks.says(b"", "429 Too Many Requests", "Retry-After: 200\r\n")
        async with watching(server, tmp_path) as informer:
            await eventually(lambda: pauses == [200.0], within=WITHIN)
            await eventually(lambda: informer.reading.failure and "pause of 200 s" in informer.reading.failure.hint, within=WITHIN)
