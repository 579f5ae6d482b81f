"""The deck: four live panes, one selection. It paints what its model says and sends up what the operator wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from modeldeck.domain.environments import Environment
from modeldeck.domain.mlflow.runs import Run
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.selection import Pane as P
from modeldeck.domain.status.selection import Selection
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.hub import LiveQuery, RunsQuery, Topic
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line
from modeldeck.screens.deck import deployment_rows, headline, run_rows, version_rows
from modeldeck.screens.deck.columns import ColumnChooser
from modeldeck.screens.deck.layout import DeckRoom
from modeldeck.screens.deck.live_view import live_view
from modeldeck.screens.deck.model import TOPIC_OF, DeckModel
from modeldeck.screens.deck.run_filter import is_query
from modeldeck.widgets.content.chart import Chart
from modeldeck.widgets.content.state import Live, Loading, PaneState
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.header import Header
from modeldeck.widgets.lineage import Lineage
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import TableSource
from modeldeck.widgets.table.table import Table

if TYPE_CHECKING:
    from modeldeck.screens.shared.active_operations import ActiveOperation

FOLLOW_AFTER = 0.15
"""Seconds of rest after a move before the other panes and the lineage follow: holding a key down moves one table, not four."""
AGES_EVERY = 10.0
WINDOWS = (900.0, 1800.0, 3600.0, 3 * 3600.0, 12 * 3600.0, 24 * 3600.0)
NEAR_THE_END = 20

TITLES = {P.RUNS: "Runs", P.VERSIONS: "Versions", P.DEPLOYMENTS: "Deployments", P.LIVE: "Live"}


class Source(Protocol):
    """What the deck asks of the hub."""

    def look_at_runs(self, query: RunsQuery) -> None: ...
    def look_at_run(self, run_id: str) -> None: ...
    def older_runs(self) -> None: ...
    def look_at_deployment(self, query: LiveQuery) -> None: ...
    def look_at_aliases(self, aliases: Iterable[tuple[str, str]]) -> None: ...
    def refresh(self, *topics: Topic) -> None: ...
    def asked_at(self, topic: Topic) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Kept:
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

    def __init__(self, environment: Environment, clock: Clock, who: str, kept: Kept | None = None, *, patience: float = 0.0) -> None:
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
        self._columns: dict[P, object] = {}
        self._window = 1
        self._models_shown = False
        self._runs_query = RunsQuery()
        self._chosen: run_rows.Chosen | None = None
        self.progress: Sequence[Line] = ()
        """What the sandbox says while it comes up; shown where the charts will be."""

    # ── building ──

    def compose(self) -> ComposeResult:
        runs = run_rows.source((), {}, empty="", show_experiment=True)
        yield Header()
        with Horizontal(id="upper"):
            hint = "text · !text · or MLflow's syntax: metrics.accuracy > 0.9"
            yield self._pane(P.RUNS, Table(runs), filters_rows=False, filter_hint=hint)
            yield self._pane(P.VERSIONS, Table(version_rows.version_source(None, empty="")))
        with Horizontal(id="lower"):
            yield self._pane(P.DEPLOYMENTS, Table(self._deployment_source(several=False, empty="")))
            yield self._pane(P.LIVE, Chart(), filterable=False)
        yield Lineage()
        yield Footer()

    def _pane(self, pane: P, content: Table[Any] | Chart, **options: Any) -> Pane:
        head = PaneHead(str(list(P).index(pane) + 1), TITLES[pane])
        return Pane(content, head, Loading(quiet=self._patience > 0), id=str(pane), **options)

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

    def _lose_patience(self) -> None:
        self._patience = 0.0
        self._mark(*P)
        self._show_hints()

    # ── data in ──

    def attach(self, source: Source) -> None:
        """The backends are known: from now on, moves ask them."""
        self._source = source
        self._ask_live()

    def receive(self, topic: Topic, reading: Reading[Any]) -> None:
        """Take a reading in; what it touches is painted once, at the end of this turn of the event loop."""
        self._mark(*self.model.receive(topic, reading))

    def tell(self, under_way: Mapping[str, ActiveOperation]) -> None:
        """What the journal says goes on, or was cut off, on each deployment, by its uid."""
        ended = self.model.tell(under_way)
        if ended and self._source is not None:
            self._source.refresh(Topic.REGISTRY)  # it has moved an alias, and nobody watches those
        self.table(P.DEPLOYMENTS).refresh_cells()
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
        self.progress = lines
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
            self._ask_live()
        dirty, self._dirty = self._dirty - self._awaits, self._dirty & self._awaits
        paint = {
            P.RUNS: self._paint_runs,
            P.VERSIONS: self._paint_versions,
            P.DEPLOYMENTS: self._paint_deployments,
            P.LIVE: self._paint_live,
        }
        for pane in P:
            if pane in dirty:
                paint[pane]()
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
        self.query_one(Header).data = headline.header(self.model, self.clock.now(), self._who, starting=bool(self.progress))

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
        if not self.progress:
            return None
        if pane is P.LIVE:
            return Live()
        reading = self.model.reading(TOPIC_OF[pane])
        return Loading() if reading is None or reading.fetched_at is None else None

    def _paint_lineage(self) -> None:
        line = self.query_one(Lineage)
        line.left, line.right = headline.lineage(self.model)

    def _head(self, pane: P, detail: str, figure: str | None = None, title: str = "") -> None:
        number = str(list(P).index(pane) + 1)
        self.pane(pane).head = PaneHead(number, title or TITLES[pane], detail, figure, pane in self.model.pinned)

    def _fill(self, pane: P, key: object, make: Any, rows: Sequence[Any]) -> None:
        """Give a table its rows, and other columns only when they are others: that lays it out anew."""
        if self._columns.get(pane) != key:
            self._columns[pane] = key
            self.table(pane).set_source(make(), rows)
        else:
            self.table(pane).update_rows(rows)

    def _paint_runs(self) -> None:
        loaded = self.model.runs
        if loaded is None:
            return
        runs: tuple[Run, ...] = loaded.runs
        names = self.model.experiments
        everywhere = loaded.query.experiment_id is None
        source = run_rows.source(runs, names, empty=self._no_runs(loaded.query), show_experiment=everywhere, chosen=self._chosen)
        key = (tuple(c.key for c in source.columns), source.empty, tuple(names.items()))
        self._fill(P.RUNS, key, lambda: source, run_rows.rows(runs, self.model.registry, self.clock.now()))
        self.table(P.RUNS).select(self.model.selection.run_id)
        experiment = "all experiments" if everywhere else names.get(loaded.query.experiment_id or "", "")
        asked = f" · {loaded.query.filter_text}" if loaded.query.filter_text else ""
        self._head(P.RUNS, experiment + asked, f"{len(runs)}+" if loaded.more else None)

    @staticmethod
    def _no_runs(query: RunsQuery) -> str:
        return f"no run matches {query.filter_text}" if query.filter_text else "no runs yet: they show up here as soon as one starts"

    def _paint_versions(self) -> None:
        registry = self.model.registry
        if registry is None:
            return
        if self._models_shown or self.model.selection.model is None:
            self._fill(P.VERSIONS, "models", version_rows.model_source, version_rows.model_rows(registry, self.model.truth))
            self.table(P.VERSIONS).select(self.model.selection.model)
            self._head(P.VERSIONS, "", title="Models")
            return
        model, metrics = self.model.selection.model, self.model.metrics_of_runs
        metric = version_rows.chief_metric(registry, model, metrics)
        known = registry.model(model or "") is not None
        empty = f"{model} has no version yet: register a run with r" if known else f"{model} is not in the registry"
        rows = version_rows.version_rows(registry, model, self.model.truth, metrics, metric, self.clock.now())
        self._fill(P.VERSIONS, ("versions", metric, empty), lambda: version_rows.version_source(metric, empty=empty), rows)
        version = self.model.selection.version
        self.table(P.VERSIONS).select(version_rows.version_id(model, version) if version else None)
        self._head(P.VERSIONS, model)

    def _paint_deployments(self) -> None:
        if self.model.fleet is None:
            return
        namespaces = {row.namespace for row in self.model.truth}
        several = len(namespaces) > 1
        others = self.model.unhandled
        empty = f"only {headline.first_of(others)}: not handled yet" if others else "no deployments in this namespace (n: another one)"
        self._fill(P.DEPLOYMENTS, (several, empty), lambda: self._deployment_source(several=several, empty=empty), self.model.truth)
        self.table(P.DEPLOYMENTS).select(self.model.selection.deployment)
        self._head(P.DEPLOYMENTS, "all namespaces" if several else next(iter(namespaces), ""))

    def _deployment_source(self, *, several: bool, empty: str) -> TableSource[ServingRow]:
        return deployment_rows.source(several_namespaces=several, empty=empty, under_way=self.model.at_work_on)

    def name_unhandled(self, names: Sequence[str]) -> None:
        """Say once what serves a model and is no Deployment; a namespace with nothing else goes on saying it."""
        self.model.unhandled = tuple(names)
        if names:
            self.say(Cell(headline.unhandled(names), "warn"))
        self._mark(P.DEPLOYMENTS)

    def _paint_live(self) -> None:
        view = live_view(self.model, WINDOWS[self._window], self.progress, self.pane(P.LIVE).content.size.height)
        content = self.pane(P.LIVE).content
        assert isinstance(content, Chart)
        content.set_series(view.charts, above=view.above, below=view.below)
        self._head(P.LIVE, view.detail, view.figure)

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
        """Select what the focused table shows as selected; the other panes follow.

        Also called before a command: a key typed right after a move must not act on what was selected before it.
        """
        pane = self.focused_pane
        content = self.pane(pane).content
        if not self.model.seeded or not isinstance(content, Table) or not content.has_focus:
            return
        content.moved, row_id, before = False, content.selected_id, self.model.selection
        if row_id is None:
            return
        if pane is P.RUNS and row_id != before.run_id:
            self.model.select_run(row_id)
        elif pane is P.DEPLOYMENTS and row_id != before.deployment:
            self.model.select_deployment(row_id)
        elif pane is P.VERSIONS:
            self._select_in_versions(row_id, before)
        if self.model.selection == before:
            return
        if pane is P.RUNS:
            self._load_more(content, row_id)
        self.refresh_bindings()
        if self._follow_timer is not None:
            self._follow_timer.stop()
        self._follow_timer = self.set_timer(FOLLOW_AFTER, self._follow)

    def _select_in_versions(self, row_id: str, before: Selection) -> None:
        """Until the pane is drawn again after `m`, the row in it is one of the other kind: it selects nothing."""
        model, version = version_rows.split_id(row_id)
        if self._models_shown and not model and row_id != before.model:
            self.model.select_model(row_id)
        elif not self._models_shown and model and (model, version) != (before.model, before.version):
            self.model.select_version(model, version)

    def _load_more(self, table: Table[Any], row_id: str) -> None:
        """Older runs are fetched before the end of the loaded ones is reached."""
        tail = table.rows[-NEAR_THE_END:]
        if self._source is not None and any(table.source.row_id(row) == row_id for row in tail):
            self._source.older_runs()

    def _follow(self) -> None:
        if self._follow_timer is not None:
            self._follow_timer.stop()
            self._follow_timer = None
        moved = self.focused_pane
        self._mark(*(pane for pane in P if pane is not moved))
        self._ask_live()
        chosen = self.model.selection
        if self._source is not None and chosen.run_id and self.model.run is None and P.RUNS not in self.model.pinned:
            self._source.look_at_run(chosen.run_id)

    def _ask_live(self) -> None:
        key = self.model.selection.deployment
        if self._source is not None and key is not None:
            namespace, _, name = key.partition("/")
            columns = max(40, min(400, (self.pane(P.LIVE).size.width - 12) * 2))
            self._source.look_at_deployment(LiveQuery(namespace, name, WINDOWS[self._window], columns))

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()
        if self.focused_pane is P.VERSIONS and self._models_shown:
            self._models_shown = False
            self.model.select_model(message.row_id)
            self._mark(*P)
        else:
            self.action_depth("open")

    def on_pane_filtered(self, message: Pane.Filtered) -> None:
        message.stop()
        if message.pane.id != P.RUNS:
            return
        asked = message.text if is_query(message.text) else ""
        self.table(P.RUNS).filter_rows("" if asked else message.text)
        if message.final and self._source is not None and asked != self._runs_query.filter_text:
            self.show_runs(RunsQuery(self._runs_query.experiment_id, asked))

    def show_runs(self, query: RunsQuery) -> None:
        """Other experiments, or another filter for the server."""
        self._runs_query = query
        if self._source is not None:
            self._source.look_at_runs(query)

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
            self._models_shown = False
            self.model.select_version(name, version)
        else:
            self.model.select_deployment(name)
        self._mark(*P)
        self._flush()  # at once: what a table shows as selected is what commands act on
        self._ask_live()

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.show_alone(self.focused_pane)

    def action_pin(self) -> None:
        pane = self.focused_pane
        pinned = self.model.toggle_pin(pane)
        self._mark(pane)
        self.say(Cell(f"{TITLES[pane]} {'pinned' if pinned else 'follows again'}", "muted"))

    def action_models(self) -> None:
        self._models_shown = not self._models_shown
        self.action_pane(P.VERSIONS)
        self._mark(P.VERSIONS)

    def action_columns(self) -> None:
        runs = self.model.runs.runs if self.model.runs else ()

        def chosen(found: run_rows.Chosen | None) -> None:
            if found is not None:
                self._chosen = found
                self._mark(P.RUNS)

        self.app.push_screen(ColumnChooser(runs, self._chosen or run_rows.usual(runs)), chosen)

    def action_window(self) -> None:
        self._show_window((self._window + 1) % len(WINDOWS))

    def on_chart_scrolled(self, message: Chart.Scrolled) -> None:
        message.stop()
        self._show_window(max(0, min(self._window + message.by, len(WINDOWS) - 1)))

    def _show_window(self, window: int) -> None:
        if window != self._window:
            self._window = window
            self._ask_live()
            self._mark(P.LIVE)

    def action_refresh(self) -> None:
        if isinstance(self.app, DiffApp):
            self.app.forget_terminal()  # what others wrote on the screen goes, too
        if self._source is not None:
            self._source.refresh()
