"""Samples and series as Prometheus answers them, and what is computed of them. Times in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    labels: Mapping[str, str]
    at: float
    value: float
    """May be NaN or infinite: never drawn, never judged."""


@dataclass(frozen=True, slots=True)
class Series:
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Vector:
    """An instant answer. `warnings` (and infos) mean partial data: shown, and never good enough for a gate."""

    samples: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServingStats:
    """How one deployment (or one version of it) behaves over a window. None: not known, which is never 0."""

    p50: float | None = None
    """Seconds."""
    p90: float | None = None
    p99: float | None = None
    error_ratio: float | None = None
    """0–1."""
    requests_per_second: float | None = None


NOTHING_KNOWN = ServingStats()
