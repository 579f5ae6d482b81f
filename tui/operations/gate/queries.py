"""The PromQL of the built-in criteria, inside the subset that stand-ins know: an earlier window is a query at an earlier time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui.domain.profiles import Counter, Profile, quoted
from tui.operations.gate.asking import Ask
from tui.operations.gate.target import pods_of


def matchers(namespace: str, replica_sets: tuple[str, ...]) -> str:
    return f"namespace={quoted(namespace)},pod=~{quoted(pods_of(replica_sets))}"


def names_ask(where: str, at: float) -> Ask:
    """Which metrics these very pods export: others in the same Prometheus may be of another make."""
    return Ask(f"count by (__name__) ({{{where}}})", at)


@dataclass(frozen=True, slots=True)
class Side:
    """One version's pods in the window of so many whole seconds that ends at `at` (seconds since the epoch)."""

    profile: Profile
    where: str
    window: int
    at: float

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

    def grown(self, counter: Counter) -> Ask:
        return Ask(f"sum by (pod) (increase({self.selector(counter.metric, counter.matchers)}[{self.window}s]))", self.at)

    def errors_asks(self, counter: Counter) -> tuple[Ask, Ask, Ask, Ask]:
        """Its increase, its values at the window's end and beginning, and which pods were scraped when the window began."""
        raw, start = f"sum by (pod) ({self.selector(counter.metric, counter.matchers)})", self.at - self.window
        return self.grown(counter), Ask(raw, self.at), Ask(raw, start), Ask(f"max by (pod) (up{{{self.where}}})", start)

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
            yield self.grown(self.counter)
        if self.errors is not None:
            yield from self.errors_asks(self.errors)
        if self.latency is not None:
            yield self.latency
        if drift and self.predictions is not None:
            yield self.predictions
