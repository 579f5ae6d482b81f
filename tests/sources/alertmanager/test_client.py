"""The promises of `ports.AlertSource` on a real Alertmanager, and what is said of servers that are none."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest

from modeldeck.domain.alerts.alert import AlertState
from modeldeck.domain.alerts.silence import silences_of
from modeldeck.domain.environments import HttpTarget
from modeldeck.domain.failures import Failure, Rejected, Unreachable
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.sources.alertmanager.client import Alertmanager
from tests.support import alertmanagers
from tests.support.eventually import eventually_true
from tests.support.ports import free_port

LABELS = {"alertname": "HighErrors", "namespace": "serving", "pod": "iris-5d4f8c7b9-abcde", "severity": "page"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with alertmanagers.running(tmp_path_factory.mktemp("alertmanager")) as found:
        yield found


@pytest.fixture
async def alertmanager(address: str) -> AsyncIterator[Alertmanager]:
    one = Alertmanager(HttpTarget(address))
    yield one
    await one.aclose()


async def fire(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        alert = {"labels": LABELS, "annotations": {"summary": "too many requests fail"}}
        assert (await client.post(f"{address}/api/v2/alerts", json=[alert])).is_success


async def test_what_fires(alertmanager: Alertmanager, address: str) -> None:
    began = time.time()
    await fire(address)

    async def is_there() -> bool:
        return bool((await alertmanager.alerts()).alerts)

    await eventually_true(is_there, within=30)
    (found,) = (await alertmanager.alerts()).alerts
    assert (found.name, found.state, found.labels, found.summary) == ("HighErrors", AlertState.FIRING, LABELS, "too many requests fail")
    assert found.since == pytest.approx(began, abs=60)
    assert not found.silenced


@pytest.mark.parametrize("page", ["", "/", "/#/alerts", "/api/v2"])
async def test_its_address_may_be_that_of_its_pages(address: str, page: str) -> None:
    one = Alertmanager(HttpTarget(f"{address}{page}"))
    await one.alerts()
    await one.aclose()


async def test_nobody_is_there() -> None:
    one = Alertmanager(HttpTarget(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Unreachable, match="Alertmanager"):
        await one.alerts()
    await one.aclose()


async def test_something_else_is_there(address: str) -> None:
    one = Alertmanager(HttpTarget(f"{address}/metrics"))
    with pytest.raises(Failure) as raised:
        await one.alerts()
    assert raised.value.backend == "Alertmanager"
    await one.aclose()


async def test_a_silence_from_its_beginning_to_its_end(alertmanager: Alertmanager, address: str) -> None:
    await fire(address)
    now = time.time()
    scope = SeriesScope(matchers=('cluster!="test"',))
    wanted = silences_of("serving/iris", "op-1", scope, (), now=now, seconds=600)
    made = [await alertmanager.silence(one) for one in wanted]

    async def is_silenced() -> bool:
        found = (await alertmanager.alerts()).alerts
        return bool(found) and all(one.silenced for one in found)

    await eventually_true(is_silenced, within=30)
    kept = {one.id: one for one in await alertmanager.silences()}
    assert set(kept) == set(made)
    first = kept[made[0]]
    assert (first.matchers, first.creator, first.comment) == (wanted[0].matchers, wanted[0].creator, wanted[0].comment)
    assert first.ends == pytest.approx(now + 600, abs=1)
    for each in made:
        await alertmanager.expire(each)
    assert await alertmanager.silences() == ()

    async def is_loud() -> bool:
        return any(not one.silenced for one in (await alertmanager.alerts()).alerts)

    await eventually_true(is_loud, within=30)


async def test_others_silences_are_not_told(alertmanager: Alertmanager) -> None:
    now = time.time()
    theirs = replace(silences_of("serving/iris", "op-2", SeriesScope(), (), now=now, seconds=600)[0], creator="ann")
    made = await alertmanager.silence(theirs)
    assert await alertmanager.silences() == ()
    await alertmanager.expire(made)


async def test_a_silence_that_there_is_not_has_ended(alertmanager: Alertmanager) -> None:
    await alertmanager.expire("6f2e9c0e-0000-4000-8000-000000000000")
    now = time.time()
    made = await alertmanager.silence(silences_of("serving/iris", "op-3", SeriesScope(), (), now=now, seconds=600)[0])
    for _ in range(2):
        await alertmanager.expire(made)


async def test_a_silence_that_would_have_ended_is_refused_in_its_own_words(alertmanager: Alertmanager) -> None:
    past = silences_of("serving/iris", "op-1", SeriesScope(), (), now=time.time() - 3600, seconds=60)[0]
    with pytest.raises(Rejected, match="end time"):
        await alertmanager.silence(past)
