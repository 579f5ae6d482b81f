"""Four panes with every widget in them, on made-up data that never changes: what the snapshots are taken of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC

from textual.app import ComposeResult
from textual.containers import Horizontal

from modeldeck.render import numbers
from modeldeck.render.cell import Cell
from modeldeck.render.charts.chart_data import ChartData, ChartSeries, Marker
from modeldeck.render.charts.sparkline import sparkline
from modeldeck.themes import choose_theme
from modeldeck.widgets.content.chart import Chart
from modeldeck.widgets.content.state import Live, PaneState
from modeldeck.widgets.footer import Footer, FooterData, KeyHint
from modeldeck.widgets.header import Backend, Header, HeaderData
from modeldeck.widgets.lineage import LineageBar
from modeldeck.widgets.painting.ascii_filter import AsciiFilter
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.table import Table

T0 = 1_700_000_000.0


@dataclass(frozen=True)
class Run:
    id: str
    name: str
    age: float
    accuracy: float | None
    state: Cell


@dataclass(frozen=True)
class Deployment:
    id: str
    pods: str
    alias: str
    live: str
    p99: float
    errors: float
    odd: bool = False
    trend: tuple[float, ...] = (1, 2, 4, 3, 5, 2)


def _by_accuracy(run: Run) -> float | None:
    return run.accuracy


RUNS = TableSource[Run](
    columns=(
        Column("run", "run", lambda run: run.name, sort=lambda run: run.name, weight=1, min_width=8),
        Column("when", "when", lambda run: Cell(numbers.age(run.age), "muted"), align="right"),
        Column("accuracy", "accuracy", lambda run: numbers.metric(run.accuracy), _by_accuracy, descending=True, align="right"),
        Column("state", "state", lambda run: run.state, priority=1),
    )
)
DEPLOYMENTS = TableSource[Deployment](
    columns=(
        Column("name", "name", lambda row: row.id, weight=1, min_width=6),
        Column("pods", "pods", lambda row: Cell(row.pods, "warn" if row.odd else "")),
        Column("alias", "alias", lambda row: Cell(row.alias, "alias")),
        Column("live", "live", lambda row: Cell(row.live, "version")),
        Column("p99", "p99", lambda row: numbers.duration(row.p99), align="right"),
        Column("errors", "err", lambda row: Cell(numbers.ratio(row.errors), "bad" if row.errors > 0.01 else ""), align="right"),
        Column("trend", "trend", lambda row: Cell(sparkline(row.trend, 6), "series-1"), priority=3),
    ),
    sign=lambda row: Cell("!", "warn") if row.odd else "",
)
NAMES = ["sunny-fox", "calm-owl", "\x1b]0;x\x07[red]\u202eevil", "日本語-run", "brave-lynx", "quiet-heron", "lucid-wren"]
STATES = [Cell("✔", "ok"), Cell("▶ running", "accent"), Cell("✗ failed", "bad")]
RUN_ROWS = [
    Run(f"r{n}", f"{NAMES[n % 7]}-{n}", 40 * 1.6**n, None if n % 5 == 4 else 0.9667 - 0.0131 * n, STATES[n % 3 if n > 2 else 0])
    for n in range(24)
]
DEPLOYMENT_ROWS = [
    Deployment("iris", "3/3", "v7", "v7", 0.041, 0),
    Deployment("wine", "2/3", "v5", "v4", 0.088, 0.021, odd=True),
    Deployment("digits", "1/1", "@champion", "v2", 0.012, 0.0004),
]


def _wave(base: float, phase: float) -> tuple[tuple[float, float | None], ...]:
    def value(n: int) -> float | None:
        if 90 < n < 97:
            return None
        return base * (1 + 0.2 * math.sin(n / 11 + phase) + 0.05 * math.cos(n * 1.7)) * (2.6 if n == 50 else 1)

    return tuple((T0 + 12 * n, value(n)) for n in range(150))


LATENCY = ChartData(
    (ChartSeries("p99", _wave(0.045, 0)), ChartSeries("p90", _wave(0.03, 1)), ChartSeries("p50", _wave(0.012, 2))),
    title="latency",
    format=numbers.duration,
    markers=(Marker(T0 + 900, "v6→v7"),),
    bound=0.1,
    tz=UTC,
)
REQUESTS = ChartData((ChartSeries("requests", _wave(112, 0)),), format=numbers.rate, tz=UTC)


class Gallery(DiffApp[None]):
    """The four panes. `states` are those of runs, deployments and live."""

    CSS = "Screen { overflow: hidden; } Horizontal { height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, theme: str, states: tuple[PaneState, PaneState, PaneState] = (Live(), Live(), Live()), *, ascii_only: bool = False
    ) -> None:
        super().__init__()
        found, _ = choose_theme(theme)
        self.register_theme(found)
        self.theme = found.name
        if ascii_only:
            self.add_filter(AsciiFilter())
        runs: Table[Run] = Table(RUNS)
        deployments: Table[Deployment] = Table(DEPLOYMENTS)
        chart = Chart()
        runs.update_rows(RUN_ROWS)
        runs.sort_by("accuracy", reverse=True)
        deployments.update_rows(DEPLOYMENT_ROWS)
        above = [(Cell(" p99 latency "), Cell("41 ms", "strong"), Cell("   requests "), Cell("112/s", "strong"))]
        chart.set_series([LATENCY, REQUESTS], above=above, below=[(Cell(" gate: –   drift: little", "muted"),)])
        self.runs = Pane(runs, PaneHead("1", "Runs", "iris-training"), states[0])
        self.deployments = Pane(deployments, PaneHead("3", "Deployments", "serving", pinned=True), states[1])
        self.live = Pane(chart, PaneHead("4", "Live", "serving/iris · last 30 m", "step 12 s"), states[2], filterable=False)

    def compose(self) -> ComposeResult:
        header = Header()
        header.data = HeaderData(
            "prod",
            (Backend("MLflow", "live", "12 ms"), Backend("Kubernetes", "down", "refused"), Backend("Prometheus", "stale", "stale 2 m")),
            who="you@box",
            clock="14:03:21",
        )
        footer = Footer()
        footer.data = FooterData(
            (KeyHint("p", "promote"), KeyHint("b", "roll back", "read-only"), KeyHint("/", "filter"), KeyHint("?", "help"))
        )
        lineage = LineageBar()
        lineage.left = (
            Cell("sunny-fox-0 → iris "),
            Cell("v9", "version"),
            Cell(" ("),
            Cell("challenger", "alias"),
            Cell(") → not deployed"),
        )
        lineage.right = (Cell("champion", "alias"), Cell(": "), Cell("v7", "version"), Cell(" → serving/iris r12"))
        yield header
        with Horizontal():
            yield self.runs
            yield self.deployments
        yield self.live
        yield lineage
        yield footer

    def on_mount(self) -> None:
        self.runs.focus_content()
