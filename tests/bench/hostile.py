"""`python -m tests.bench.hostile [--seconds S] [--at-once N] [--only WORDS]`: a console's readers against servers that attack them.

A process of its own reads one backend as the console does (the informer, or a feed every five seconds), with the real bounds and pauses,
while the server attacks it; then the server is well again. Printed for each: the memory that it took at most beyond its beginning, the
requests a second that the server got, what was told, and how long after the attack all was well. Most trials are spent in pauses, so that
several are run at once: all of them take some 20 minutes on two busy cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from modeldeck.domain.environments import ClusterTarget, MlflowTarget, PrometheusTarget
from modeldeck.domain.reading import Reading
from modeldeck.live.clock import SystemClock
from modeldeck.live.poller import Poller
from tests.support.hostile import ATTACKS, Attack, Hostile, Paged, Watched, endless_line, flood, hostile

KIB_IN_MIB = 1024
BEGINS = 300.0
"""Seconds within which a reader has to read a server that is well, on however busy a machine."""
READERS = multiprocessing.get_context("forkserver")
READERS.set_forkserver_preload(
    ["httpx", "modeldeck.sources.mlflow.rest", "modeldeck.sources.prometheus.client", "modeldeck.sources.kubernetes.informer"]
)
PATIENCE = 60.0
"""Seconds within which a reader has to be well again after an attack."""
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


def read(backend: str, url: str, pipe: Connection) -> None:
    """Sends the state and failure of each reading, for as long as it lives."""

    def say(reading: Reading[object]) -> None:
        try:
            pipe.send((reading.state, str(reading.failure or "")))
        except BrokenPipeError:
            os._exit(1)  # whoever made the trial is gone

    os.environ.update(NO_PROXY="127.0.0.1")
    asyncio.run(_read(backend, url, say))


async def _read(backend: str, url: str, say: Callable[[Reading[object]], None]) -> None:
    if backend == "Kubernetes":
        await _inform(url, say)
        return
    fetch: Callable[[], Awaitable[object]]
    if backend == "MLflow":
        from modeldeck.sources.mlflow.rest import RestTracking, transport_of

        fetch = RestTracking(transport_of(MlflowTarget(url))).experiments
    else:
        from modeldeck.sources.prometheus.client import PrometheusMetrics

        metrics = PrometheusMetrics(PrometheusTarget(url))

        def fetch() -> Awaitable[object]:
            return metrics.query("up")

    feed = Poller(backend, "bench", fetch, say, 5.0, SystemClock())
    feed.start()
    await asyncio.Event().wait()


async def _inform(url: str, say: Callable[[Reading[object]], None]) -> None:
    from modeldeck.sources.kubernetes.cluster import KubernetesCluster
    from modeldeck.sources.kubernetes.informer import Informer

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

    def __init__(self, backend: str, url: str) -> None:
        ours, theirs = READERS.Pipe(duplex=False)
        self._process = READERS.Process(target=read, args=(backend, url, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe = ours
        self._kernel = Path("/proc") / str(self._process.pid)
        self.state = "loading"
        self.failures: list[str] = []
        asyncio.get_running_loop().add_reader(ours.fileno(), self._listen)

    def _listen(self) -> None:
        self.state, failure = self._pipe.recv()
        if failure and failure not in self.failures:
            self.failures.append(failure)

    def kill(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        self._process.kill()

    def forget_peak(self) -> None:
        (self._kernel / "clear_refs").write_text("5")

    def peak(self) -> float:
        """The most memory that it has had since, as the kernel counts it: no look now and then would see a peak of a moment."""
        status = dict(line.split(":", 1) for line in (self._kernel / "status").read_text().splitlines())
        return int(status["VmHWM"].split()[0]) / KIB_IN_MIB

    async def until_live(self, seconds: float) -> float | None:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.state == "live":
                return time.monotonic() - began
            await asyncio.sleep(0.1)
        return None


async def trial(backend: str, name: str, attack: Attack, seconds: float) -> Figures:
    async with hostile() as server:
        reader = Reader(backend, server.url)
        try:
            if await reader.until_live(BEGINS) is None:
                raise RuntimeError(f"{backend} was never read: {reader.state} {reader.failures}")
            return await _attacked(server, reader, attack, seconds, patient=name not in PAUSES)
        finally:
            reader.kill()


async def _attacked(server: Hostile, reader: Reader, attack: Attack, seconds: float, *, patient: bool) -> Figures:
    reader.forget_peak()
    before, asked = reader.peak(), server.requests
    server.attack = attack
    await server.drop()
    await asyncio.sleep(seconds)
    memory, a_second = reader.peak() - before, (server.requests - asked) / seconds
    told = reader.failures[-1] if reader.failures else f"(nothing; {reader.state})"
    server.attack = None
    await server.drop()
    return Figures(memory, a_second, told, await reader.until_live(PATIENCE) if patient else None)


async def main(given: argparse.Namespace) -> None:
    print(f"{'backend':<11}{'attack':<27}{'MB':>6}{'req/s':>8}{'well after':>12}  told")
    turns = asyncio.Semaphore(given.at_once)

    async def in_turn(backend: str, name: str, attack: Attack) -> Figures:
        async with turns:
            return await trial(backend, name, attack, given.seconds)

    wanted = [
        (backend, name, attack)
        for backend in BACKENDS
        for name, attack in (ATTACKS | watches()).items()
        if given.only in f"{backend} {name}" and _reaches(backend, name)
    ]
    trials = [asyncio.create_task(in_turn(*each)) for each in wanted]
    for (backend, name, _), running in zip(wanted, trials, strict=True):
        found = await running
        after = "5 min" if name in PAUSES else "not" if found.recovered is None else f"{found.recovered:.1f} s"
        print(f"{backend:<11}{name:<27}{found.memory:>6.0f}{found.a_second:>8.2f}{after:>12}  {found.told[:100]}", flush=True)


def _reaches(backend: str, name: str) -> bool:
    """Whether the backend is read in a way that the attack is made for."""
    return backend == "Kubernetes" or name in ATTACKS or (backend == "MLflow" and "page" in name)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each attack lasts")
    parser.add_argument("--at-once", type=int, default=6, help="how many are tried at a time")
    parser.add_argument("--only", default="", metavar="WORDS", help="only the trials whose backend and attack hold these words")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(arguments()))
