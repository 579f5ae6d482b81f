"""The verb's numbers on what a real Prometheus has scraped, held against PromQL that the test asks."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from modeldeck.cli.drift import verb
from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.sandbox.prometheus import installed as binary
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.cli.conftest import Shell
from tests.conformance.controlplane import launch
from tests.live.drift.world import EVEN, FLEET, MOVED, PREDICTIONS, SETS
from tests.sources.conftest import wait_for
from tests.support import metrics_servers
from tests.support.clocks import FakeClock
from tests.support.eventually import eventually_true
from tests.support.ports import free_port

REAL = binary.find() or launch.binary("prometheus")  # looked for before tests get a home of their own
SCRAPED = 12
"""Seconds for which it scrapes before it is asked."""
AGO = 5
"""Seconds since the version changed."""
VALUES = 300.0
"""A second."""


def exposition(age: float) -> str:
    lines = [f'{PREDICTIONS}_sum{{namespace="serving",pod="iris-bbb-22222"}} 1']
    for pod, shares in (("iris-aaa-11111", EVEN), ("iris-bbb-22222", MOVED)):
        where = f'namespace="serving",pod="{pod}"'
        lines.append(f'http_request_duration_highr_seconds_bucket{{{where},le="+Inf"}} {age}')
        lines.append(f"age_sum{{{where}}} {'NaN' if pod.startswith('iris-bbb') else 1}")
        for bound, share in shares:
            le = "+Inf" if math.isinf(bound) else f"{bound:g}"
            lines += [f'{name}_bucket{{{where},le="{le}"}} {VALUES * age * share}' for name in (PREDICTIONS, "age")]
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if REAL is None:
        pytest.skip("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(exposition(time.monotonic() - began).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "targets.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{server.server_address[1]}"]}]))
    (folder / "prometheus.yml").write_text(binary.configuration(folder / "targets.json", 1))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(metrics_servers.command(Path(REAL), folder, port), stdout=out, stderr=out, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/-/ready", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        server.shutdown()
        thread.join(10)


def asked(url: str, promql: str, at: float) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": promql, "time": at})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


def number(url: str, promql: str, at: float) -> float:
    (row,) = asked(url, promql, at)
    return float(row["value"][1])


@pytest.fixture
def now(url: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> float:
    """A moment at which enough was scraped; the deployment changed its version AGO seconds before."""
    scraped = f"count_over_time({PREDICTIONS}_sum[1m])"

    async def enough() -> bool:
        rows = asked(url, scraped, time.time())
        return bool(rows) and float(rows[0]["value"][1]) >= SCRAPED

    asyncio.run(eventually_true(enough, within=60))
    found = float(math.floor(time.time()))
    sets = (replace(SETS[0], created_at=found - 900), replace(SETS[1], created_at=found - AGO))

    async def fleet(namespaces: object) -> Fleet:
        return replace(FLEET, replica_sets=sets)

    monkeypatch.setattr(verb, "SystemClock", lambda: FakeClock(found))
    monkeypatch.setattr(shell.fake.cluster, "fleet", fleet)
    shell.fake.measured = True
    shell.fake.metrics = PrometheusMetrics(PrometheusTarget(url))  # type: ignore[assignment]
    return found


def test_the_numbers_are_those_of_promql(shell: Shell, url: str, now: float, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[drift]\nwindow = 60\nhistograms = "age"\n')
    said = shell("--config", str(config), "drift", "serving/iris", "-o", "json")
    age, found = said.json["deployments"][0]["histograms"]
    assert (said.code, found["histogram"], found["against"], found["verdict"]) == (0, PREDICTIONS, "version 4", "act")
    new = f'{PREDICTIONS}_bucket{{pod="iris-bbb-22222"%s}}[{AGO}s]'
    old = f'{PREDICTIONS}_bucket{{pod="iris-aaa-11111"%s}}[60s] offset {AGO}s'
    counted = number(url, f"""sum(increase({new % ',le="+Inf"'}))""", now)
    before = number(url, f"""sum(increase({old % ',le="+Inf"'}))""", now)
    assert (found["values"], found["baseline_values"]) == (round(counted), round(before))
    shares = [f"sum by (le) (increase({one % ''})) / {count}" for one, count in ((new, counted), (old, before))]
    ks = number(url, f"max(abs({shares[0]} - {shares[1]}))", now)
    assert found["ks"] == pytest.approx(ks, rel=1e-9)
    assert found["psi"] == pytest.approx(psi(url, new % "", old % "", now), rel=1e-6)
    assert found["noise"] == pytest.approx(7.814728 * (1 / counted + 1 / before), rel=1e-6)
    assert [each["kind"] for each in found["warnings"]] == ["blind"]
    assert [each["kind"] for each in age["warnings"]] == ["blind", "not_finite"]
    assert {key: age[key] for key in ("psi", "ks", "js", "values")} == pytest.approx(
        {key: found[key] for key in ("psi", "ks", "js", "values")}
    )


def psi(url: str, new: str, old: str, now: float) -> float:
    """By hand, of the increase of each bucket."""
    sides: list[list[float]] = []
    for selected in (new, old):
        rows = asked(url, f"sum by (le) (increase({selected}))", now)
        counts = [count for _, count in sorted((float(row["metric"]["le"]), float(row["value"][1])) for row in rows)]
        masses = [high - low for low, high in zip([0.0, *counts], counts, strict=False)]
        sides.append([(mass + 0.5) / (counts[-1] + 0.5 * len(masses)) for mass in masses])
    return sum((q - p) * math.log(q / p) for q, p in zip(sides[0], sides[1], strict=True))
