"""The deck's commands that change something or lead deeper: each becomes a message to whoever holds the backends."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from modeldeck.domain.status.selection import PaneName as P
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line
from modeldeck.render.text import cells
from modeldeck.screens.deck.export import as_csv, name_of, page_of, save
from modeldeck.screens.deck.messages import (
    CopyRequested,
    DetailsRequested,
    OperationRequested,
    OperationsRequested,
    PickRequested,
    PromoteRequested,
    RegisterRequested,
    RestartRequested,
    RollbackRequested,
    ScaleRequested,
)
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.terminal.capabilities import draws_links
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.table import Table


class DeckCommands(FramedScreen[None]):
    """Bindings, when they can be used, and why not. The deck mixes it in and brings the model."""

    model: DeckModel
    clock: Clock

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "promote", "Promote", id="deck.promote", tooltip="Promote the selected version on the selected deployment"),
        Binding("b", "rollback", "Roll back", id="deck.rollback", tooltip="Back to a version that served before"),
        Binding("O", "operations", "Operations", id="deck.operations", tooltip="What is under way, what was, and how it ended"),
        Binding("r", "register", "Register", id="deck.register", tooltip="Register the selected run as a new version"),
        Binding("R", "restart", "Restart", id="deck.restart", show=False, tooltip="Restart the pods of the selected deployment"),
        Binding("plus", "scale(1)", "One more pod", id="deck.more", show=False, key_display="+"),
        Binding("minus", "scale(-1)", "One pod less", id="deck.less", show=False, key_display="-"),
        Binding("enter", "depth('open')", "Open", id="deck.open", show=False, tooltip="Go into the live charts"),
        Binding("W", "depth('wall')", "Wall", id="deck.wall", show=False, tooltip="All deployments at once, the worst first"),
        Binding("l", "depth('logs')", "Logs", id="deck.logs", tooltip="Logs of the selected deployment's pods"),
        Binding("d", "depth('describe')", "Describe", id="deck.describe"),
        Binding("D", "depth('drift')", "Drift", id="deck.drift", show=False, tooltip="How far inputs and predictions have moved"),
        Binding("y", "depth('yaml')", "YAML", id="deck.yaml", show=False),
        Binding("h", "depth('history')", "History", id="deck.history", show=False, tooltip="Who moved what, when and why"),
        Binding("x", "depth('changes')", "What changed", id="deck.changes", show=False, tooltip="Around the jump of its charts, or now"),
        Binding("equals_sign", "compare", "Compare", id="deck.compare", show=False, tooltip="Marked runs side by side", key_display="="),
        Binding("c", "copy", "Copy", id="deck.copy", show=False, tooltip="Copy the selected object's name, as other tools call it"),
        Binding("o", "open_page", "Open in a browser", id="deck.page", show=False, tooltip="The web page of the selected object"),
        Binding("ctrl+s", "save", "Save", id="deck.save", show=False, tooltip="The table as CSV, the charts as SVG, in this folder"),
        Binding(
            "B", "depth('dashboards')", "Dashboards", id="deck.dashboards", show=False, tooltip="Dashboards of Grafana, from their files"
        ),
        Binding("E", "pick('experiment')", "Experiment", id="deck.experiment", show=False, tooltip="Runs of another experiment"),
        Binding("e", "pick('environment')", "Environment", id="deck.environment", show=False),
        Binding("T", "pick('theme')", "Theme", id="deck.theme", show=False),
        Binding("n", "pick('namespace')", "Namespace", id="deck.namespace", show=False),
    ]

    def why_not(self, action: str) -> str:
        """Why an action cannot be used now; empty where it can."""
        model, name = self.model, action.partition("(")[0]
        if name in ("promote", "rollback") and model.operation is not None:
            return ""  # the key leads to what is under way there
        if name in ("promote", "rollback", "restart", "scale", "register") and model.environment.read_only:
            return "read-only"
        if name == "register":
            return "" if model.selection.run_id else "no run selected"
        if name in ("promote", "rollback", "restart", "scale"):
            if model.row is None:
                return "no deployment selected"
            if name == "promote":
                return self._why_not_promote()
        return ""

    def _why_not_promote(self) -> str:
        chosen, row = self.model.selection, self.model.row
        assert row is not None
        if row.link is None:
            return "" if row.references else "unlinked deployment"  # with references, the key asks which one serves
        if chosen.version is None:
            return "no version selected"
        if row.model is not None and chosen.model != row.model:
            return f"{row.deployment} serves {row.model}"
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else True

    def action_promote(self) -> None:
        chosen, row = self.model.selection, self.model.row
        if self.model.operation is not None:
            self.post_message(OperationRequested(self.model.operation.operation.id))
        elif row is not None and row.link is None and row.references:
            self.post_message(PickRequested("link"))
        elif row is not None and chosen.model is not None and chosen.version is not None:
            self.post_message(PromoteRequested(row, chosen.model, chosen.version))

    def action_rollback(self) -> None:
        if self.model.operation is not None:
            self.post_message(OperationRequested(self.model.operation.operation.id))
        elif self.model.row is not None:
            self.post_message(RollbackRequested(self.model.row))

    def action_operations(self) -> None:
        self.post_message(OperationsRequested())

    def action_restart(self) -> None:
        if self.model.row is not None:
            self.post_message(RestartRequested(self.model.row))

    def action_scale(self, by: int) -> None:
        if self.model.row is not None:
            self.post_message(ScaleRequested(self.model.row, max(0, self.model.row.desired + by)))

    def action_register(self) -> None:
        run = self.model.run
        if run is not None:
            self.post_message(RegisterRequested(run.id, run.name, self.model.selection.model))

    def action_depth(self, what: str) -> None:
        pane = self.focused_pane
        self.post_message(DetailsRequested(what, pane, self.model.selection))

    def action_compare(self) -> None:
        loaded = self.model.runs.runs if self.model.runs else ()
        marked = self.table(P.RUNS).marked_ids
        chosen = [run for run in loaded if run.id in marked]
        if len(chosen) < 2:
            self.say(Cell("mark two runs or more with space, then =", "muted"))
        else:
            from modeldeck.screens.deck.compare import CompareScreen

            self.app.push_screen(CompareScreen(chosen))

    def action_copy(self) -> None:
        name = name_of(self.model, self.focused_pane)
        if name is None:
            self.say(Cell("nothing selected", "muted"))
        else:
            self.post_message(CopyRequested(name))

    def action_open_page(self) -> None:
        page = page_of(self.model, self.focused_pane)
        if page is None:
            self.say(Cell("this has no web page", "muted"))
            return
        # Over SSH there is no browser here: the address is copied, and the terminal's own can open it.
        self.post_message(CopyRequested(page, say=False))
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            self.app.open_url(page)
        self.say_link(page)
        if cells(page) + 1 >= self.app.size.width and not draws_links(os.environ):
            self._show_address(page)

    def _show_address(self, page: str) -> None:
        """Whole, where the last line would cut it."""
        from modeldeck.screens.shared.reading_screen import ReadingScreen

        width = max(1, self.app.size.width - 4)

        async def lines() -> list[Line]:
            return [(Cell(page[at : at + width], "accent"),) for at in range(0, len(page), width)]

        self.app.push_screen(ReadingScreen("Address", "copied as well", lines, self.clock))

    def action_save(self) -> None:
        pane = self.focused_pane
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.clock.now()))
        suffix = "svg" if pane is P.LIVE else "csv"
        path = Path(f"modeldeck-{pane}-{stamp}.{suffix}")
        text = self.app.export_screenshot() if pane is P.LIVE else as_csv(self.table(pane).source, self.table(pane).rows)
        try:
            save(path, text)
        except OSError as error:
            self.say(Cell(f"{path}: {error.strerror}", "bad"))
        else:
            self.say(Cell(f"saved {path}", "ok"))

    def action_pick(self, what: str) -> None:
        self.post_message(PickRequested(what))

    @property
    def focused_pane(self) -> P:
        """The pane that has the keys; where none has, the one that the selection came from."""
        node: Widget | None = self.focused
        while node is not None:
            if isinstance(node, Pane) and node.id is not None:
                return P(node.id)
            node = node.parent if isinstance(node.parent, Widget) else None
        return self.model.selection.origin

    def pane(self, pane: P) -> Pane:
        return self.query_one(f"#{pane}", Pane)

    def table(self, pane: P) -> Table[Any]:
        """The table of a pane that has one: all but live."""
        content = self.pane(pane).content
        assert isinstance(content, Table)
        return content
