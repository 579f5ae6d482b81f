"""The promises of `ports.AlertSource` on a real Alertmanager, and what is said of servers that are none."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from modeldeck.domain.alerts.alert import AlertState
from modeldeck.domain.environments import AlertmanagerTarget
from modeldeck.domain.failures import Failure, Unreachable
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
    one = Alertmanager(AlertmanagerTarget(address))
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
    one = Alertmanager(AlertmanagerTarget(f"{address}{page}"))
    await one.alerts()
    await one.aclose()


async def test_nobody_is_there() -> None:
    one = Alertmanager(AlertmanagerTarget(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Unreachable, match="Alertmanager"):
        await one.alerts()
    await one.aclose()


async def test_something_else_is_there(address: str) -> None:
    one = Alertmanager(AlertmanagerTarget(f"{address}/metrics"))
    with pytest.raises(Failure) as raised:
        await one.alerts()
    assert raised.value.backend == "Alertmanager"
    await one.aclose()
