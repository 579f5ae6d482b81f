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

from tests.sources.conftest import free_port, wait_for
from tests.support import metrics_servers
from tests.support.eventually import eventually_true
from tui.domain.environments import PrometheusTarget
from tui.domain.failures import Rejected
from tui.sandbox import prometheus as binary
from tui.sources.prometheus import PrometheusMetrics

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
    command = [sys.executable, "-m", "tui.sandbox.metrics", "--targets", str(targets), "--fd", str(listener.fileno()), "--interval", "1"]
    return command, f"http://127.0.0.1:{listener.getsockname()[1]}", [listener]


@pytest.fixture
async def metrics(url: str) -> AsyncIterator[PrometheusMetrics]:
    source = PrometheusMetrics(PrometheusTarget(url))

    async def scraped_twice() -> bool:
        return bool((await source.query("rate(requests_total[1m])")).samples)

    await eventually_true(scraped_twice, within=30)
    yield source
    await source.aclose()


async def test_ping_says_the_version(metrics: PrometheusMetrics) -> None:
    assert await metrics.ping()


async def test_an_instant_query(metrics: PrometheusMetrics) -> None:
    vector = await metrics.query('requests_total{model="iris"}')
    (sample,) = vector.samples
    assert (sample.labels["__name__"], sample.labels["job"], vector.warnings) == ("requests_total", "contract", ())
    assert abs(sample.at - time.time()) < 60
    assert abs(sample.value - time.time()) < 60


async def test_values_that_are_no_numbers_arrive_as_they_are(metrics: PrometheusMetrics) -> None:
    by_kind = {sample.labels["kind"]: sample.value for sample in (await metrics.query("odd")).samples}
    assert math.isnan(by_kind["nan"])
    assert by_kind["inf"] == math.inf


async def test_nothing_is_an_empty_vector(metrics: PrometheusMetrics) -> None:
    assert (await metrics.query("no_such_metric")).samples == ()


async def test_an_earlier_time(metrics: PrometheusMetrics) -> None:
    assert (await metrics.query("requests_total", at=time.time() - 86400)).samples == ()


async def test_a_range(metrics: PrometheusMetrics) -> None:
    now = time.time()
    matrix = await metrics.query_range("requests_total", start=now - 30, end=now, step=1)
    (series,) = matrix.series
    times = [at for at, _ in series.points]
    assert times == sorted(times)
    assert all(now - 31 <= at <= now + 1 for at in times)


async def test_a_query_too_long_for_an_address(metrics: PrometheusMetrics) -> None:
    names = "|".join(f"model-{number:05}" for number in range(3000))
    assert (await metrics.query(f'requests_total{{model=~"{names}|iris"}}')).samples


async def test_errors_come_in_prometheus_own_words(metrics: PrometheusMetrics) -> None:
    with pytest.raises(Rejected) as caught:
        await metrics.query("requests_total{")
    assert caught.value.words
    assert "HTTP" not in caught.value.words
    now = time.time()
    with pytest.raises(Rejected, match="11,000"):
        await metrics.query_range("requests_total", start=now - 50_000, end=now, step=1)


async def test_a_range_where_one_value_is_wanted_is_refused(metrics: PrometheusMetrics) -> None:
    with pytest.raises(Rejected):
        await metrics.query("requests_total[1m]")


async def test_metric_names(metrics: PrometheusMetrics) -> None:
    assert {"requests_total", "latency_seconds_bucket", "up"} <= await metrics.metric_names()
