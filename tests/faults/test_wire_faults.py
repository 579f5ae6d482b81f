"""Every way in which a backend breaks: what its feed says, that the last value stays, and that it recovers by itself.

The wire is real, the clock is not: pauses pass when the test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from modeldeck.backoff import Backoff
from modeldeck.domain.environments import MlflowTarget, PrometheusTarget
from modeldeck.domain.failures import Failure, Faulty, Forbidden, Malformed, Throttled, TimedOut, Unauthorized, Unreachable
from modeldeck.domain.reading import Reading
from modeldeck.live.poller import Poller
from modeldeck.sources.http.transport import Timeouts
from modeldeck.sources.mlflow.rest import RestTracking, transport_of
from modeldeck.sources.prometheus import session
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.support.canned import Talk, canned, response
from tests.support.clocks import FakeClock
from tests.support.eventually import eventually
from tests.support.faulty import FaultyProxy

READ = 0.25
"""Seconds of silence that are too many here."""

MLFLOW = b'{"experiments": [{"experiment_id": "1", "name": "iris", "last_update_time": 1700000000000}]}'
PROMETHEUS = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}'


def answering(body: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(response(body))

    return talk


Fetch = Callable[[], Awaitable[object]]


@asynccontextmanager
async def mlflow_through(proxy: FaultyProxy, read: float) -> AsyncIterator[Fetch]:
    transport = transport_of(MlflowTarget(proxy.url))
    transport.timeouts = Timeouts(connect=10.0, read=read, total=60.0)
    yield RestTracking(transport).experiments
    await transport.aclose()


@asynccontextmanager
async def prometheus_through(proxy: FaultyProxy, read: float) -> AsyncIterator[Fetch]:
    metrics = PrometheusMetrics(PrometheusTarget(proxy.url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "READ", read)
        yield lambda: metrics.query("up")
    await metrics.aclose()


BACKENDS = {"MLflow": (mlflow_through, MLFLOW), "Prometheus": (prometheus_through, PROMETHEUS)}


@asynccontextmanager
async def staged(backend: str, read: float = READ) -> AsyncIterator[Stage]:
    through, body = BACKENDS[backend]
    async with canned(answering(body)) as server, FaultyProxy(("127.0.0.1", server.port)) as proxy, through(proxy, read) as fetch:
        stage = Stage(backend, proxy, fetch)
        stage.feed.start()
        await stage.until("live")
        yield stage
        await stage.feed.stop()


@pytest.fixture(params=list(BACKENDS))
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with staged(request.param) as stage:
        yield stage


class Stage:
    def __init__(self, backend: str, proxy: FaultyProxy, fetch: Fetch) -> None:
        self.backend = backend
        self.proxy = proxy
        self.clock = FakeClock()
        self.told: list[Reading[object]] = []
        self.feed: Poller[object] = Poller(backend, "prod", fetch, self.told.append, 5.0, self.clock, 30.0, Backoff(chance=lambda: 0.0))

    @property
    def state(self) -> str:
        return self.feed.reading.state

    async def until(self, state: str) -> Reading[object]:
        """Lets pauses pass until the feed is in this state."""

        def reached() -> bool:
            return self.state == state

        async with asyncio.timeout(60):
            while not reached():
                await self.clock.advance(1.0)
                await asyncio.sleep(0.01)
        return self.feed.reading


async def hang(proxy: FaultyProxy) -> None:
    proxy.hang()


async def slow(proxy: FaultyProxy) -> None:
    proxy.slow(READ * 4)


async def cut(proxy: FaultyProxy) -> None:
    proxy.cut()


async def garble(proxy: FaultyProxy) -> None:
    proxy.garble()


def answers(status: int, **headers: str) -> Callable[[FaultyProxy], Awaitable[None]]:
    async def breaks(proxy: FaultyProxy) -> None:
        proxy.answer(status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=b"<html>")

    return breaks


@pytest.mark.parametrize(
    ("breaks", "kind", "message"),
    [
        pytest.param(FaultyProxy.stop, Unreachable, "connection refused", id="stopped"),
        pytest.param(hang, TimedOut, "no answer within 0.25 s", id="hung"),
        pytest.param(slow, TimedOut, "no answer within 0.25 s", id="slow"),
        pytest.param(cut, Unreachable, "the connection was cut before the answer was complete", id="cut"),
        pytest.param(garble, Malformed, "not JSON", id="garbled"),
        pytest.param(answers(500), Faulty, "500 Internal Server Error", id="500"),
        pytest.param(answers(401), Unauthorized, "401 Unauthorized", id="401"),
        pytest.param(answers(403), Forbidden, "403 Forbidden", id="403"),
        pytest.param(answers(429, Retry_After="40"), Throttled, "429 Too Many Requests", id="429"),
    ],
)
async def test_a_broken_backend_is_told_and_comes_back_by_itself(
    stage: Stage, breaks: Callable[[FaultyProxy], Awaitable[None]], kind: type[Failure], message: str
) -> None:
    good = stage.feed.reading
    await breaks(stage.proxy)
    stale = await stage.until("stale")
    assert stale.failure is not None
    assert (type(stale.failure), stale.failure.backend) == (kind, stage.backend)
    asks_for_a_login = kind is Unauthorized and stage.backend == "MLflow"
    assert ("it asks for a login" if asks_for_a_login else message) in stale.failure.message
    assert stale.failure.hint
    assert (stale.value, stale.fetched_at) == (good.value, stage.told[-1].fetched_at)
    await stage.proxy.heal()
    live = await stage.until("live")
    assert (live.value, live.failure) == (good.value, None)
    assert (live.fetched_at or 0) > (good.fetched_at or 0)


async def test_a_throttled_backend_is_left_alone_for_as_long_as_it_asked(stage: Stage) -> None:
    stage.proxy.answer(429, headers={"Retry-After": "40"})
    await stage.until("stale")
    asked = stage.proxy.requests
    await stage.clock.advance(39)
    assert stage.proxy.requests == asked
    await stage.clock.advance(2)
    await eventually(lambda: stage.proxy.requests > asked)


@pytest.mark.parametrize("backend", list(BACKENDS))
async def test_an_answer_that_is_slow_but_in_time_is_an_answer(backend: str) -> None:
    async with staged(backend, read=30.0) as stage:
        good = stage.feed.reading
        stage.proxy.slow(0.2)
        await stage.clock.advance(5)
        await eventually(lambda: stage.feed.reading.fetched_at != good.fetched_at)
        assert {reading.state for reading in stage.told} == {"live"}


@pytest.mark.parametrize("backend", list(BACKENDS))
async def test_a_hung_backend_does_not_hold_up_stop(backend: str) -> None:
    async with staged(backend, read=300.0) as stage:
        stage.proxy.hang()
        asked = stage.proxy.requests
        await stage.clock.advance(5)
        await eventually(lambda: stage.proxy.requests > asked)
        async with asyncio.timeout(20):
            await stage.feed.stop()
        assert stage.state == "live"
