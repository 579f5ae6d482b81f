"""What was found of one deployment's drift."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeldeck.domain.drift.comparison import Comparison
from modeldeck.domain.drift.settings import BaselineChoice
from modeldeck.domain.failures import Failure


class Role(StrEnum):
    PREDICTIONS = "predictions"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class CountedWindow:
    """From `start` to `end`, in seconds since the epoch. `version` None: it is not known, or there were several. `query`: what was asked
    at `end`."""

    start: float
    end: float
    version: str | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class HistogramDrift:
    histogram: str
    role: Role
    comparison: Comparison
    against: str
    """The baseline in words: "version 4", "training of iris 5"."""
    current: CountedWindow
    baseline: CountedWindow | None = None
    """None where it is no window of Prometheus'."""
    failure: Failure | None = None
    """Why nothing could be compared, where somebody did not answer."""


@dataclass(frozen=True, slots=True)
class DeploymentDrift:
    """`histograms` (): none is known of its pods."""

    key: str
    baseline: BaselineChoice
    histograms: tuple[HistogramDrift, ...] = ()
