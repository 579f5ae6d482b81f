"""The live pane: the selected deployment's figures and charts over a window of time."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.status.selection import PaneName as P
from modeldeck.live.hub import LiveQuery
from modeldeck.ports import Clock
from modeldeck.render.cell import Line
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.deck.panes.deck_pane import DeckPane
from modeldeck.screens.deck.panes.live_view import live_view
from modeldeck.widgets.content.chart import Chart

WINDOWS = (900.0, 1800.0, 3600.0, 3 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""Seconds."""


class LivePane(DeckPane):
    kind = P.LIVE
    title = "Live"

    def __init__(self, model: DeckModel, clock: Clock, *, quiet: bool) -> None:
        self.chart = Chart()
        super().__init__(model, clock, self.chart, quiet=quiet, filterable=False)
        self._window = 1
        self.progress: Sequence[Line] = ()
        """What the sandbox says while it comes up; shown where the charts will be."""

    def paint(self) -> None:
        view = live_view(self.model, WINDOWS[self._window], self.progress, self.chart.size.height)
        self.chart.set_series(view.charts, above=view.above, below=view.below)
        self.head(view.detail, view.figure)

    def ask(self) -> None:
        """The hub looks at the selected deployment from now on."""
        key = self.model.selection.deployment
        if self.source is not None and key is not None:
            namespace, _, name = key.partition("/")
            columns = max(40, min(400, (self.widget.size.width - 12) * 2))
            self.source.look_at_deployment(LiveQuery(namespace, name, WINDOWS[self._window], columns))

    def next_window(self) -> bool:
        return self._show((self._window + 1) % len(WINDOWS))

    def wider(self, by: int) -> bool:
        """A longer window, or a shorter one where `by` is negative; answers whether there is one."""
        return self._show(max(0, min(self._window + by, len(WINDOWS) - 1)))

    def _show(self, window: int) -> bool:
        if window == self._window:
            return False
        self._window = window
        self.ask()
        return True
