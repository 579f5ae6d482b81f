"""The rows and columns of the runs pane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.mlflow.runs import Run
from modeldeck.render import runs as render
from modeldeck.render.cell import Cell
from modeldeck.widgets.table.source import Column, TableSource

METRIC_COLUMNS = 3
PARAM_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is shown now. Equal rows look the same, so that the table repaints only what changed."""

    run: Run
    when: Cell
    took: Cell
    registered: str

    @property
    def id(self) -> str:
        return self.run.id


def rows(runs: Sequence[Run], registry: Registry | None, now: float) -> tuple[RunRow, ...]:
    versions: dict[str, str] = {}
    for version in reversed(registry.versions if registry else ()):
        if version.run_id:
            versions[version.run_id] = f"{version.model} v{version.version}"
    return tuple(RunRow(run, render.when(run, now), render.took(run, now), versions.get(run.id, "")) for run in runs)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The metrics and params that get a column."""

    metrics: tuple[str, ...]
    params: tuple[str, ...]


def usual(runs: Sequence[Run]) -> Chosen:
    """The metrics that these runs have in common and the params in which they differ."""
    return Chosen(render.common_metrics(runs, METRIC_COLUMNS), render.telling_params(runs, PARAM_COLUMNS))


def source(
    runs: Sequence[Run], experiments: Mapping[str, str], *, empty: str, show_experiment: bool, chosen: Chosen | None = None
) -> TableSource[RunRow]:
    """Columns for these runs: those that the operator chose, else the usual ones."""
    found = chosen or usual(runs)
    metrics, params = found.metrics, found.params
    columns: list[Column[RunRow]] = [
        Column("run", "run", lambda row: Cell(row.run.name), sort=lambda row: row.run.name, min_width=20, max_width=32, weight=1),
        Column("when", "when", lambda row: row.when, sort=lambda row: row.run.started_at, descending=True, align="right", priority=1),
        Column("state", "state", lambda row: render.state(row.run), sort=lambda row: row.run.status, priority=2, max_width=11),
    ]
    columns += [_metric(name, 3 + index) for index, name in enumerate(metrics)]
    columns.append(
        Column("version", "version", lambda row: Cell(row.registered, "version"), sort=lambda row: row.registered, priority=4, max_width=18)
    )
    if show_experiment:
        columns.append(
            Column(
                "experiment",
                "experiment",
                lambda row: Cell(experiments.get(row.run.experiment_id, row.run.experiment_id), "muted"),
                sort=lambda row: experiments.get(row.run.experiment_id, ""),
                priority=7,
                max_width=24,
            )
        )
    columns += [_param(name, 8 + index) for index, name in enumerate(params)]
    columns += [
        Column("took", "took", lambda row: row.took, align="right", priority=12, max_width=10),
        Column("user", "user", lambda row: Cell(row.run.user, "muted"), sort=lambda row: row.run.user, priority=13, max_width=14),
    ]
    return TableSource(tuple(columns), search=_haystack, empty=empty)


def _metric(name: str, priority: int) -> Column[RunRow]:
    return Column(
        f"metrics.{name}",
        name,
        lambda row: render.metric(row.run, name),
        sort=lambda row: row.run.metrics.get(name),
        descending=True,
        align="right",
        max_width=14,
        priority=priority,
    )


def _param(name: str, priority: int) -> Column[RunRow]:
    return Column(
        f"params.{name}",
        name,
        lambda row: render.param(row.run, name),
        sort=lambda row: _number_or_text(row.run.params.get(name)),
        align="right",
        max_width=14,
        priority=priority,
    )


def _number_or_text(text: str | None) -> float | str | None:
    """Params are text in MLflow; those that are numbers sort as numbers."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _haystack(row: RunRow) -> str:
    run = row.run
    return "\n".join((run.name, run.id, run.status, run.user, row.registered, *run.params.values(), *run.tags.values()))
