"""The wall: every deployment of the environment as a tile, the worst first. It moves little, and asks for what is in sight."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from modeldeck.domain.reading import Reading
from modeldeck.domain.status.attention import Attention, Ranking, ranked
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.fleet_charts import FleetCharts
from modeldeck.live.poller import Poller
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.wall import view
from modeldeck.widgets.content.state import Loading, PaneState
from modeldeck.widgets.content.tile_grid import TileGrid
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

EVERY = 15.0
"""Seconds between two questions, at least: nobody stands before it and waits."""
AGES_EVERY, PAINTED_EVERY = 5.0, 1.0
"""Seconds between two pictures: where nothing comes, and where much does."""


class FleetReader(Protocol):
    async def read(self, shown: Collection[str]) -> FleetCharts: ...


@dataclass(frozen=True, slots=True)
class WallSubject:
    """`reader` None: no Prometheus, and then there are no charts."""

    environment: str
    rows: Callable[[], Sequence[ServingRow]]
    state: Callable[[float], PaneState]
    """How fresh the rows are, at a time."""
    stats: Callable[[], Reading[Any] | None]
    """How fresh their figures are."""
    gaps: Callable[[], Sequence[str]]
    listen: Callable[[Callable[[], None] | None], None]
    """Who is told when rows or their freshness change; None: nobody any more."""
    on_show: Callable[[bool], None]
    """Told when the wall comes and when it goes."""
    open_live: Callable[[str], Screen[Any] | str]
    """The live screen of a deployment, or why there is none."""
    reader: FleetReader | None
    refresh: float = EVERY


class WallScreen(FramedScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="wall.leave", tooltip="The choice leaves first"),
        Binding("ctrl+r", "refresh", "Refresh", id="wall.refresh", show=False),
    ]

    def __init__(self, subject: WallSubject, clock: Clock) -> None:
        super().__init__()
        self.subject, self._clock = subject, clock
        self._ranking = Ranking()
        self._matching = view.Matching()
        self._due: Timer | None = None
        self._looked_at = -math.inf
        self._settled = False
        """Whether figures and charts have come: until then the order follows what comes."""
        self._grid = TileGrid(id="tiles")
        self._pane = Pane(self._grid, PaneHead(title="Wall", detail=subject.environment), Loading(), filters_rows=False, id="pane")
        pause = max(EVERY, subject.refresh)
        self._poller = Poller("wall", subject.environment, self._read, self._take, pause, clock, backend="Prometheus")

    def compose(self) -> ComposeResult:
        yield self._pane
        yield Footer()

    def on_mount(self) -> None:
        self.subject.on_show(True)
        self.subject.listen(self._listen)
        self._grid.focus()
        self.set_interval(AGES_EVERY, self._paint)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Its size is known: what is in sight depends on it."""
        self._paint()
        if self.subject.reader is not None:
            self._poller.start()

    async def on_unmount(self) -> None:
        self.subject.listen(None)
        self.subject.on_show(False)
        await self._poller.stop()

    # ── data in ──

    def _listen(self) -> None:
        """A cluster that changes all the time is painted once in PAINTED_EVERY."""
        if self._due is None and self.is_current:
            waited = self._clock.monotonic() - self._looked_at if self._settled else PAINTED_EVERY
            self._due = self.set_timer(max(0.0, PAINTED_EVERY - waited), self._look) if waited < PAINTED_EVERY else None
            if self._due is None:
                self.call_later(self._look)

    def _look(self) -> None:
        """Paint, and ask for what has come in sight."""
        self._due, self._looked_at = None, self._clock.monotonic()
        self._paint()
        charts = self._poller.reading.value
        if charts is not None and not charts.asked >= set(self._grid.in_sight):
            self._poller.refresh_now()

    def on_screen_resume(self) -> None:
        self._poller.resume()
        self.call_later(self._look)

    def on_screen_suspend(self) -> None:
        self._poller.pause()

    async def _read(self) -> FleetCharts:
        assert self.subject.reader is not None
        return await self.subject.reader.read(self._grid.in_sight)

    def _take(self, reading: Reading[FleetCharts]) -> None:
        self._paint()

    def _shown(self) -> list[ServingRow]:
        by_key = {row.key: row for row in self.subject.rows() if self._matching.holds(row)}
        return [by_key[key] for key in self._ranking.order if key in by_key]

    # ── painting ──

    def _paint(self) -> None:
        now = self._clock.now()
        rows, stats, charts = self.subject.rows(), self.subject.stats(), self._poller.reading
        known = charts.value or view.NO_CHARTS
        self._ranking = ranked(self._ranking, view.levels(rows, known), self._clock.monotonic(), at_once=not self._settled)
        self._settled = self._settled or self._all_came(stats)
        shown = {row.key: row for row in self._shown()}
        below = view.trouble_lines(stats, charts, now, self.subject.gaps())
        self._grid.update_keys(tuple(shown), lines_below=len(below))
        levels = {key: self._ranking.held[key][0] for key in shown}
        self._grid.update_tiles([view.tile(shown[key], levels[key], known) for key in self._grid.in_sight], below=below)
        self._pane.state = self.subject.state(now)
        self._paint_head(tuple(levels.values()))

    def _all_came(self, stats: Reading[Any] | None) -> bool:
        awaited = [stats, self._poller.reading] if self.subject.reader is not None else [stats]
        return all(reading is not None and reading.state != "loading" for reading in awaited) and bool(self._ranking.order)

    def _paint_head(self, levels: Sequence[Attention]) -> None:
        figure = view.figure(levels, self._grid.first, self._grid.grid.page)
        self._pane.head = replace(self._pane.head, detail=f"{self.subject.environment} · p99 of the last half hour", figure=figure)
        self.refresh_bindings()

    # ── keys ──

    def on_tile_grid_moved(self, message: TileGrid.Moved) -> None:
        message.stop()
        self._look()

    def on_tile_grid_opened(self, message: TileGrid.Opened) -> None:
        message.stop()
        found = self.subject.open_live(message.key)
        if isinstance(found, str):
            self.say(Cell(found, "muted"))
        else:
            self.app.push_screen(found)

    def on_pane_filtered(self, message: Pane.Filtered) -> None:
        message.stop()
        self._matching = view.Matching(message.text)
        self._paint()

    def why_not(self, action: str) -> str:
        return "choose one with the arrows" if action.startswith("open") else super().why_not(action)

    def action_leave(self) -> None:
        if self._grid.selected is not None:
            self._grid.select(None)
        else:
            self.dismiss(None)

    def action_refresh(self) -> None:
        self._poller.refresh_now()
