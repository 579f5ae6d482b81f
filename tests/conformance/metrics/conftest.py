"""Both servers that the sandbox can use for metrics, scraping the same program: what holds for one has to hold for the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from modeldeck.sandbox.common.state_dir import bind
from modeldeck.sandbox.prometheus import installed
from tests.conformance.clusters import skip
from tests.conformance.controlplane import launch
from tests.conformance.metrics.exporter import Exporter

PATIENCE = 30.0


@dataclass
class Server:
    """A Prometheus (real or not) that scrapes one exporter every second."""

    kind: str
    url: str
    exporter: Exporter
    targets: Path
    client: httpx.Client

    def get(self, path: str, **parameters: object) -> httpx.Response:
        """One request; `match` stands for match[]."""
        given = {"match[]" if key == "match" else key: value for key, value in parameters.items()}
        return self.client.get(f"/api/v1/{path}", params=given)  # type: ignore[arg-type]

    def data(self, path: str, **parameters: object) -> Any:
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "success"
        return answer.json()["data"]

    def vector(self, query: str, **parameters: object) -> dict[tuple[tuple[str, str], ...], float]:
        """The result of an instant query: sorted labels (without the target's own) to value."""
        found = self.data("query", query=query, **parameters)
        assert found["resultType"] == "vector"
        own = ("job", "instance", "namespace")
        return {
            tuple(sorted((key, value) for key, value in row["metric"].items() if key not in own)): float(row["value"][1])
            for row in found["result"]
        }

    def value(self, query: str, **parameters: object) -> float:
        """The value of a query that must have one result."""
        (value,) = self.vector(query, **parameters).values()
        return value

    def samples(self, query: str) -> int:
        """How many raw samples a range selector finds."""
        return sum(len(row["values"]) for row in self.data("query", query=query)["result"])

    def refusal(self, path: str, **parameters: object) -> tuple[int, str]:
        """Status and error type of a request that has to be refused."""
        answer = self.get(path, **parameters)
        body = answer.json()
        assert body["status"] == "error"
        assert body["error"]
        return answer.status_code, body["errorType"]

    def list(self, *addresses: str) -> None:
        groups = [{"targets": list(addresses), "labels": {"namespace": "serving", "pod": "pod-1"}}]
        partial = self.targets.with_suffix(".part")
        partial.write_text(json.dumps(groups))
        partial.replace(self.targets)


def until(condition: Callable[[], bool], message: str) -> None:
    """Wait for a condition; failing with the words when it does not come true in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


@pytest.fixture(scope="module", params=["stand-in", "prometheus"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    kind: str = request.param
    folder = tmp_path_factory.mktemp(kind)
    targets = folder / "targets.json"
    listener = bind(None)
    port = listener.getsockname()[1]
    if kind == "stand-in":
        given = ("--targets", str(targets), "--interval", "1", "--fd", str(listener.fileno()))
        command: tuple[str, ...] = (sys.executable, "-m", "modeldeck.sandbox.prometheus", *given)
    else:
        binary = installed.find() or launch.binary("prometheus")
        if binary is None:
            skip("no prometheus on PATH or in MODELDECK_PROMETHEUS_BIN, and none built by tests/conformance/controlplane/build.py")
        (folder / "prometheus.yml").write_text(installed.configuration(targets, seconds=1))
        command = installed.command(str(binary), folder, port)
        listener.close()
    with (folder / "log").open("wb") as log:
        handed_down = () if kind == "prometheus" else (listener.fileno(),)
        process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=handed_down, env=os.environ)
    listener.close()
    exporter = Exporter()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
        running = Server(kind, f"http://127.0.0.1:{port}", exporter, targets, client)
        running.list(exporter.address)
        try:
            until(lambda: is_ready(client), (folder / "log").read_text())
            # Enough samples for rates over eight seconds, also a few seconds ago.
            until(lambda: running.samples("steady_total[15s]") >= 12, "too little was scraped")
            yield running
        finally:
            process.terminate()
            process.wait(20)
            exporter.close()


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").is_success
    except httpx.HTTPError:
        return False
