"""The PromQL of the built-in criteria, inside the subset that stand-ins know: an earlier window is a query at an earlier time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from modeldeck.domain.gates.counting import STARTED, UP
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.operations.gate.asking import Ask
from modeldeck.operations.gate.looking import Pods

BEFORE = 150
"""Seconds: two scrapes of a minute each, and some."""
_STEP = 0.8


@dataclass(frozen=True, slots=True)
class Side:
    """One version's pods in the window of so many whole seconds that ends at `at` (seconds since the epoch)."""

    scraped: Scraped
    pods: Pods
    window: int
    at: float

    @property
    def profile(self) -> Profile:
        return self.scraped.profile

    @property
    def labels(self) -> PodLabels:
        return self.scraped.labels

    @property
    def where(self) -> str:
        return self.labels.of_pods(self.pods.namespace, self.pods.pattern, self.pods.addresses)

    @property
    def counter(self) -> Counter | None:
        return self.profile.requests[0] if self.profile.requests else None

    @property
    def errors(self) -> Counter | None:
        return self.profile.errors[0] if self.profile.errors else None

    def selector(self, metric: str, more: str = "") -> str:
        return f"{metric}{{{self.where}{',' if more else ''}{more}}}"

    def total(self, counter: Counter) -> str:
        """The counter's increase over all pods, as a person would ask for it."""
        return f"sum(increase({self.selector(counter.metric, counter.matchers)}[{self.window}s]))"

    def samples(self, counter: Counter) -> Ask:
        """What was scraped of it in the window and for a while before, so that each series has a sample from before the window."""
        return Ask(self.selector(counter.metric, counter.matchers), self.at, self.window + BEFORE)

    @property
    def start(self) -> float:
        return self.at - self.window

    @property
    def scrapes(self) -> tuple[Ask, ...]:
        """When the pods were scraped. `up` has the labels that the scraper put on, not those of somebody who handed the series on: there,
        nothing but the counters tells it."""
        return (Ask(self.selector(UP), self.at, self.window + BEFORE),) if self.labels.of_target else ()

    @property
    def started(self) -> Ask:
        """When the pods' processes started: a counter that has caught up after a restart does not tell by itself."""
        return Ask(self.selector(STARTED), self.at, self.window + BEFORE)

    @property
    def latency(self) -> tuple[Ask, ...]:
        return self._buckets(self.profile.latency[0], self.profile.latency_matchers) if self.profile.latency else ()

    @property
    def whole(self) -> tuple[Ask, ...]:
        """All that a histogram counts which cannot tell probes from requests."""
        of_all = self.profile.latency_of_all
        found = self.selector(f"{of_all}_bucket", 'le="+Inf"')
        return (Ask(found, self.at, self.window + BEFORE),) if of_all in self.profile.latency else ()

    @property
    def predictions(self) -> tuple[Ask, ...]:
        return self._buckets(self.profile.predictions) if self.profile.predictions else ()

    def _buckets(self, metric: str, more: str = "") -> tuple[Ask, ...]:
        """Whose answers together are one histogram."""
        return tuple(
            Ask(f"sum by (le) (increase({one.selector(f'{metric}_bucket', more)}[{one.window}s]))", one.at) for one in self._intervals
        )

    @property
    def _intervals(self) -> Iterator[Side]:
        """The same in parts, so that no address is asked about when it was another pod's. Times are cut to steps, so that many young pods
        are few questions: up to a fifth less is seen of such a pod then, and never anything of others."""
        if not self.labels.by_address or not self.pods.addresses:
            yield self
            return
        parts: dict[tuple[int, float], list[PodAddress]] = defaultdict(list)
        for one in self.pods.addresses:
            end = min(self.at, one.until)
            held = min(end - one.since, end - self.start)
            window = self.window * _STEP ** math.ceil(math.log(held / self.window, _STEP)) if held > 0 else 0.0
            parts[int(window), end].append(one)
        for (window, end), addresses in sorted(parts.items()):
            if window:
                yield replace(self, pods=replace(self.pods, addresses=tuple(addresses)), window=window, at=end)

    def of_pods(self, matrix: Matrix) -> Matrix:
        """Only what was scraped of these pods, by the label `pod`: an address may have been another pod's before, or be it by now."""
        if not self.labels.by_address:
            return self.labels.renamed_series(matrix)
        found = []
        for series in matrix.series:
            instance = series.labels.get(self.labels.pod, "")
            held = [one for one in self.pods.addresses if one.had(instance)]
            points = tuple((at, value) for at, value in series.points if any(one.held(at) for one in held))
            if points:
                found.append(replace(series, points=points))
        return self.labels.renamed_series(replace(matrix, series=tuple(found)))

    def asks(self, *, drift: bool) -> Iterator[Ask]:
        """Everything that the built-in criteria need."""
        if self.counter is not None:
            yield from (self.samples(self.counter), *self.scrapes, self.started)
        if self.errors is not None:
            yield self.samples(self.errors)
        yield from (*self.latency, *self.whole)
        if drift:
            yield from self.predictions
