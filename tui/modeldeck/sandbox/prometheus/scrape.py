"""The stand-in's scraper: reads targets.json as Prometheus' file discovery does, and each target's /metrics at its own phase."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import httpx
from prombed import MetricMetadata, PrombedError, parse_exposition

from modeldeck.sandbox.prometheus.queries import now_ms
from modeldeck.sandbox.prometheus.store import NAME, LabelKey, SeriesStore

REREAD_SECONDS = 0.5
MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """Where to scrape, and the labels that everything from there gets (job and instance among them)."""

    address: str
    labels: LabelKey

    @property
    def url(self) -> str:
        return f"http://{self.address}/metrics"


@dataclass(slots=True)
class Health:
    """What the last scrape of a target came to; times in seconds."""

    state: str = "unknown"
    error: str = ""
    scraped_at: float = 0.0
    duration: float = 0.0


def read_targets(path: Path, job: str) -> set[ScrapeTarget] | None:
    """The targets of a file in Prometheus' file_sd format; None when it cannot be read, and the last list goes on holding."""
    try:
        groups = json.loads(path.read_bytes())
        return {
            ScrapeTarget(address, tuple(sorted({"job": job, "instance": address, **group.get("labels", {})}.items())))
            for group in groups
            for address in group["targets"]
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def merge(name: str, exposed: dict[str, str], target: LabelKey) -> LabelKey:
    """A sample's labels: the target's win, and what they displace is kept as exported_… (honor_labels: false)."""
    labels = {NAME: name, **exposed}
    for key, value in target:
        if labels.get(key):
            kept = f"exported_{key}"
            while labels.get(kept):
                kept = f"exported_{kept}"
            labels[kept] = labels[key]
        labels[key] = value
    return tuple(sorted((key, value) for key, value in labels.items() if value))


class Scraper:
    """Scrapes all targets until it is cancelled."""

    def __init__(self, store: SeriesStore, path: Path, *, interval: float, job: str) -> None:
        self.store, self.path, self.interval, self.job = store, path, interval, job
        self.health: dict[ScrapeTarget, Health] = {}
        self.metadata: dict[str, MetricMetadata] = {}
        self._tasks: dict[ScrapeTarget, asyncio.Task[None]] = {}
        self._series: dict[ScrapeTarget, set[LabelKey]] = {}

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=min(self.interval, 5.0), trust_env=False) as client:
            try:
                while True:
                    targets = await asyncio.to_thread(read_targets, self.path, self.job)
                    if targets is not None:
                        await self._follow(client, targets)
                    await asyncio.sleep(REREAD_SECONDS)
            finally:
                for task in self._tasks.values():
                    task.cancel()

    async def _follow(self, client: httpx.AsyncClient, targets: set[ScrapeTarget]) -> None:
        for target in self._tasks.keys() - targets:
            task = self._tasks.pop(target)
            task.cancel()
            await asyncio.wait((task,))
            # A target that is gone ends its series at once; Prometheus does so too, when the target's loop stops.
            self.store.append(now_ms(), (), self._series.pop(target, set()))
            self.health.pop(target, None)
        for target in targets - self._tasks.keys():
            self.health[target] = Health()
            self._tasks[target] = asyncio.create_task(self._loop(client, target))

    async def _loop(self, client: httpx.AsyncClient, target: ScrapeTarget) -> None:
        """Scrape now, then at the target's own phase, so that all pods are not asked in the same instant."""
        phase = (zlib.crc32(target.address.encode()) % 1000) / 1000 * self.interval
        while True:
            await self._scrape(client, target)
            now = time.time()
            due = (now // self.interval) * self.interval + phase
            await asyncio.sleep((due - now) % self.interval or self.interval)

    async def _scrape(self, client: httpx.AsyncClient, target: ScrapeTarget) -> None:
        started = time.time()
        error, samples = "", []
        try:
            answer = await client.get(target.url, headers={"Accept": "text/plain;version=0.0.4"})
            if answer.status_code != 200:
                error = f"server returned HTTP status {answer.status_code} {answer.reason_phrase}"
            elif len(answer.content) > MAX_BYTES:
                error = f"body size limit of {MAX_BYTES} bytes exceeded"
            else:
                exposition = parse_exposition(answer.text)
                self.metadata.update(exposition.metadata)
                samples = [(merge(each.name, each.labels, target.labels), each.value) for each in exposition.samples]
        except httpx.HTTPError as failure:
            error = f'Get "{target.url}": {str(failure) or type(failure).__name__}'
        except PrombedError as failure:
            error = str(failure)
        duration = time.time() - started
        self._record(target, int(started * 1000), samples, duration, healthy=not error)
        self.health[target] = Health("down" if error else "up", error, started, duration)

    def _record(self, target: ScrapeTarget, at: int, samples: list[tuple[LabelKey, float]], duration: float, *, healthy: bool) -> None:
        keys = {key for key, _ in samples}
        before = self._series.get(target, set())
        new = len(keys - before)
        reports = {
            "up": float(healthy),
            "scrape_duration_seconds": duration,
            "scrape_samples_scraped": float(len(samples)),
            "scrape_samples_post_metric_relabeling": float(len(samples)),
            "scrape_series_added": float(new),
        }
        own = [(merge(name, {}, target.labels), value) for name, value in reports.items()]
        self.store.append(at, [*samples, *own], before - keys - {key for key, _ in own})
        self._series[target] = keys | {key for key, _ in own}
