"""The rows and columns of the versions pane: the versions of one registered model, or the registered models themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.render import numbers
from modeldeck.render import versions as render
from modeldeck.render.cell import Cell
from modeldeck.widgets.table.source import Column, TableSource


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as it is shown now."""

    version: ModelVersion
    metric: float | None
    serving: Cell
    when: Cell

    @property
    def id(self) -> str:
        return version_id(self.version.model, self.version.version)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A registered model as it is shown now."""

    model: RegisteredModel
    versions: int
    newest: str
    serving: str

    @property
    def id(self) -> str:
        return self.model.name


def version_id(model: str, version: str) -> str:
    return f"{model}\n{version}"


def split_id(row_id: str) -> tuple[str, str]:
    """(model, version): a model's name may hold any character but a line end."""
    model, _, version = row_id.rpartition("\n")
    return model, version


def version_rows(
    registry: Registry, model: str, truth: Sequence[ServingRow], metrics: Mapping[str, Mapping[str, float]], metric: str | None, now: float
) -> tuple[VersionRow, ...]:
    """`metrics`: run id → metrics of the loaded runs; `metric` is the one that gets the column."""
    return tuple(
        VersionRow(
            version,
            metrics.get(version.run_id or "", {}).get(metric) if metric else None,
            render.serving(version, truth),
            render.when(version, now),
        )
        for version in registry.of(model)
    )


def chief_metric(registry: Registry, model: str, metrics: Mapping[str, Mapping[str, float]]) -> str | None:
    """The metric that most versions of this model can be compared by."""
    names = Counter(name for version in registry.of(model) for name in metrics.get(version.run_id or "", {}))
    return names.most_common(1)[0][0] if names else None


def version_source(metric: str | None, *, empty: str) -> TableSource[VersionRow]:
    columns: list[Column[VersionRow]] = [
        Column(
            "version",
            "v",
            lambda row: Cell(f"v{row.version.version}", "version"),
            sort=lambda row: row.version.number,
            descending=True,
            max_width=8,
        ),
        Column("alias", "alias", lambda row: render.aliases(row.version), min_width=10, max_width=24, weight=1, priority=1),
        Column("serving", "serving", lambda row: row.serving, sort=lambda row: row.serving.text, priority=2),
    ]
    if metric is not None:
        columns.append(
            Column(
                "metric",
                metric,
                lambda row: Cell(numbers.metric(row.metric), "" if row.metric is not None else "muted"),
                sort=lambda row: row.metric,
                descending=True,
                align="right",
                max_width=12,
                priority=3,
            )
        )
    columns += [
        Column("status", "ok", lambda row: render.status(row.version), sort=lambda row: row.version.status, priority=5, max_width=10),
        Column("stage", "stage", lambda row: render.stage(row.version), sort=lambda row: row.version.stage, priority=6, max_width=11),
        Column("when", "when", lambda row: row.when, sort=lambda row: row.version.created_at, descending=True, align="right", priority=4),
        Column(
            "description",
            "description",
            lambda row: Cell(row.version.description, "muted"),
            priority=9,
            max_width=40,
            min_width=8,
            weight=1,
        ),
    ]
    return TableSource(tuple(columns), search=_haystack, empty=empty)


def model_rows(registry: Registry, truth: Sequence[ServingRow]) -> tuple[ModelRow, ...]:
    served: dict[str, list[str]] = {}
    for row in truth:
        if row.model:
            served.setdefault(row.model, []).append(row.deployment)
    return tuple(
        ModelRow(model, len(of), f"v{of[0].version}" if of else numbers.NONE, ", ".join(served.get(model.name, ())))
        for model in registry.models
        for of in (registry.of(model.name),)
    )


def model_source() -> TableSource[ModelRow]:
    columns: tuple[Column[ModelRow], ...] = (
        Column("model", "model", lambda row: Cell(row.model.name, "strong"), sort=lambda row: row.model.name, min_width=8, weight=1),
        Column("newest", "newest", lambda row: Cell(row.newest, "version"), align="right", priority=1),
        Column(
            "aliases",
            "aliases",
            lambda row: Cell(", ".join(f"{alias} v{version}" for alias, version in sorted(row.model.aliases.items())), "alias"),
            priority=2,
            max_width=32,
        ),
        Column("serving", "serving", lambda row: Cell(row.serving or numbers.NONE, "ok" if row.serving else "muted"), priority=3),
        Column(
            "versions", "versions", lambda row: Cell(str(row.versions)), sort=lambda row: float(row.versions), align="right", priority=4
        ),
    )
    return TableSource(columns, empty="no registered model yet: register a run (r) or use mlflow.register_model")


def _haystack(row: VersionRow) -> str:
    version = row.version
    return "\n".join((f"v{version.version}", *version.aliases, version.stage, version.description, version.user, *version.tags.values()))
