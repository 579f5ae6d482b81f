"""`python -m tests.bench.counting [--scrapes 2,5,15,30,60] [--binary FILE]`: what a gate counts, beside what was really sent and failed.

One real Prometheus scrapes the same small servers at several intervals at once, each as a namespace of its own; requests are really sent to
them. Four situations, judged by the gate's own questions:

    quiet edges   requests in the middle of the window, failures that begin late, a container that restarts; held against all of them
    before        the version that is replaced, in the window before the change, whose pods are gone when it is asked about
    new           the version after a rollout: new pods, failures that begin late, a restart; while requests still come
    at rest       the same once no more come

While requests come, what was sent since the newest scrape cannot be known yet: there, the truth is what was served between the scrapes at
the window's ends, as the servers wrote it down. Takes 12 minutes, mostly of waiting; ends with 1 where a figure is more than 2 % off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.gates import Gate
from modeldeck.operations.gate import GateTarget
from modeldeck.operations.gate.judging import examine
from modeldeck.sandbox.prometheus import installed
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.conformance.controlplane import launch
from tests.sources.conftest import wait_for
from tests.support import metrics_servers
from tests.support.counted import CountedServer, Traffic
from tests.support.ports import free_port

ALLOWED = 0.02
RATE = 25.0
WINDOW = 270.0
GATE = Gate(baseline=WINDOW, warm_up=0.0, timeout=3600.0)
OLD, NEW, QUIET = "iris-aaaa", "iris-bbbb", "wine-cccc"


@dataclass(frozen=True)
class Row:
    situation: str
    scrape: int
    sent: int
    failed: int
    counted: int | None
    counted_failed: int | None

    @property
    def off(self) -> float:
        """By which part the worse of both counts is wrong."""
        pairs = ((self.sent, self.counted), (self.failed, self.counted_failed))
        return max(1.0 if told is None else abs(told - true) / max(1, true) for true, told in pairs)

    def __str__(self) -> str:
        told = f"{self.counted!s:>8} {self.counted_failed!s:>7}"
        return f"{self.situation:12} {self.scrape:4} s {self.sent:8} {self.failed:7} {told} {self.off:8.2%}"


HEADER = f"{'situation':12} {'scrape':>6} {'sent':>8} {'failed':>7} {'counted':>8} {'failed':>7} {'off by':>8}"


class Trial:
    def __init__(self, folder: Path, scrapes: Sequence[int]) -> None:
        self._folder, self._scrapes = folder, scrapes
        self._pods: dict[str, CountedServer] = {}
        """Those that are scraped."""
        self.rows: list[Row] = []

    def configure(self) -> None:
        jobs = [
            {
                "job_name": f"every-{seconds}",
                "scrape_interval": f"{seconds}s",
                "scrape_timeout": f"{seconds}s",
                "params": {"job": [str(seconds)]},
                "file_sd_configs": [{"files": [str(self._folder / f"targets-{seconds}.json")], "refresh_interval": "1s"}],
            }
            for seconds in self._scrapes
        ]
        (self._folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": jobs}))
        self.list()

    def list(self, **pods: CountedServer) -> None:
        """These pods are scraped from now on, and no others."""
        self._pods = {name.replace("_", "-"): server for name, server in pods.items()}
        for seconds in self._scrapes:
            groups = [
                {"targets": [server.address], "labels": {"namespace": f"every-{seconds}", "pod": name}}
                for name, server in self._pods.items()
            ]
            part = self._folder / "part"
            part.write_text(json.dumps(groups))
            part.replace(self._folder / f"targets-{seconds}.json")

    async def look(
        self, situation: str, metrics: PrometheusMetrics, pods: Iterable[str], replica_set: str, *, start: float, end: float, whole: bool
    ) -> None:
        """Judge that version's pods over the window. `whole`: all that they served is the truth, not only what lies between scrapes."""
        for seconds in self._scrapes:
            target = GateTarget(f"every-{seconds}", replica_set.partition("-")[0], (replica_set,))
            found = await examine(GATE, target, metrics, now=end, elapsed=end - start)
            sent = failed = 0
            for name in pods:
                server, edges = SERVERS[name], (start, end)
                if not whole:  # the gate looks back over whole seconds
                    edges = await self._edges(metrics, name, seconds, end - found.window, end)
                one, bad = server.between(*edges)
                sent, failed = sent + one, failed + bad
            self.rows.append(Row(situation, seconds, sent, failed, found.new.requests.value, found.new.failed.value))
            print(self.rows[-1], flush=True)

    async def _edges(self, metrics: PrometheusMetrics, pod: str, seconds: int, start: float, end: float) -> tuple[float, float]:
        """When the pod was scraped last before the window, else first in it, and last in it."""
        (series,) = (
            await metrics.samples(f'up{{namespace="every-{seconds}",pod="{pod}"}}', seconds=round(end - start) + 150, at=end)
        ).series
        times = [at for at, _ in series.points]
        first = max((at for at in times if at <= start), default=times[0])
        server = SERVERS[pod]
        return server.rendered(str(seconds), first), server.rendered(str(seconds), times[-1])


