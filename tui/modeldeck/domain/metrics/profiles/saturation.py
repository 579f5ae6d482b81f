"""How full a server is: gauges, each with what its numbers mean, and so how those of several pods become one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class SaturationUnit(StrEnum):
    REQUESTS = "requests"
    SECONDS = "seconds"
    SHARE = "share"
    """0–1, of each process: shares are never added."""


class SaturationKind(StrEnum):
    """What of a server fills up. In the order in which it is shown, and by the name of its query."""

    QUEUE = "queue"
    """Requests that wait; some servers count those that are being served, too."""
    IN_PROGRESS = "in_progress"
    """Requests that are being served."""
    QUEUE_TIME = "queue_time"
    """How long the last request waited."""
    KV_CACHE = "kv_cache"
    """How much of its cache of keys and values a language model uses."""
    GPU = "gpu"
    """How much of the time the GPU works."""
    UTILIZATION = "utilization"
    """How much is used of what else may run out: workers, threads, connections."""

    @property
    def unit(self) -> SaturationUnit:
        if self in (SaturationKind.QUEUE, SaturationKind.IN_PROGRESS):
            return SaturationUnit.REQUESTS
        return SaturationUnit.SECONDS if self is SaturationKind.QUEUE_TIME else SaturationUnit.SHARE


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge with the matchers that select what is meant."""

    kind: SaturationKind
    metric: str
    matchers: str = ""
    scale: float = 1.0
    """Times its own unit gives that of the kind: 0.01 for percent."""
    observed: bool = False
    """Whether it is a histogram (its name without `_bucket`) of what each request found."""

    @property
    def probe(self) -> str:
        """The metric that is there where this gauge is."""
        return f"{self.metric}_bucket" if self.observed else self.metric

    @property
    def aggregation(self) -> str:
        """How the values of several processes become one, in words."""
        if self.observed:
            return "what a request finds on average"
        return "of all together" if self.kind.unit is SaturationUnit.REQUESTS else "of the fullest"

    def promql(self, where: str, seconds: int) -> str:
        """Requests of several processes are added up; of shares and times the highest counts: one pod that is full is what hurts."""
        inside = ",".join(part for part in (where, self.matchers) if part)
        selected = f"{{{inside}}}" if inside else ""
        if self.observed:
            total, count = (f"sum (rate({self.metric}_{end}{selected}[{seconds}s]))" for end in ("sum", "count"))
            return f"{total} / {count}"
        return f"{'sum' if self.kind.unit is SaturationUnit.REQUESTS else 'max'} ({self.metric}{selected})"


def exported_gauges(candidates: Collection[Gauge], names: Collection[str]) -> tuple[Gauge, ...]:
    """Of each kind the first that is there."""
    found: dict[SaturationKind, Gauge] = {}
    for gauge in candidates:
        if gauge.probe in names:
            found.setdefault(gauge.kind, gauge)
    return tuple(found[kind] for kind in SaturationKind if kind in found)
