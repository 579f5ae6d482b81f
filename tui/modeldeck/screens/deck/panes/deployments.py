"""The deployments pane: what serves, and whether all that says what serves agrees."""

from __future__ import annotations

from modeldeck.domain.status.selection import PaneName as P
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.ports import Clock
from modeldeck.screens.deck import headline
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.deck.panes import deployment_rows
from modeldeck.screens.deck.panes.deck_pane import TablePane
from modeldeck.widgets.table.source import TableSource


class DeploymentsPane(TablePane):
    kind = P.DEPLOYMENTS
    title = "Deployments"

    def __init__(self, model: DeckModel, clock: Clock, *, quiet: bool) -> None:
        super().__init__(model, clock, _source(model, several=False, empty=""), quiet=quiet)

    def paint(self) -> None:
        if self.model.fleet is None:
            return
        namespaces = {row.namespace for row in self.model.truth}
        several = len(namespaces) > 1
        others = self.model.unhandled
        empty = f"only {headline.first_of(others)}: not handled yet" if others else "no deployments in this namespace (n: another one)"
        self.fill((several, empty), lambda: _source(self.model, several=several, empty=empty), self.model.truth)
        self.table.select(self.model.selection.deployment)
        self.head("all namespaces" if several else next(iter(namespaces), ""))

    def select(self, row_id: str) -> None:
        if row_id != self.model.selection.deployment:
            self.model.select_deployment(row_id)


def _source(model: DeckModel, *, several: bool, empty: str) -> TableSource[ServingRow]:
    return deployment_rows.source(several_namespaces=several, empty=empty, under_way=model.at_work_on)
