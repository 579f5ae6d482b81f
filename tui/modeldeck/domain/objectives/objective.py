"""What a deployment promises, and which promise is whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

DAY = 86400.0
WINDOW = 30 * DAY


class Indicator(StrEnum):
    AVAILABILITY = "availability"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True)
class LatencyTarget:
    """At least this share (0–1) of the requests in less than `below` seconds."""

    below: float
    share: float


@dataclass(frozen=True, slots=True)
class Objective:
    """Over `window` seconds. None: nothing is promised of it."""

    availability: float | None = None
    """The share (0–1) of requests that do not fail."""
    latency: LatencyTarget | None = None
    window: float = WINDOW

    @property
    def targets(self) -> dict[Indicator, float]:
        """The share of good requests, by what makes them good."""
        found = {Indicator.AVAILABILITY: self.availability, Indicator.LATENCY: self.latency.share if self.latency else None}
        return {indicator: share for indicator, share in found.items() if share is not None}


Objectives = Sequence[tuple[str, Objective]]
"""`namespace/name`, in which `*` stands for any text within a part, and what is promised there; in the order of the configuration."""


def objective_of(objectives: Objectives, key: str) -> Objective | None:
    """What names the deployment itself comes before patterns, and of these the first counts."""
    exact = next((objective for pattern, objective in objectives if pattern == key), None)
    return exact or next((objective for pattern, objective in objectives if _matches(pattern, key)), None)


def _matches(pattern: str, key: str) -> bool:
    parts, wanted = key.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(fnmatchcase(part, one) for part, one in zip(parts, wanted, strict=True))
