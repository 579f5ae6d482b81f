"""Model versions as cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.render import numbers
from modeldeck.render.cell import Cell

NO_STAGE = ("", "None")


def aliases(version: ModelVersion) -> Cell:
    return Cell(", ".join(version.aliases), "alias") if version.aliases else Cell("")


def stage(version: ModelVersion) -> Cell:
    """The deprecated stage, where somebody still uses it."""
    return Cell("") if version.stage in NO_STAGE else Cell(version.stage, "muted")


def status(version: ModelVersion) -> Cell:
    if version.status == "READY":
        return Cell("✔", "ok")
    if version.status.startswith("FAILED"):
        return Cell("✘ failed", "bad")
    return Cell("… pending", "warn")


def when(version: ModelVersion, now: float) -> Cell:
    return Cell(numbers.age(None if version.created_at is None else now - version.created_at), "muted")


def metric(version: ModelVersion, name: str, metrics_of_run: Mapping[str, Mapping[str, float]]) -> Cell:
    """The metric of the run that the version came from, where that run is loaded."""
    value = metrics_of_run.get(version.run_id or "", {}).get(name)
    return Cell(numbers.NONE, "muted") if value is None else Cell(numbers.metric(value))


def serving(version: ModelVersion, rows: Sequence[ServingRow]) -> Cell:
    """How many pods serve it: `3/3 pods`, with a warning sign while not all are ready."""
    pods = ready = 0
    for row in rows:
        if row.model == version.model:
            for live in row.live:
                if live.version == version.version:
                    pods, ready = pods + live.pods, ready + live.ready
    if not pods:
        return Cell(numbers.NONE, "muted")
    return Cell(f"{ready}/{pods} pods", "ok" if ready == pods else "warn")
