"""Error budgets and burn rates, asked of a real Prometheus with thirty days of a past that is known to the request."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.objectives.burn import Standing
from modeldeck.domain.objectives.objective import DAY, LatencyTarget, Objective
from modeldeck.domain.objectives.status import ObjectiveStatus
from modeldeck.live.objective_status import objective_status
from modeldeck.sandbox.prometheus import installed
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.conformance.clusters import skip
from tests.conformance.controlplane import launch
from tests.conformance.metrics.conftest import is_ready, until
from tests.support.metrics_servers import is_thanos, is_victoria
from tests.support.ports import free_port
from tests.support.remote_write import Written, remote_write

PROFILE = Profile("one", (), latency=("took",), requests=(Counter("asked_total"),), errors=(Counter("asked_total", 'status="5xx"'),))
SCRAPED = Scraped(PROFILE, PodLabels())
PROMISED = Objective(0.999, LatencyTarget(0.25, 0.99))
RATE, BEGUN = 1.0, 50.0
"""Requests a second of each pod; failed ones with which a series begins."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = installed.find() or launch.binary("prometheus")
    if binary is None or is_victoria(binary) or is_thanos(binary):
        skip("no prometheus on PATH or in MODELDECK_PROMETHEUS_BIN, and none built by tests/conformance/controlplane/build.py")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yml").write_text("global: {}\n")
    given = [one for one in installed.command(str(binary), folder, port) if "retention" not in one]
    command = [*given, "--storage.tsdb.retention.time=60d", "--web.enable-remote-write-receiver"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=address, timeout=20, trust_env=False) as client:
            until(lambda: is_ready(client), (folder / "log").read_text())
        remote_write(address, past(time.time()))
        yield address
    finally:
        process.terminate()
        process.wait(20)


def past(now: float) -> Iterator[Written]:
    """serving/iris: in the midst of its 30 days a new pod takes over, whose failures begin with 50 at once; in its last hour one request in
    fifty fails. serving/young is there since two hours."""
    yield from pod("iris-a", now, 31 * DAY, 15 * DAY, lambda age: 0.0005 * RATE * age)
    hour = 15 * DAY - 3600
    yield from pod("iris-b", now, 15 * DAY, 0, lambda age: None if age < DAY else BEGUN + 0.02 * RATE * max(0.0, age - hour))
    yield from pod("young-a", now, 7200, 0, lambda age: 100.0 + 0.01 * RATE * age)


def pod(name: str, now: float, start: float, end: float, failed: Callable[[float], float | None]) -> Iterator[Written]:
    """Times in seconds before now. Every fourth request takes from 0.1 to 0.25 s; one in a thousand longer."""
    labels = {"namespace": "serving", "pod": name}
    before = start
    while before >= end:
        at, age = now - before, start - before
        bad = failed(age)
        yield {**labels, "__name__": "asked_total", "status": "2xx"}, at, RATE * age - (bad or 0.0)
        if bad is not None:
            yield {**labels, "__name__": "asked_total", "status": "5xx"}, at, bad
        for le, share in (("0.1", 0.749), ("0.25", 0.999), ("1", 1.0), ("+Inf", 1.0)):
            yield {**labels, "__name__": "took_bucket", "le": le}, at, RATE * age * share
        before -= 15 if before <= 7200 else 240


async def status(url: str, deployment: str, objective: Objective = PROMISED) -> ObjectiveStatus:
    metrics = PrometheusMetrics(PrometheusTarget(url))
    try:
        where = f'namespace="serving",pod=~"{deployment}-.*"'
        return await objective_status(f"serving/{deployment}", objective, SCRAPED, where, metrics)
    finally:
        await metrics.aclose()


async def test_thirty_days_over_a_change_of_pods(url: str) -> None:
    found = await status(url, "iris")
    availability, latency = found.indicators
    assert found.covers_all
    count = availability.budget.count
    assert count is not None
    assert count.requests == pytest.approx(30 * DAY * RATE, rel=0.01)
    assert count.bad == pytest.approx(15 * DAY * RATE * 0.0005 + 3600 * RATE * 0.02, rel=0.02)
    assert count.unsure == pytest.approx(BEGUN)
    allowed = 0.001 * 30 * DAY * RATE
    assert availability.budget.left == pytest.approx(1 - (648 + 72) / allowed, abs=0.01)
    assert availability.budget.left_at_least == pytest.approx(1 - (648 + 72 + 50) / allowed, abs=0.01)
    assert availability.budget.standing is Standing.OK
    assert latency.budget.left == pytest.approx(0.9, abs=0.005)


async def test_only_the_fast_rule_is_breached_by_an_hour_of_failures(url: str) -> None:
    availability = (await status(url, "iris")).indicators[0]
    assert [one.long for one in availability.burns] == pytest.approx([20, 20 / 6, 20 / 24, 20 / 72], rel=0.05)
    assert [one.short for one in availability.burns] == pytest.approx([20, 20, 10, 20 / 6], rel=0.05)
    assert [one.standing for one in availability.burns] == [Standing.BREACHED, Standing.OK, Standing.OK, Standing.OK]


async def test_figures_are_those_of_prometheus_own_page(url: str) -> None:
    found = await status(url, "iris")
    count = found.indicators[0].budget.count
    assert count is not None
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        for name, expected in (("requests", count.requests), ("failed", count.bad)):
            answer = await client.get("/api/v1/query", params={"query": found.queries[name], "time": f"{found.at:.3f}"})
            assert float(answer.json()["data"]["result"][0]["value"][1]) == pytest.approx(expected)


async def test_what_the_first_series_had_before_is_nobodys_failure(url: str) -> None:
    """Its 100 failures are of a time of which there are no data."""
    found = await status(url, "young")
    count = found.indicators[0].budget.count
    assert found.covered == pytest.approx(7200, abs=300)
    assert not found.covers_all
    assert count is not None
    assert count.bad == pytest.approx(72, rel=0.05)
    assert count.unsure == 0.0


async def test_a_bound_that_there_is_not(url: str) -> None:
    latency = (await status(url, "iris", replace(PROMISED, latency=LatencyTarget(0.2, 0.5)))).indicators[1]
    assert latency.bound == 0.1
    assert latency.budget.count is not None
    assert latency.budget.count.bad / latency.budget.count.requests == pytest.approx(0.251, abs=0.002)


async def test_of_a_deployment_without_series_nothing_is_known(url: str) -> None:
    found = await status(url, "rose")
    assert found.covered is None
    assert {one.budget.standing for one in found.indicators} == {Standing.NO_DATA}
    assert {one.budget.left for one in found.indicators} == {None}
