"""The drift screen of one deployment: each histogram against its baseline, and one of them over time with its noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.reading import Reading
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.drift.watch import DriftQuery, DriftSpan
from modeldeck.live.poller import Poller
from modeldeck.ports import Clock
from modeldeck.render.charts.stack import plot_columns
from modeldeck.screens.deck.model import state_of
from modeldeck.screens.drift.view import chosen, drift_view, next_baseline, resized
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.newest_question import NewestQuestion
from modeldeck.widgets.content.chart_stack import ChartStack
from modeldeck.widgets.content.state import Loading
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

READ_EVERY = 30.0
"""Seconds: drift is of hours, and each reading asks several questions."""
AGES_EVERY = 5.0
MOST_STEPS = 120


class SpanReader(Protocol):
    async def read(self, query: DriftQuery) -> DriftSpan: ...
    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WatchedDrift:
    """Whose drift is shown."""

    environment: str
    key: str
    reader: SpanReader
    changes: Callable[[], Sequence[ServingChange]]


class DriftScreen(FramedScreen[None]):
    """Asks only while it is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="drift.leave"),
        Binding("j", "choose(1)", "Histogram", id="drift.next", key_display="j k", tooltip="The next one, over time"),
        Binding("down", "choose(1)", "Next histogram", id="drift.next_arrow", show=False),
        Binding("k,up", "choose(-1)", "Histogram before", id="drift.previous", show=False),
        Binding("b", "baseline", "Baseline", id="drift.baseline", tooltip="As configured, training, the version before, the last 7 days"),
        Binding("plus", "window(1)", "Window", id="drift.longer", key_display="+ -", tooltip="A longer window, up to 30 days"),
        Binding("minus", "window(-1)", "A shorter window", id="drift.shorter", show=False, key_display="-"),
        Binding("ctrl+r", "refresh", "Refresh", id="drift.refresh", show=False),
    ]

    def __init__(self, subject: WatchedDrift, clock: Clock) -> None:
        super().__init__()
        self.subject, self._clock = subject, clock
        self._query = DriftQuery()
        self._stack = ChartStack(id="charts")
        self._pane = Pane(self._stack, PaneHead(title="Drift", detail=subject.key), Loading(), filterable=False, id="pane")
        self._question = NewestQuestion(lambda: self._query, lambda query: subject.reader.read(query))
        self._poller = Poller("drift", subject.environment, self._question.answer, self._take, READ_EVERY, clock, backend="Prometheus")

    def compose(self) -> ComposeResult:
        yield self._pane
        yield Footer()

    def on_mount(self) -> None:
        self._stack.focus()
        self.set_interval(AGES_EVERY, self._paint)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Its size is known: how many steps there is room for depends on it."""
        self._query = replace(self._query, columns=self._columns)
        self._paint()
        self._poller.start()

    async def on_unmount(self) -> None:
        await self._poller.stop()

    @property
    def _columns(self) -> int:
        return max(20, min(MOST_STEPS, plot_columns(self._stack.size.width)))

    def _take(self, reading: Reading[DriftSpan]) -> None:
        self._paint()
        self.refresh_bindings()
        if reading.failure is None and reading.value is not None and reading.value.query != self._query:
            self._poller.refresh_now()

    def _paint(self) -> None:
        width, height = self._stack.size
        reading = self._poller.reading
        view = drift_view(self.subject.key, self._query, reading.value, self.subject.changes(), width, height)
        self._pane.head = PaneHead(title="Drift", detail=view.detail, figure=view.figure)
        self._pane.state = state_of(reading, self._clock.now())
        self._stack.update_charts(view.charts, above=view.above, below=view.below)

    def on_resize(self) -> None:
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._show(replace(self._query, columns=self._columns))

    def _show(self, query: DriftQuery) -> None:
        if query != self._query:
            self._query = query
            if not self._question.renew():
                self._poller.refresh_now()
        self._paint()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "choose":
            return True
        span = self._poller.reading.value
        return span is not None and len(span.drift.histograms) > 1

    def action_choose(self, by: int) -> None:
        span = self._poller.reading.value
        if span is not None:
            self._show(chosen(self._query, span, by))

    def action_baseline(self) -> None:
        self._show(next_baseline(self._query))

    def action_window(self, by: int) -> None:
        self._show(resized(self._query, by))

    def on_chart_stack_scrolled(self, message: ChartStack.Scrolled) -> None:
        message.stop()
        self.action_window(message.by)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_refresh(self) -> None:
        self.subject.reader.forget()
        self._poller.refresh_now()
