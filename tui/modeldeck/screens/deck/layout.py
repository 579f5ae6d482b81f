"""The deck's room: all panes where there is enough, one at a time where there is not."""

from __future__ import annotations

from textual import events

from modeldeck.domain.status.selection import PaneName as P
from modeldeck.render.deck_frame import one_at_a_time
from modeldeck.screens.deck.commands import DeckCommands


class DeckRoom(DeckCommands):
    def on_resize(self, event: events.Resize) -> None:
        self.arrange_panes(event.size.width, event.size.height)

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        self.show_alone(self.focused_pane)

    def arrange_panes(self, width: int, height: int) -> None:
        """The screen has so many columns and rows now."""
        self.set_class(one_at_a_time(width, height), "-narrow")
        self.show_alone(self.focused_pane)

    def show_alone(self, shown: P) -> None:
        """In a small terminal, and zoomed, only the pane in use is there."""
        alone = self.has_class("-narrow") or self.has_class("-zoomed")
        for pane in P:
            self.pane(pane).display = not alone or pane is shown
        for box, members in (("#upper", (P.RUNS, P.VERSIONS)), ("#lower", (P.DEPLOYMENTS, P.LIVE))):
            self.query_one(box).display = not alone or shown in members
