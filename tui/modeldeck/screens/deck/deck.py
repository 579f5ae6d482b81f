"""The deck: four live panes, one selection. It paints what its model says and sends up what the operator wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from modeldeck.domain.environments import Environment
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.selection import PaneName as P
from modeldeck.live.hub import RunsQuery, Topic
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line
from modeldeck.screens.deck import headline
from modeldeck.screens.deck.layout import DeckRoom
from modeldeck.screens.deck.model import TOPIC_OF, DeckModel
from modeldeck.screens.deck.panes.deck_pane import DeckPane, Source
from modeldeck.screens.deck.panes.deployments import DeploymentsPane
from modeldeck.screens.deck.panes.live import LivePane
from modeldeck.screens.deck.panes.run_columns import ColumnChooser
from modeldeck.screens.deck.panes.run_rows import Chosen
from modeldeck.screens.deck.panes.runs import RunsPane
from modeldeck.screens.deck.panes.versions import VersionsPane
from modeldeck.widgets.content.chart import Chart
from modeldeck.widgets.content.state import Live, Loading, PaneState
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.header import Header
from modeldeck.widgets.lineage import LineageBar
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.table import Table

if TYPE_CHECKING:
    from modeldeck.screens.shared.active_operations import ActiveOperation

FOLLOW_AFTER = 0.15
"""Seconds of rest after a move before the other panes and the lineage follow: holding a key down moves one table, not four."""
AGES_EVERY = 10.0
PANES: tuple[type[DeckPane], ...] = (RunsPane, VersionsPane, DeploymentsPane, LivePane)
TITLES = {pane.kind: pane.title for pane in PANES}


@dataclass(frozen=True, slots=True)
class SavedScreen:
    """The screen as it stood when the console was closed: one text a line, each one character a cell."""

    lines: tuple[str, ...]
    saved_at: float
    columns: int
    rows: int


class Deck(DeckRoom):
    """Give it readings with `receive`; give it the hub with `attach` once the backends are known."""

    CSS_PATH = "deck.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pane('{pane}')", TITLES[pane], id=f"deck.{pane}", show=False) for n, pane in enumerate(P, 1)),
        Binding("tab", "next_pane", "Next pane", id="deck.next", show=False),
        Binding("z", "zoom", "Zoom", id="deck.zoom", show=False, tooltip="This pane alone"),
        Binding("f", "pin", "Pin", id="deck.pin", show=False, tooltip="This pane no longer follows the others"),
        Binding("w", "window", "Window", id="deck.window", show=False, tooltip="A longer window for the live charts"),
        Binding("ctrl+r", "refresh", "Refresh", id="deck.refresh", show=False),
        Binding("C", "columns", "Columns", id="deck.columns", show=False, tooltip="Choose the metrics and params of the runs pane"),
        Binding("m", "models", "Models", id="deck.models", show=False, tooltip="The registered models instead of one model's versions"),
    ]

    def __init__(self, environment: Environment, clock: Clock, who: str, kept: SavedScreen | None = None, *, patience: float = 0.0) -> None:
        """For `patience` seconds at most, nothing is shown that is about to be replaced: over a slow link it would be in the way."""
        super().__init__()
        self._kept = kept
        self._patience = patience
        self.model = DeckModel(environment)
        self.clock = clock
        self._who = who
        self._source: Source | None = None
        self._dirty: set[P] = set()
        self._flushing = False
        self._follow_timer: Timer | None = None
        quiet = patience > 0
        self.runs = RunsPane(self.model, clock, quiet=quiet)
        self.versions = VersionsPane(self.model, clock, quiet=quiet)
        self.deployments = DeploymentsPane(self.model, clock, quiet=quiet)
        self.live = LivePane(self.model, clock, quiet=quiet)
        self._panes: dict[P, DeckPane] = {pane.kind: pane for pane in (self.runs, self.versions, self.deployments, self.live)}

    # ── building ──

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal(id="upper"):
            yield self.runs.widget
            yield self.versions.widget
        with Horizontal(id="lower"):
            yield self.deployments.widget
            yield self.live.widget
        yield LineageBar()
        yield Footer()

    def on_mount(self) -> None:
        self._paint_header()
        self.arrange_panes(self.app.size.width, self.app.size.height)
        self.pane(P.RUNS).focus_content()
        self.set_interval(1.0, self._paint_header)
        self.set_interval(AGES_EVERY, self._age)
        if self._patience:
            self.set_timer(self._patience, self._lose_patience)
        self._mark(*P)

    @property
    def _awaits(self) -> set[P]:
        """Panes whose first selection is about to be known: painted before, they would have to be painted twice."""
        return {P.RUNS, P.VERSIONS} if self._patience and not self.model.settled else set()

    @property
    def _followers(self) -> set[P]:
        """Panes that are about to follow a move: what comes for them meanwhile is painted with that."""
        return set(P) - {self.focused_pane} if self._follow_timer is not None else set()

    def _lose_patience(self) -> None:
        self._patience = 0.0
        self._mark(*P)
        self._show_hints()

    # ── data in ──

    def attach(self, source: Source) -> None:
        """The backends are known: from now on, moves ask them."""
        self._source = source
        for pane in self._panes.values():
            pane.source = source
        self.live.ask()

    def receive(self, topic: Topic, reading: Reading[Any]) -> None:
        """Take a reading in; what it touches is painted once, at the end of this turn of the event loop."""
        self._mark(*self.model.receive(topic, reading))

    def tell(self, under_way: Mapping[str, ActiveOperation]) -> None:
        """What the journal says goes on, or was cut off, on each deployment, by its uid."""
        ended = self.model.tell(under_way)
        if ended and self._source is not None:
            self._source.refresh(Topic.REGISTRY)  # it has moved an alias, and nobody watches those
        self.deployments.table.refresh_cells()
        self._mark(P.DEPLOYMENTS)

    def miss_journal(self, message: str) -> None:
        """The journal cannot be read, and why; "" when it can again."""
        self.model.journal_trouble = message
        self._mark(P.DEPLOYMENTS)

    def awaited(self, since: float) -> tuple[str, ...]:
        """Backends that the truth rows are made from and that are away, or have not been asked since then (seconds since the epoch)."""
        asked = self._source.asked_at(Topic.REGISTRY) if self._source is not None else None
        old = asked is None or asked < since  # the cluster is watched: while that is live, it is as of now
        away = {
            "Kubernetes": not isinstance(self.model.state(P.DEPLOYMENTS, since), Live),
            "MLflow": self.model.environment.mlflow is not None and (old or not isinstance(self.model.state(P.VERSIONS, since), Live)),
        }
        return tuple(backend for backend, awaited in away.items() if awaited)

    def show_progress(self, lines: Sequence[Line]) -> None:
        """What the sandbox is doing; empty when it stands."""
        self.live.progress = lines
        self._mark(P.LIVE)

    def _mark(self, *panes: P) -> None:
        self._dirty.update(panes)
        if not self._flushing and self._dirty:
            self._flushing = True
            self.call_later(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._take_move()
        if self._source is not None:
            self._source.look_at_aliases({(row.model, row.alias) for row in self.model.truth if row.model and row.alias})
        if self.model.seed():
            self._dirty |= set(P)
            self.live.ask()
        later = self._awaits | self._followers
        dirty, self._dirty = self._dirty - later, self._dirty & later
        for pane in P:
            if pane in dirty:
                self._panes[pane].paint()
        self._paint_states()
        if not self._awaits:
            self._paint_lineage()
        if lost := self.model.cut_off():
            self.say(headline.cut_off(lost))
        if message := self.model.lost():
            self.say(Cell(message, "warn"))
        self.refresh_bindings()

    # ── painting ──

    def _show_hints(self) -> None:
        if not self._awaits:  # what can be done depends on what is selected
            super()._show_hints()

    def _paint_header(self) -> None:
        self.query_one(Header).data = headline.header(self.model, self.clock.now(), self._who, starting=bool(self.live.progress))

    def _paint_states(self) -> None:
        now = self.clock.now()
        for pane in P:
            state = Loading() if pane in self._awaits else self._starting(pane) or self.model.state(pane, now)
            self.pane(pane).state = self._recalled(pane, now) if state == Loading() else state
        self._paint_header()

    def _recalled(self, pane: P, now: float) -> Loading:
        """What stood in this pane when the console was closed, with its age, until the first answer."""
        if self._kept is None or self.size != (self._kept.columns, self._kept.rows):
            return Loading(quiet=self._patience > 0)
        x, y, width, height = self.pane(pane).content.region
        lines = tuple(line[x : x + width] for line in self._kept.lines[y : y + height])
        return Loading(lines, now - self._kept.saved_at)

    def _starting(self, pane: P) -> PaneState | None:
        """While the sandbox comes up, what does not answer yet is coming, not broken; its progress stands where the charts will be."""
        if not self.live.progress:
            return None
        if pane is P.LIVE:
            return Live()
        reading = self.model.reading(TOPIC_OF[pane])
        return Loading() if reading is None or reading.fetched_at is None else None

    def _paint_lineage(self) -> None:
        line = self.query_one(LineageBar)
        line.left, line.right = headline.lineage(self.model)

    def name_unhandled(self, names: Sequence[str]) -> None:
        """Say once what serves a model and is no Deployment; a namespace with nothing else goes on saying it."""
        self.model.unhandled = tuple(names)
        if names:
            self.say(Cell(headline.unhandled(names), "warn"))
        self._mark(P.DEPLOYMENTS)

    def _age(self) -> None:
        """Ages grow although nothing was read."""
        self._mark(P.RUNS, P.VERSIONS)

    # ── moving ──

    def on_table_selected(self, message: Table.Selected) -> None:
        message.stop()
        if message.table.has_focus:  # else rows came, and it is not the operator's own move
            self.take_selection()

    def _take_move(self) -> None:
        """Before the tables are told what is selected: a key may have moved on since, and its message may still be on its way."""
        content = self.pane(self.focused_pane).content
        if isinstance(content, Table) and content.moved:
            self.take_selection()

    def take_selection(self) -> None:
        """Select what the focused table shows as selected; the other panes follow."""
        pane = self.focused_pane
        content = self.pane(pane).content
        if not self.model.seeded or not isinstance(content, Table) or not content.has_focus:
            return
        content.moved, row_id, before = False, content.selected_id, self.model.selection
        if row_id is None:
            return
        self._panes[pane].select(row_id)
        if self.model.selection == before:
            return
        self.refresh_bindings()
        if self._follow_timer is not None:
            self._follow_timer.stop()
        self._follow_timer = self.set_timer(FOLLOW_AFTER, self._follow)

    def _follow(self) -> None:
        if self._follow_timer is not None:
            self._follow_timer.stop()
            self._follow_timer = None
        moved = self.focused_pane
        self._mark(*(pane for pane in P if pane is not moved))
        self.live.ask()
        chosen = self.model.selection
        if self._source is not None and chosen.run_id and self.model.run is None and P.RUNS not in self.model.pinned:
            self._source.look_at_run(chosen.run_id)

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()
        if self._panes[self.focused_pane].opened(message.row_id):
            self._mark(*P)
        else:
            self.action_depth("open")

    def on_pane_filtered(self, message: Pane.Filtered) -> None:
        message.stop()
        for pane in self._panes.values():
            if pane.widget is message.pane:
                pane.filtered(message.text, final=message.final)

    def show_runs(self, query: RunsQuery) -> None:
        self.runs.show(query)

    # ── actions of the screen itself ──

    def action_pane(self, name: str) -> None:
        pane = P(name)
        self._catch_up()
        self.show_alone(pane)
        # At once: `focus()` waits for its turn, and keys typed meanwhile would go to the pane that was left.
        self.set_focus(self.pane(pane).content)

    def action_next_pane(self) -> None:
        """Also where one pane is shown at a time: the others cannot be focused until they are there."""
        panes = list(P)
        self.action_pane(panes[(panes.index(self.focused_pane) + 1) % len(panes)])

    def _catch_up(self) -> None:
        """Before another pane gets the keys it shows what the last move led to: keys may be typed faster than panes follow."""
        self.take_selection()
        if self._follow_timer is not None:
            self._follow()
            self._flush()

    def go_to(self, pane: P, name: str, version: str = "") -> None:
        """Select an object by its identity, whichever pane it stands in."""
        self.action_pane(pane)
        if pane is P.RUNS:
            self.model.select_run(name)
        elif pane is P.VERSIONS:
            self.versions.shows_models = False
            self.model.select_version(name, version)
        else:
            self.model.select_deployment(name)
        self._mark(*P)
        self._flush()  # at once: what a table shows as selected is what commands act on
        self.live.ask()

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.show_alone(self.focused_pane)

    def action_pin(self) -> None:
        pane = self.focused_pane
        pinned = self.model.toggle_pin(pane)
        self._mark(pane)
        self.say(Cell(f"{TITLES[pane]} {'pinned' if pinned else 'follows again'}", "muted"))

    def action_models(self) -> None:
        self.versions.shows_models = not self.versions.shows_models
        self.action_pane(P.VERSIONS)
        self._mark(P.VERSIONS)

    def action_columns(self) -> None:
        def chosen(found: Chosen | None) -> None:
            if found is not None:
                self.runs.chosen = found
                self._mark(P.RUNS)

        self.app.push_screen(ColumnChooser(self.runs.loaded, self.runs.chosen), chosen)

    def action_window(self) -> None:
        if self.live.next_window():
            self._mark(P.LIVE)

    def on_chart_scrolled(self, message: Chart.Scrolled) -> None:
        message.stop()
        if self.live.wider(message.by):
            self._mark(P.LIVE)

    def action_refresh(self) -> None:
        if isinstance(self.app, DiffApp):
            self.app.forget_terminal()  # what others wrote on the screen goes, too
        if self._source is not None:
            self._source.refresh()
