"""The versions pane: one model's versions, or the registered models."""

from __future__ import annotations

from modeldeck.domain.status.selection import PaneName as P
from modeldeck.ports import Clock
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.deck.panes import version_rows
from modeldeck.screens.deck.panes.deck_pane import TablePane


class VersionsPane(TablePane):
    kind = P.VERSIONS
    title = "Versions"

    def __init__(self, model: DeckModel, clock: Clock, *, quiet: bool) -> None:
        super().__init__(model, clock, version_rows.version_source(None, empty=""), quiet=quiet)
        self.shows_models = False

    def paint(self) -> None:
        registry = self.model.registry
        if registry is None:
            return
        if self.shows_models or self.model.selection.model is None:
            self.fill("models", version_rows.model_source, version_rows.model_rows(registry, self.model.truth))
            self.table.select(self.model.selection.model)
            self.head("", title="Models")
            return
        model, metrics = self.model.selection.model, self.model.metrics_of_runs
        metric = version_rows.chief_metric(registry, model, metrics)
        known = registry.model(model or "") is not None
        empty = f"{model} has no version yet: register a run with r" if known else f"{model} is not in the registry"
        rows = version_rows.version_rows(registry, model, self.model.truth, metrics, metric, self.clock.now())
        self.fill(("versions", metric, empty), lambda: version_rows.version_source(metric, empty=empty), rows)
        version = self.model.selection.version
        self.table.select(version_rows.version_id(model, version) if version else None)
        self.head(model)

    def select(self, row_id: str) -> None:
        """Until the pane is drawn again after `m`, the row in it is one of the other kind: it selects nothing."""
        model, version = version_rows.split_id(row_id)
        before = self.model.selection
        if self.shows_models and not model and row_id != before.model:
            self.model.select_model(row_id)
        elif not self.shows_models and model and (model, version) != (before.model, before.version):
            self.model.select_version(model, version)

    def opened(self, row_id: str) -> bool:
        """Of a model its versions."""
        if not self.shows_models:
            return False
        self.shows_models = False
        self.model.select_model(row_id)
        return True
