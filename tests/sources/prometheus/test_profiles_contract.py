"""Every known server's exposition, scraped and told by a real Prometheus, where there is one; the stand-in's engine: test_expositions."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.metrics.measured import fleet_stats
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.queries import bulk_queries
from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.metrics.scraping import Scraped, question_about, scraped_as
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.sandbox.prometheus import installed as binary
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.conformance.clusters import skip
from tests.sources.conftest import wait_for
from tests.support import metrics_servers
from tests.support.eventually import eventually_true
from tests.support.expositions import CASES, EXPOSITIONS, MINUTE, Told, grown, held
from tests.support.ports import free_port

WINDOW = 5
"""Seconds of a rate: less than the scrapes that are waited for, as a rate over more is too low."""


class Servers(http.server.BaseHTTPRequestHandler):
    """`/NAME`: that exposition as it stands by now. Everything has been counted for as long as the server is up."""

    began = time.monotonic()

    def do_GET(self) -> None:
        text = (EXPOSITIONS / f"{Path(self.path).name}.txt").read_text()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(grown(text, (time.monotonic() - self.began) / MINUTE).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def pod_of(files: tuple[str, ...]) -> str:
    """Of a Deployment iris: sidecars say whose requests they count."""
    return f"iris-{''.join(files).replace('_', '')}-x2x4z"


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A pod for each case, a container for each exposition, in a file_sd file."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Servers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here = [f"127.0.0.1:{server.server_address[1]}"]
    own = [
        {"namespace": "serving", "pod": pod_of(files), "container": name, "__metrics_path__": f"/{'-'.join(files)}/{name}"}
        for files in CASES
        for name in files
    ]
    file = tmp_path_factory.mktemp("targets") / "targets.json"
    file.write_text(json.dumps([{"targets": here, "labels": labels} for labels in own]))
    yield file
    server.shutdown()
    thread.join(10)


@pytest.fixture(scope="module")
def url(targets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = binary.find()
    if found is None:
        skip("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yml").write_text(binary.configuration(targets, 1))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(metrics_servers.command(found, folder, port), stdout=out, stderr=out, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/-/ready", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


@pytest.fixture
async def metrics(url: str) -> AsyncIterator[PrometheusMetrics]:
    source = PrometheusMetrics(PrometheusTarget(url))
    yield source
    await source.aclose()


async def seen(metrics: PrometheusMetrics, pod: str) -> Scraped | None:
    answer = await metrics.query(question_about(f'pod="{pod}"', SeriesScope()))
    return scraped_as([sample.labels for sample in answer.samples], PodLabels(), SeriesScope())


async def stats(metrics: PrometheusMetrics, found: Scraped, pod: str) -> ServingStats | None:
    queries = bulk_queries(found.profile, ["serving"], labels=found.labels, window=WINDOW)
    vectors = {name: await metrics.query(promql) for name, promql in queries.items()}
    return fleet_stats(found.profile, vectors, {f"serving/{pod}": "it"}).get("it")


@pytest.mark.parametrize(("files", "told"), CASES.items(), ids=["+".join(files) for files in CASES])
async def test_a_server_is_told_by_what_it_writes(metrics: PrometheusMetrics, files: tuple[str, ...], told: Told) -> None:
    pod = pod_of(files)

    async def scraped_several_times() -> bool:
        scrapes = await metrics.samples(f'up{{pod="{pod}"}}', seconds=MINUTE, at=time.time())
        return len(scrapes.series) == len(files) and all(len(one.points) >= 8 for one in scrapes.series)

    await eventually_true(scraped_several_times, within=60)
    found = await seen(metrics, pod)
    assert found is not None
    assert (found.profile.name, found.notes) == (told.profile, told.notes)
    got = await stats(metrics, found, pod)
    assert got is not None
    held(got, told, within=0.25)
