"""A page of a dashboard: its panels as charts over one time axis, with variables to choose values of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType

from modeldeck.domain.dashboards.dashboard import ALL, Dashboard
from modeldeck.live.dashboard_charts import DashboardCharts, DashboardQuery, KnownVariable
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line
from modeldeck.render.metrics.dashboards import chosen_text, unshown_lines
from modeldeck.screens.dashboards.view import axis_of, dashboard_view, is_answer, query_of
from modeldeck.screens.deck.model import state_of
from modeldeck.screens.shared.picker import Choice, Picker
from modeldeck.screens.shared.reading_screen import ReadingScreen
from modeldeck.screens.shared.timeline import Axis
from modeldeck.screens.shared.timeline_screen import TimelineScreen
from modeldeck.widgets.pane.frame import PaneHead


class PanelsReader(Protocol):
    """`dashboard` is what its file says, and read again where it is opened anew."""

    @property
    def dashboard(self) -> Dashboard: ...

    async def read(self, query: DashboardQuery) -> DashboardCharts: ...
    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class DashboardSubject:
    """The files that there are, and how one of them is opened; that blocks, and raises a Failure."""

    environment: str
    files: tuple[str, ...]
    open: Callable[[str], PanelsReader]
    on_show: Callable[[bool], None]
    """Told when the screen comes and when it goes."""
    refresh: float = 5.0


class DashboardScreen(TimelineScreen[DashboardQuery, DashboardCharts]):
    """Asks only for the panels that are seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="dashboard.leave", tooltip="The cursor leaves first"),
        Binding("j", "chart(1)", "Panels", id="dashboard.down", key_display="j k", tooltip="The next ones, and those before"),
        Binding("down", "chart(1)", "Panels", id="dashboard.down_arrow", show=False),
        Binding("k,up", "chart(-1)", "The panels before", id="dashboard.up", show=False),
        Binding("v", "variable", "Values", id="dashboard.variable", tooltip="Choose a value of one of its variables"),
        Binding("u", "unshown", "Not shown", id="dashboard.unshown", tooltip="What of the file is not shown as Grafana shows it, and why"),
        Binding("B", "file", "Another", id="dashboard.file", tooltip="Another of the configured dashboards"),
        Binding("left", "cursor(-1)", "Cursor", id="dashboard.earlier", key_display="← →", tooltip="Read all panels at one moment"),
        Binding("right", "cursor(1)", "Cursor, later", id="dashboard.later", show=False),
        Binding("plus", "window(1)", "Window", id="dashboard.longer", key_display="+ -", tooltip="A longer window, up to 30 days"),
        Binding("minus", "window(-1)", "A shorter window", id="dashboard.shorter", show=False, key_display="-"),
        Binding("left_square_bracket", "pan(-1)", "Past", id="dashboard.past", key_display="[ ]", tooltip="Half a window earlier"),
        Binding("right_square_bracket", "pan(1)", "Towards now", id="dashboard.towards_now", show=False),
        Binding("space", "pause", "Pause", id="dashboard.pause", show=False, tooltip="The picture stands still; again: up to now"),
        Binding("n", "now", "Now", id="dashboard.now", show=False, tooltip="Up to now, and on with the time"),
        Binding("Q", "promql", "PromQL", id="dashboard.promql", tooltip="The queries of the panels, with their variables put in"),
        Binding("ctrl+r", "refresh", "Refresh", id="dashboard.refresh", show=False),
    ]

    def __init__(self, subject: DashboardSubject, clock: Clock) -> None:
        head = PaneHead(title="Dashboard", detail=subject.files[0])
        super().__init__("dashboard", subject.environment, head, subject.refresh, clock)
        self.subject = subject
        self._file = subject.files[0]
        self._reader: PanelsReader | None = None
        self._chosen: dict[str, tuple[str, ...]] = {}

    def on_mount(self) -> None:
        self.subject.on_show(False)

    async def on_unmount(self) -> None:
        self.subject.on_show(True)

    # ── data in ──

    @property
    def dashboard(self) -> Dashboard | None:
        return self._reader.dashboard if self._reader is not None else None

    @property
    def _charts(self) -> DashboardCharts | None:
        return self._poller.reading.value

    @property
    def _query(self) -> DashboardQuery:
        return query_of(self.dashboard, self._timeline, self._first, *self._stack.size, self._chosen)

    async def _ask_for(self, query: DashboardQuery) -> DashboardCharts:
        if self._reader is None:
            self._reader = await asyncio.to_thread(self.subject.open, self._file)
        return await self._reader.read(self._query)

    def _answers(self, found: DashboardCharts, query: DashboardQuery) -> bool:
        return is_answer(found, query)

    def _forget(self) -> None:
        if self._reader is not None:
            self._reader.forget()

    # ── painting ──

    @property
    def _axis(self) -> Axis:
        return axis_of(self._charts, self._query, self._clock.now(), self._stack.size.width)

    def _paint(self) -> None:
        now = self._clock.now()
        self._pane.state = state_of(self._poller.reading, now)
        if self.dashboard is None:
            self._pane.head = PaneHead(title="Dashboard", detail=self._file)
            return
        view = dashboard_view(self.dashboard, self._timeline, self._charts, now, wanted=self._query, width=self._stack.size.width)
        self._pane.head = PaneHead(title="Dashboard", detail=view.detail, figure=view.figure)
        self._stack.update_charts(view.charts, above=view.above, below=view.below)

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        needs: Mapping[str, object] = {
            "variable": self._choices(),
            "unshown": self.dashboard,
            "file": len(self.subject.files) > 1,
            "chart": self._further > 0,
            "promql": self._charts,
        }
        return True if needs.get(action, True) else None

    def why_not(self, action: str) -> str:
        reasons = {"variable": "it has none", "file": "it is the only one", "chart": "all are in sight", "promql": "nothing is asked"}
        return reasons.get(action.partition("(")[0], super().why_not(action))

    @property
    def _further(self) -> int:
        """Panels that there is no room for."""
        return len(self.dashboard.panels) - len(self._query.panels) if self.dashboard is not None else 0

    def _choices(self) -> list[KnownVariable]:
        return [one for one in self._charts.variables if one.options and not one.variable.hidden] if self._charts is not None else []

    # ── what is chosen ──

    def action_variable(self) -> None:
        choices = self._choices()
        if len(choices) == 1:
            self._pick(choices[0].variable.name)
            return
        named = [Choice(one.variable.name, one.variable.label or one.variable.name, chosen_text(one.chosen)) for one in choices]
        self.app.push_screen(Picker("Variable", named), self._pick)

    def _pick(self, name: str | None) -> None:
        one = next((one for one in self._choices() if one.variable.name == name), None)
        if one is None:
            return
        every = [Choice(ALL, "All")] if one.variable.include_all else []
        choices = [*every, *(Choice(option, option, "chosen" if option in one.chosen else "") for option in one.options)]

        def take(value: str | None) -> None:
            if value is not None:
                self._chosen = {**self._chosen, one.variable.name: toggled(one, value)}
                self._show(self._timeline)

        self.app.push_screen(Picker(one.variable.label or one.variable.name, choices, next(iter(one.chosen), None)), take)

    def action_file(self) -> None:
        self.app.push_screen(Picker("Dashboard", [Choice(file, file) for file in self.subject.files], self._file), self._open)

    async def _open(self, file: str | None) -> None:
        if file is None or file == self._file:
            return
        await self._poller.stop()
        self._file, self._reader, self._first, self._chosen = file, None, 0, {}
        self._stack.update_charts(())
        self._poller = self._new_poller()
        self._begin()

    def action_unshown(self) -> None:
        dashboard = self.dashboard
        if dashboard is not None:

            async def load() -> Sequence[Line]:
                return unshown_lines(dashboard.unshown)

            self.app.push_screen(ReadingScreen("Not shown", dashboard.title, load, self._clock))

    def action_promql(self) -> None:
        dashboard, charts = self.dashboard, self._charts
        if dashboard is not None and charts is not None:

            async def load() -> Sequence[Line]:
                return promql_lines(dashboard, charts)

            self.app.push_screen(ReadingScreen("PromQL", dashboard.title, load, self._clock))


def toggled(known: KnownVariable, value: str) -> tuple[str, ...]:
    """What is chosen after `value` was picked: of a variable that takes several it comes to the others, or leaves them."""
    if not known.variable.multi or value == ALL or ALL in known.chosen:
        return (value,)
    kept = tuple(one for one in known.chosen if one != value)
    return (kept or (value,)) if value in known.chosen else (*kept, value)


def promql_lines(dashboard: Dashboard, charts: DashboardCharts) -> list[Line]:
    lines: list[Line] = []
    for place, answer in charts.panels.items():
        lines.append((Cell(dashboard.panels[place].title, "strong"), Cell(f"  {answer.trouble}", "warn")))
        lines += [(Cell(f"  {line}"),) for promql in answer.promql for line in promql.splitlines()]
    return lines
