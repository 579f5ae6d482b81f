"""What was measured of a version in a window, or why it was not. Counts are whole; bounds of latency buckets are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from modeldeck.domain.gates.judgement import Trouble

T = TypeVar("T")
Buckets = tuple[tuple[float, float], ...]
"""(upper bound, how many up to it) with rising bounds, as a histogram's `le` buckets count them."""


@dataclass(frozen=True, slots=True)
class Measure(Generic[T]):
    """One answer. `value` None: `trouble` and `message` say why; else `message` says what was left out of it."""

    value: T | None
    query: str = ""
    trouble: Trouble | None = None
    message: str = ""
    warnings: tuple[str, ...] = ()


def missing(trouble: Trouble, message: str, query: str = "") -> Measure[T]:
    return Measure(None, query, trouble, message)


def _unasked() -> Measure[T]:
    return missing(Trouble.NO_DATA, "not asked")


@dataclass(frozen=True, slots=True)
class Measured:
    """One version in its window."""

    requests: Measure[int] = field(default_factory=_unasked)
    failed: Measure[int] = field(default_factory=_unasked)
    """Of the requests."""
    latency: Measure[Buckets] = field(default_factory=_unasked)
    predictions: Measure[Buckets] = field(default_factory=_unasked)
    seconds: float = 1.0
    """For how long of its window it was scraped: pods may be younger. At least 1."""
    seen: float = 1.0
    """Which part of what its buckets count was really seen, 0–1. `increase` stretches what lies between the first and the last scrape to
    the whole window: of two scrapes in two intervals, half is made up. Requests and failed ones are counted from the samples: all were."""

    @property
    def ratio_query(self) -> str:
        parts = (self.failed.query, self.requests.query)
        return " / ".join(parts) if all(parts) else ""


def nothing(trouble: Trouble, message: str) -> Measured:
    """Why nothing at all is known of a version."""
    return Measured(missing(trouble, message), missing(trouble, message), missing(trouble, message), missing(trouble, message))
