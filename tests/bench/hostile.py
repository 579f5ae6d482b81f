"""`python -m tests.bench.hostile [--seconds S] [--only WORDS]`: a console's readers against servers that attack them, for a while each.

A process of its own reads one backend as the console does (the informer, or a feed every five seconds), with the real bounds and pauses,
while the server attacks it; then the server is well again. Printed for each: the memory that it took at most beyond its beginning, the
requests a second that the server got, what was told, and how long after the attack all was well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.hostile import ATTACKS, Attack, Hostile, Paged, Watched, endless_line, flood, hostile
from tui.domain.environments import ClusterTarget, MlflowTarget, PrometheusTarget
from tui.domain.reading import Reading
from tui.live.clock import SystemClock
from tui.live.feed import Feed

MIB = 1024 * 1024
BACKENDS = ("MLflow", "Kubernetes", "Prometheus")
PAUSES = tuple(name for name in ATTACKS if name.startswith(("a pause", "a far")))
"""Attacks that ask for a long pause: it is honoured for five minutes, which nobody waits for here."""


def watches() -> dict[str, Attack]:
    """Attacks that need lists or watches, made anew each time, as they count."""
    return {
        "the same page": Paged(again=True),
        "pages without an end": Paged(again=False),
        "a watch an event": Watched(1),
        "watches of nothing": Watched(0),
        "gone each time": Watched(1, gone=True),
        "objects without an end": flood,
        "a line without an end": endless_line,
    }


@dataclass(frozen=True)
class Figures:
    memory: float
    a_second: float
    told: str
    recovered: float | None


# ── the reader, a process of its own ──


async def read(backend: str, url: str) -> None:
    """Prints the state and failure of each reading, a line each, for as long as it lives."""

    def say(reading: Reading[object]) -> None:
        print(json.dumps([reading.state, str(reading.failure or "")]), flush=True)

    if backend == "Kubernetes":
        await _inform(url, say)
        return
    fetch: Callable[[], Awaitable[object]]
    if backend == "MLflow":
        from tui.sources.mlflow_rest import RestTracking, transport_of

        fetch = RestTracking(transport_of(MlflowTarget(url))).experiments
    else:
        from tui.sources.prometheus import PrometheusMetrics

        metrics = PrometheusMetrics(PrometheusTarget(url))

        def fetch() -> Awaitable[object]:
            return metrics.query("up")

    feed = Feed(backend, "bench", fetch, say, 5.0, SystemClock())
    feed.start()
    await asyncio.Event().wait()


async def _inform(url: str, say: Callable[[Reading[object]], None]) -> None:
    from tui.sources.kubernetes.cluster import KubernetesCluster
    from tui.sources.kubernetes.informer import Informer

    with tempfile.TemporaryDirectory() as folder:
        informer = Informer(KubernetesCluster(_kubeconfig(Path(folder), url)), "bench", ("serving",), say)
        informer.start()
        await asyncio.Event().wait()


def _kubeconfig(folder: Path, url: str) -> ClusterTarget:
    context = {"name": "c", "context": {"cluster": "c", "namespace": "serving"}}
    body = {"current-context": "c", "clusters": [{"name": "c", "cluster": {"server": url}}], "contexts": [context]}
    file = folder / "kubeconfig"
    file.write_text(json.dumps(body))
    return ClusterTarget(str(file))


# ── the server's side ──


class Reader:
    """The process and what it has said last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._memory = psutil.Process(process.pid)
        self.state = "loading"
        self.failures: list[str] = []

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.state, failure = json.loads(line)
            if failure and failure not in self.failures:
                self.failures.append(failure)

    def memory(self) -> float:
        return self._memory.memory_info().rss / MIB

    async def until_live(self, seconds: float) -> float | None:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.state == "live":
                return time.monotonic() - began
            await asyncio.sleep(0.1)
        return None


async def trial(backend: str, name: str, attack: Attack, seconds: float) -> Figures:
    async with hostile() as server:
        command = (sys.executable, "-m", "tests.bench.hostile", "--read", backend, server.url)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        reader = Reader(process)
        listening = asyncio.create_task(reader.listen())
        try:
            await reader.until_live(60.0)
            return await _attacked(server, reader, attack, seconds, patient=name not in PAUSES)
        finally:
            process.kill()
            await process.wait()
            listening.cancel()


async def _attacked(server: Hostile, reader: Reader, attack: Attack, seconds: float, *, patient: bool) -> Figures:
    before, most, asked = reader.memory(), 0.0, server.requests
    server.attack = attack
    await server.drop()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        most = max(most, reader.memory())
        await asyncio.sleep(0.05)
    a_second = (server.requests - asked) / seconds
    told = reader.failures[-1] if reader.failures else f"(nothing; {reader.state})"
    server.attack = None
    await server.drop()
    return Figures(most - before, a_second, told, await reader.until_live(90.0) if patient else None)


async def main(given: argparse.Namespace) -> None:
    print(f"{'backend':<11}{'attack':<27}{'MB':>6}{'req/s':>8}{'well after':>12}  told")
    for backend in BACKENDS:
        for name, attack in (ATTACKS | watches()).items():
            if given.only not in f"{backend} {name}" or not _reaches(backend, name):
                continue
            found = await trial(backend, name, attack, given.seconds)
            after = "5 min" if name in PAUSES else "not" if found.recovered is None else f"{found.recovered:.1f} s"
            print(f"{backend:<11}{name:<27}{found.memory:>6.0f}{found.a_second:>8.2f}{after:>12}  {found.told[:100]}", flush=True)


def _reaches(backend: str, name: str) -> bool:
    """Whether the backend is read in a way that the attack is made for."""
    return backend == "Kubernetes" or name in ATTACKS or (backend == "MLflow" and "page" in name)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each attack lasts")
    parser.add_argument("--only", default="", metavar="WORDS", help="only the trials whose backend and attack hold these words")
    parser.add_argument("--read", nargs=2, metavar=("BACKEND", "URL"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    os.environ.update(NO_PROXY="127.0.0.1")
    asyncio.run(read(*given.read) if given.read else main(given))
