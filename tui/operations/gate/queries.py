"""The PromQL of the built-in criteria, inside the subset that stand-ins know: an earlier window is a query at an earlier time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui.domain.pod_labels import PodLabels
from tui.domain.profiles import Counter, Profile
from tui.domain.scraping import Scraped
from tui.operations.gate.asking import Ask
from tui.operations.gate.looking import Pods

BEFORE = 150
"""Seconds: two scrapes of a minute each, and some."""


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
    def scraped_at_start(self) -> Ask:
        """Which pods were scraped when the window began. `up` has the labels that the scraper put on, not those of somebody who handed the
        series on: there, requests tell as much."""
        there = f"max by ({self.labels.pod}) (up{{{self.where}}})"
        if not self.labels.of_target and self.counter is not None:
            there = f"count by ({self.labels.pod}) ({self.selector(self.counter.metric)})"
        return Ask(there, self.start)

    @property
    def latency(self) -> Ask | None:
        return self._buckets(self.profile.latency[0], self.profile.latency_matchers) if self.profile.latency else None

    @property
    def predictions(self) -> Ask | None:
        return self._buckets(self.profile.predictions) if self.profile.predictions else None

    def _buckets(self, metric: str, more: str = "") -> Ask:
        return Ask(f"sum by (le) (increase({self.selector(f'{metric}_bucket', more)}[{self.window}s]))", self.at)

    def asks(self, *, drift: bool) -> Iterator[Ask]:
        """Everything that the built-in criteria need."""
        if self.counter is not None:
            yield from (self.samples(self.counter), self.scraped_at_start)
        if self.errors is not None:
            yield self.samples(self.errors)
        if self.latency is not None:
            yield self.latency
        if drift and self.predictions is not None:
            yield self.predictions
