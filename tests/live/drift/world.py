"""A deployment that changed its version 600 s ago, and a Prometheus that scraped both versions' pods."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from modeldeck.domain.drift.settings import DriftSettings, baseline_of
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.live.drift.reader import DriftReader
from modeldeck.live.drift.subject import DriftSubject, drift_subject
from modeldeck.live.drift.training_baseline import TrainingBaseline
from tests.domain.links.templates import container, deployment, pod, replica_set, template
from tests.support.history import NOW, SCRAPE, History

CHANGED = 600
"""Seconds before NOW."""
EVEN = ((0.0, 0.25), (1.0, 0.5), (2.0, 0.75), (math.inf, 1.0))
MOVED = ((0.0, 0.1), (1.0, 0.2), (2.0, 0.4), (math.inf, 1.0))
Shares = tuple[tuple[float, float], ...]

OLD_TEMPLATE, NEW_TEMPLATE = (template(container(env={"MODEL_URI": f"models:/iris/{version}"})) for version in (4, 5))
IRIS = deployment(of=NEW_TEMPLATE, annotations={"deployment.kubernetes.io/revision": "2"})
SETS = (
    replica_set(IRIS, 1, OLD_TEMPLATE, name="iris-aaa", created_at=float(NOW - 90_000)),
    replica_set(IRIS, 2, name="iris-bbb", created_at=float(NOW - CHANGED)),
)
POD = pod(SETS[1], "iris-bbb-22222", ip="10.0.0.2")
FLEET = Fleet((IRIS,), SETS, (POD,))
PREDICTIONS = "model_prediction_value"
SCRAPED = Scraped(replace(BUILT_IN["fastapi"], predictions=PREDICTIONS), PodLabels())


@dataclass
class DriftWorld:
    """`rate`: predictions a second of each version."""

    past: History = field(default_factory=History)
    fleet: Fleet = FLEET
    scraped: Scraped | None = SCRAPED
    training: TrainingBaseline = field(default_factory=lambda: TrainingBaseline("training", message="not asked"))
    settings: DriftSettings = field(default_factory=lambda: DriftSettings(window=CHANGED))

    def serve(self, old: Shares = EVEN, new: Shares = EVEN, *, rate: float = 2.0, histogram: str = PREDICTIONS, total: float = 0.0) -> None:
        """Both versions' pods. `total`: the sum of all values."""
        for name, start, end, shares in (("iris-aaa-11111", 4000, CHANGED, old), ("iris-bbb-22222", CHANGED, 0, new)):
            self.past.scraped(name, start, end, lambda age, shares=shares: samples(histogram, age * rate, shares, total))  # type: ignore[misc]

    def subject(self) -> DriftSubject:
        return drift_subject(self.fleet, "serving/iris", self.scraped, self.settings, SeriesScope(), LinkPatterns())

    def reader(self) -> DriftReader:
        async def training(subject: DriftSubject) -> TrainingBaseline:
            return self.training

        return DriftReader(self.past, training)

    def against(self, baseline: str) -> None:
        self.settings = replace(self.settings, baseline=baseline_of(baseline))


def samples(histogram: str, count: float, shares: Shares, total: float) -> dict[str, float]:
    found = {f'{histogram}_bucket{{le="{"+Inf" if bound == math.inf else f"{bound:g}"}"}}': count * share for bound, share in shares}
    return {**found, f"{histogram}_sum": total, f"{histogram}_count": count}


__all__ = ["CHANGED", "EVEN", "FLEET", "IRIS", "MOVED", "NOW", "POD", "PREDICTIONS", "SCRAPE", "SCRAPED", "SETS", "DriftWorld"]
