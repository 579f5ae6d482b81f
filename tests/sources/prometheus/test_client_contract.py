"""The same promises against a real Prometheus, where there is one, and against the sandbox's stand-in."""

from __future__ import annotations

import http.server
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import Rejected, TooLarge
from modeldeck.domain.kubernetes.pod_addresses import MOST, PodAddress
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.sandbox.prometheus import installed as binary
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.sources.conftest import wait_for
from tests.support import metrics_servers
from tests.support.eventually import eventually_true
from tests.support.ports import free_port

EXPOSITION = """\
# TYPE requests_total counter
requests_total{{model="iris"}} {count}
# TYPE odd gauge
odd{{kind="nan"}} NaN
odd{{kind="inf"}} +Inf
# TYPE latency_seconds histogram
latency_seconds_bucket{{le="0.1"}} {count}
latency_seconds_bucket{{le="+Inf"}} {count}
latency_seconds_sum 0
latency_seconds_count {count}
"""


class Exposition(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = EXPOSITION.format(count=int(time.time())).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Something to scrape, in a file_sd file."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exposition)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    file = tmp_path_factory.mktemp("targets") / "targets.json"
    file.write_text(json.dumps([{"targets": [f"127.0.0.1:{server.server_address[1]}"], "labels": {"job": "contract"}}]))
    yield file
    server.shutdown()
    thread.join(10)


@pytest.fixture(scope="module", params=["real", "stand-in"])
def url(request: pytest.FixtureRequest, targets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    command, address, inherited = _real(folder, targets) if request.param == "real" else _stand_in(targets)
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, pass_fds=[s.fileno() for s in inherited], start_new_session=True)
    for listener in inherited:
        listener.close()
    try:
        wait_for(f"{address}/-/ready", process, log)
        yield address
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _real(folder: Path, targets: Path) -> tuple[list[str], str, list[socket.socket]]:
    found = binary.find()
    if found is None:
        pytest.skip("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
    (folder / "prometheus.yml").write_text(binary.configuration(targets, 1))
    port = free_port()
    return list(metrics_servers.command(found, folder, port)), f"http://127.0.0.1:{port}", []


def _stand_in(targets: Path) -> tuple[list[str], str, list[socket.socket]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    command = [
        sys.executable,
        "-m",
        "modeldeck.sandbox.prometheus",
        "--targets",
        str(targets),
        "--fd",
        str(listener.fileno()),
        "--interval",
        "1",
    ]
    return command, f"http://127.0.0.1:{listener.getsockname()[1]}", [listener]


@pytest.fixture
def victoria(request: pytest.FixtureRequest) -> bool:
    """Whether VictoriaMetrics is in Prometheus' place."""
    return request.node.callspec.params["url"] == "real" and metrics_servers.is_victoria(binary.find())


@pytest.fixture
async def metrics(url: str) -> AsyncIterator[PrometheusMetrics]:
    source = PrometheusMetrics(PrometheusTarget(url))

    async def scraped_twice() -> bool:
        return bool((await source.query("rate(requests_total[1m])", at=time.time())).samples)

    await eventually_true(scraped_twice, within=30)
    yield source
    await source.aclose()


async def test_ping_says_the_version(metrics: PrometheusMetrics) -> None:
    assert await metrics.ping()


async def test_an_instant_query(metrics: PrometheusMetrics) -> None:
    vector = await metrics.query('requests_total{model="iris"}', at=time.time())
    (sample,) = vector.samples
    assert (sample.labels["__name__"], sample.labels["job"], vector.warnings) == ("requests_total", "contract", ())
    assert abs(sample.at - time.time()) < 60
    assert abs(sample.value - time.time()) < 60


async def test_values_that_are_no_numbers_arrive_as_they_are(metrics: PrometheusMetrics, victoria: bool) -> None:
    by_kind = {sample.labels["kind"]: sample.value for sample in (await metrics.query("odd", at=time.time())).samples}
    assert by_kind["inf"] == math.inf
    if victoria:  # it takes none in
        assert set(by_kind) == {"inf"}
    else:
        assert math.isnan(by_kind["nan"])


async def test_the_newest_samples_are_there(metrics: PrometheusMetrics) -> None:
    """VictoriaMetrics would answer what was half a minute before; its newest take some seconds to be seen."""
    now = time.time()
    (sample,) = (await metrics.query("requests_total", at=now)).samples
    assert now - sample.value < 15
    (series,) = (await metrics.samples("requests_total", seconds=20, at=now)).series
    assert now - series.points[-1][0] < 15


async def test_nothing_is_an_empty_vector(metrics: PrometheusMetrics) -> None:
    assert (await metrics.query("no_such_metric")).samples == ()


async def test_an_earlier_time(metrics: PrometheusMetrics) -> None:
    assert (await metrics.query("requests_total", at=time.time() - 86400)).samples == ()


async def test_a_range(metrics: PrometheusMetrics) -> None:
    async def answer() -> Matrix:
        return await metrics.query_range("requests_total", start=time.time() - 30, end=time.time(), step=1)

    async def there() -> bool:
        return bool((await answer()).series)

    await eventually_true(there, within=60)  # VictoriaMetrics leaves the last half minute out
    (series,) = (await answer()).series
    now, times = time.time(), [at for at, _ in series.points]
    assert times == sorted(times)
    assert all(now - 60 <= at <= now + 1 for at in times)


async def test_a_query_too_long_for_an_address(metrics: PrometheusMetrics, victoria: bool) -> None:
    names = "|".join(f"model-{number:05}" for number in range(1200 if victoria else 3000))  # 16 KB are its most
    assert (await metrics.query(f'requests_total{{model=~"{names}|iris"}}', at=time.time())).samples


async def test_the_addresses_of_many_pods_are_not_too_many_for_a_query(metrics: PrometheusMetrics) -> None:
    addresses = [PodAddress("serving/x", f"[fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:{number:04x}]:8080") for number in range(MOST)]
    where = PodLabels("instance", "", by_address=True).of_pods("", "", [*addresses[1:], PodAddress("serving/iris", "127.0.0.1")])
    assert (await metrics.query(f"requests_total{{{where}}}", at=time.time())).samples


async def test_errors_come_in_prometheus_own_words(metrics: PrometheusMetrics, victoria: bool) -> None:
    with pytest.raises(Rejected) as caught:
        await metrics.query("requests_total{")
    assert caught.value.message
    assert "HTTP" not in caught.value.message
    now = time.time()
    with pytest.raises(Rejected, match="too many points" if victoria else "11,000"):
        await metrics.query_range("requests_total", start=now - 50_000, end=now, step=1)


async def test_a_range_where_one_value_is_wanted_is_refused(metrics: PrometheusMetrics) -> None:
    with pytest.raises(Rejected):
        await metrics.query("requests_total[1m]")


async def test_metric_names(metrics: PrometheusMetrics) -> None:
    assert {"requests_total", "latency_seconds_bucket", "up"} <= await metrics.metric_names()


async def test_a_selector_that_finds_more_than_is_asked_for_is_cut_and_said(
    url: str, metrics: PrometheusMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server leaves out is partial data: no gate passes on it."""
    found = await metrics.query('{job="contract"}', at=time.time())
    assert (len(found.samples) > 2, found.warnings) == (True, ())
    monkeypatch.setattr("modeldeck.sources.prometheus.wire.MOST_SERIES", 2)
    try:
        cut = await metrics.query('{job="contract"}', at=time.time())
        told = (str(len(cut.samples)), *cut.warnings)
    except TooLarge as refused:  # of a server that knows no limit
        told = (refused.message,)
    assert told in (("2", "results truncated due to limit"), (f"the query answers {len(found.samples)} series, more than 2",))
