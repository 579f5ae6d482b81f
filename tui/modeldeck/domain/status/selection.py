"""Linked selection: one run, version and deployment at a time, and how selecting one moves the others.

A pane that nothing leads to keeps what it showed: a run that was never registered does not empty the versions pane, it only has no version.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modeldeck.domain.mlflow.registry import ModelVersion, Registry
from modeldeck.domain.status.serving_row import ServingRow


class PaneName(StrEnum):
    RUNS = "runs"
    VERSIONS = "versions"
    DEPLOYMENTS = "deployments"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected. `origin` is the pane that the operator moved in last: the lineage line starts from it."""

    run_id: str | None = None
    model: str | None = None
    version: str | None = None
    deployment: str | None = None
    """`namespace/name`."""
    origin: PaneName = PaneName.RUNS


EMPTY = Selection()


def select_run(old: Selection, run_id: str | None, registry: Registry | None, rows: Sequence[ServingRow]) -> Selection:
    """The newest version that came from this run follows, and the deployment that serves it."""
    version = newest_version_of_run(registry, run_id)
    if version is None:
        return replace(old, run_id=run_id, version=None, origin=PaneName.RUNS)
    serving = deployment_of(rows, version.model, version.version)
    return Selection(run_id, version.model, version.version, serving or old.deployment, PaneName.RUNS)


def select_version(old: Selection, model: str, version: str, registry: Registry | None, rows: Sequence[ServingRow]) -> Selection:
    """The run that it came from follows, and the deployment that serves it (else one of the same model)."""
    found = registry.version(model, version) if registry else None
    run_id = found.run_id if found and found.run_id else None
    return Selection(run_id, model, version, deployment_of(rows, model, version) or old.deployment, PaneName.VERSIONS)


def select_deployment(
    old: Selection, key: str, registry: Registry | None, rows: Sequence[ServingRow], origin: PaneName = PaneName.DEPLOYMENTS
) -> Selection:
    """The version that its pods really serve follows (else the one that its template names), and that version's run."""
    row = next((r for r in rows if r.key == key), None)
    version = serving_version(row) if row else None
    if row is None or row.model is None or version is None:
        return replace(old, deployment=key, origin=origin)
    found = registry.version(row.model, version) if registry else None
    return Selection(found.run_id if found else None, row.model, version, key, origin)


def keep_pinned(old: Selection, new: Selection, pinned: Collection[PaneName]) -> Selection:
    """A pinned pane keeps its own selection, whatever moves elsewhere."""
    if PaneName.RUNS in pinned and new.origin is not PaneName.RUNS:
        new = replace(new, run_id=old.run_id)
    if PaneName.VERSIONS in pinned and new.origin is not PaneName.VERSIONS:
        new = replace(new, model=old.model, version=old.version)
    if PaneName.DEPLOYMENTS in pinned and new.origin is not PaneName.DEPLOYMENTS:
        new = replace(new, deployment=old.deployment)
    return new


def newest_version_of_run(registry: Registry | None, run_id: str | None) -> ModelVersion | None:
    if registry is None or run_id is None:
        return None
    return max((v for v in registry.versions if v.run_id == run_id), key=lambda v: (v.created_at or 0.0, v.number), default=None)


def serving_version(row: ServingRow) -> str | None:
    """The version that most ready pods serve; where nobody can tell, the one that the template names."""
    known = [live for live in row.live if live.version is not None]
    best = max(known, key=lambda live: (live.ready, live.pods), default=None)
    return best.version if best else row.spec_version


def deployment_of(rows: Sequence[ServingRow], model: str, version: str) -> str | None:
    """Where a version serves: by live pods first, then by template, then any deployment of the same model."""
    of_model = [row for row in rows if row.model == model]
    for row in of_model:
        if any(live.version == version and live.pods for live in row.live):
            return row.key
    for row in of_model:
        if row.spec_version == version:
            return row.key
    return of_model[0].key if of_model else None


def lost_words(chosen: Selection, before: Registry | None, now: Registry | None) -> str:
    """What became of the selected model or version between two readings of the registry, "" where it is as it was."""
    if before is None or now is None or before is now or chosen.model is None:
        return ""
    old = before.model(chosen.model)
    if old is not None and now.model(chosen.model) is None:
        same_age = (model.name for model in now.models if old.created_at is not None and model.created_at == old.created_at)
        renamed = next((name for name in same_age if before.model(name) is None), None)
        return f"{chosen.model} is not in the registry any more: " + (f"it is called {renamed} now" if renamed else "it was deleted")
    if chosen.version is not None and before.version(chosen.model, chosen.version) and not now.version(chosen.model, chosen.version):
        return f"{chosen.model} v{chosen.version} is not in the registry any more: it was deleted"
    return ""