SERVERS: dict[str, CountedServer] = {}


async def run(trial: Trial, url: str, longest: int) -> None:
    """`longest`: the longest scrape interval, in seconds; everything takes its measure by it."""
    settle = longest + 15.0
    metrics = PrometheusMetrics(PrometheusTarget(url))
    SERVERS.update({f"{name}-{number}aaaa": CountedServer() for name in (OLD, NEW, QUIET) for number in (1, 2)})
    one, two = (SERVERS[f"{OLD}-{number}aaaa"] for number in (1, 2))
    new_one, new_two = (SERVERS[f"{NEW}-{number}aaaa"] for number in (1, 2))
    quiet = {name: server for name, server in SERVERS.items() if name.startswith(QUIET)}
    old = {name: server for name, server in SERVERS.items() if name.startswith(OLD)}
    new = {name: server for name, server in SERVERS.items() if name.startswith(NEW)}
    trial.list(**old, **quiet)
    with Traffic([], RATE).flowing() as burst, Traffic([one, two], RATE).flowing() as traffic:
        await asyncio.sleep(settle)
        start = time.time()
        # The old version's window; in the middle of it, what has quiet edges.
        await asyncio.sleep(settle / 2)
        burst.servers = [*quiet.values()]
        await asyncio.sleep(settle / 2)
        for server in (one, two, *quiet.values()):
            server.failing = True
        await asyncio.sleep(settle / 2)
        burst.servers = [*quiet.values()][1:]
        await asyncio.sleep(settle)
        next(iter(quiet.values())).restart()
        burst.servers = [*quiet.values()]
        await asyncio.sleep(settle / 2)
        burst.servers = []
        changed = time.time()
        # The rollout: new pods beside the old ones, which then go.
        trial.list(**old, **new, **quiet)
        traffic.servers = [new_one, new_two]
        await asyncio.sleep(5)
        trial.list(**new, **quiet)
        for server in old.values():
            server.close()
        await asyncio.sleep(settle)
        await trial.look("before", metrics, old, OLD, start=start, end=changed, whole=False)
        await trial.look("quiet edges", metrics, quiet, QUIET, start=start, end=time.time(), whole=True)
        warm = time.time()
        await asyncio.sleep(settle / 2)
        new_one.failing = new_two.failing = True
        await asyncio.sleep(settle / 2)
        traffic.servers = [new_two]
        await asyncio.sleep(settle)
        new_one.restart()
        traffic.servers = [new_one, new_two]
        await asyncio.sleep(settle)
        await trial.look("new", metrics, new, NEW, start=warm, end=time.time(), whole=False)
        traffic.servers = []
        await asyncio.sleep(settle)
        await trial.look("at rest", metrics, new, NEW, start=warm, end=time.time(), whole=False)
    await metrics.aclose()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.counting", description=__doc__)
    parser.add_argument("--scrapes", default="2,5,15,30,60", help="seconds between scrapes, by commas")
    parser.add_argument("--binary", help="which prometheus; else the one that tests use")
    given = parser.parse_args(argv)
    scrapes = [int(text) for text in given.scrapes.split(",")]
    binary = given.binary or installed.find() or launch.binary("prometheus")
    if binary is None:
        parser.error("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
    with tempfile.TemporaryDirectory(prefix="modeldeck-counting-") as made:
        folder, port = Path(made), free_port()
        trial = Trial(folder, scrapes)
        trial.configure()
        command = [part for part in metrics_servers.command(binary, folder, port) if "lookback" not in part]
        with (folder / "log").open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/-/ready", process, folder / "log")
            print(HEADER, flush=True)
            asyncio.run(run(trial, f"http://127.0.0.1:{port}", max(scrapes)))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
    worst = max(trial.rows, key=lambda row: row.off)
    print(f"\nat most {worst.off:.2%} off ({worst.situation}, scraped every {worst.scrape} s); {ALLOWED:.0%} is allowed")
    return int(worst.off > ALLOWED)


if __name__ == "__main__":
    raise SystemExit(main())
