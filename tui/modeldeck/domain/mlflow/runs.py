"""Experiments and runs, as MLflow's tracking server knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modeldeck.domain.failures import Failure


class RunStatus(StrEnum):
    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Experiment:
    id: str
    name: str
    last_update: float | None = None
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class DatasetInput:
    name: str
    digest: str
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Times in seconds since the epoch. `metrics` holds the newest value of each metric; NaN and infinities are real floats."""

    id: str
    name: str
    experiment_id: str
    status: RunStatus
    started_at: float | None
    ended_at: float | None
    user: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[DatasetInput, ...] = ()
    artifact_uri: str = ""

    @property
    def git_commit(self) -> str | None:
        return self.tags.get("mlflow.source.git.commit") or None

    @property
    def source(self) -> str | None:
        return self.tags.get("mlflow.source.name") or None


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of a search. `next_token` None: no more. Page tokens are offsets in MLflow: de-duplicate by run id."""

    runs: tuple[Run, ...]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class MetricPoint:
    step: int
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Artifact:
    path: str
    is_dir: bool
    size: int | None


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with what its page shows beside it. `history`: metric → points. `missing`: why some histories could not be read."""

    run: Run
    history: Mapping[str, tuple[MetricPoint, ...]] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    missing: Failure | None = None
