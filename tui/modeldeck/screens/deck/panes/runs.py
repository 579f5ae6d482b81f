"""The runs pane: one experiment's runs or all, newest first, filtered here or by MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.mlflow.runs import Run
from modeldeck.domain.status.selection import PaneName as P
from modeldeck.live.hub import RunsQuery
from modeldeck.ports import Clock
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.deck.panes import run_rows
from modeldeck.screens.deck.panes.deck_pane import TablePane
from modeldeck.screens.deck.panes.run_filter import is_query

NEAR_THE_END = 20
"""Rows before the last loaded one from which on older runs are fetched."""


class RunsPane(TablePane):
    kind = P.RUNS
    title = "Runs"

    def __init__(self, model: DeckModel, clock: Clock, *, quiet: bool) -> None:
        hint = "text · !text · or MLflow's syntax: metrics.accuracy > 0.9"
        source = run_rows.source((), {}, empty="", show_experiment=True)
        super().__init__(model, clock, source, quiet=quiet, filters_rows=False, filter_hint=hint)
        self._query = RunsQuery()
        self._chosen: run_rows.Chosen | None = None

    def paint(self) -> None:
        loaded = self.model.runs
        if loaded is None:
            return
        runs, names = loaded.runs, self.model.experiments
        everywhere = loaded.query.experiment_id is None
        source = run_rows.source(runs, names, empty=_no_runs(loaded.query), show_experiment=everywhere, chosen=self._chosen)
        columns = (tuple(c.key for c in source.columns), source.empty, tuple(names.items()))
        self.fill(columns, lambda: source, run_rows.rows(runs, self.model.registry, self.clock.now()))
        self.table.select(self.model.selection.run_id)
        experiment = "all experiments" if everywhere else names.get(loaded.query.experiment_id or "", "")
        asked = f" · {loaded.query.filter_text}" if loaded.query.filter_text else ""
        self.head(experiment + asked, f"{len(runs)}+" if loaded.more else None)

    def select(self, row_id: str) -> None:
        if row_id == self.model.selection.run_id:
            return
        self.model.select_run(row_id)
        near_the_end = self.table.rows[-NEAR_THE_END:]
        if self.source is not None and any(self.table.source.row_id(row) == row_id for row in near_the_end):
            self.source.older_runs()

    def filtered(self, text: str, *, final: bool) -> None:
        asked = text if is_query(text) else ""
        self.table.filter_rows("" if asked else text)
        if final and self.source is not None and asked != self._query.filter_text:
            self.show(RunsQuery(self._query.experiment_id, asked))

    def show(self, query: RunsQuery) -> None:
        """Other experiments, or another filter for the server."""
        self._query = query
        if self.source is not None:
            self.source.look_at_runs(query)

    @property
    def loaded(self) -> Sequence[Run]:
        return self.model.runs.runs if self.model.runs else ()

    @property
    def chosen(self) -> run_rows.Chosen:
        """The metrics and params that have columns."""
        return self._chosen or run_rows.usual(self.loaded)

    @chosen.setter
    def chosen(self, chosen: run_rows.Chosen) -> None:
        self._chosen = chosen


def _no_runs(query: RunsQuery) -> str:
    return f"no run matches {query.filter_text}" if query.filter_text else "no runs yet: they show up here as soon as one starts"
