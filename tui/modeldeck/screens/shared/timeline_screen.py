"""A screen of charts over one time axis, which can be moved, held and read at any moment."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from textual.app import ComposeResult

from modeldeck.domain.reading import Reading
from modeldeck.live.poller import Poller
from modeldeck.ports import Clock
from modeldeck.screens.shared import timeline as times
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.newest_question import NewestQuestion
from modeldeck.screens.shared.timeline import Axis, Timeline
from modeldeck.widgets.content.chart_stack import ChartStack
from modeldeck.widgets.content.state import Loading
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

AGES_EVERY = 5.0
"""Seconds between repaints of ages while nothing is read."""
LONGEST_PAUSE = 30.0
"""Seconds between two questions at most: a step of hours must not hide the present."""


class Stepped(Protocol):
    """What is answered of a span of time."""

    @property
    def step(self) -> float:
        """Seconds between two points."""
        ...


Q = TypeVar("Q")
V = TypeVar("V", bound=Stepped)


class TimelineScreen(FramedScreen[None], Generic[Q, V]):
    """Asks only while it is shown, and nothing while its picture stands still. Who derives from it has the bindings, and says what is
    wanted, who answers, and how it looks."""

    def __init__(self, name: str, environment: str, head: PaneHead, refresh: float, clock: Clock, window: float | None = None) -> None:
        """`name`: of its poller. `refresh`: seconds between two questions. `window`: seconds that are shown at first."""
        super().__init__()
        self._refresh_every, self._clock = refresh, clock
        self._timeline = Timeline() if window is None else Timeline(window)
        self._first = 0
        """The first of the charts in sight."""
        self._stack = ChartStack(id="charts")
        self._pane = Pane(self._stack, head, Loading(), filterable=False, id="pane")
        self._question = NewestQuestion(lambda: self._query, self._ask_for)

        def new_poller() -> Poller[V]:
            return Poller(name, environment, self._read, self._take, refresh, clock, backend="Prometheus")

        self._new_poller = new_poller
        self._poller = new_poller()

    # ── what each has of its own ──

    @property
    def _query(self) -> Q:
        """What is wanted now."""
        raise NotImplementedError

    @property
    def _axis(self) -> Axis:
        raise NotImplementedError

    @property
    def _further(self) -> int:
        """Charts that there is no room for."""
        raise NotImplementedError

    async def _ask_for(self, query: Q) -> V:
        raise NotImplementedError

    def _answers(self, found: V, query: Q) -> bool:
        """Whether it is what is wanted, and not of another span or of other charts."""
        raise NotImplementedError

    def _forget(self) -> None:
        """All is to be asked anew."""
        raise NotImplementedError

    def _paint(self) -> None:
        raise NotImplementedError

    # ── building ──

    def compose(self) -> ComposeResult:
        yield self._pane
        yield Footer()

    def on_mount(self) -> None:
        self._stack.focus()
        self.set_interval(AGES_EVERY, self._paint)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Its size is known: how much there is to ask for depends on it."""
        self._paint()
        self._poller.start()

    async def on_unmount(self) -> None:
        await self._poller.stop()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show, self._timeline)

    # ── data in ──

    async def _read(self) -> V:
        found = await self._question.answer()
        self._poller.set_interval(max(self._refresh_every, min(found.step, LONGEST_PAUSE)))
        return found

    def _take(self, reading: Reading[V]) -> None:
        self._paint()
        self.refresh_bindings()
        if reading.failure is None:
            self._ask()

    def _ask(self) -> None:
        """What is shown and has not been read yet at once; what may have changed again and again; the past no more."""
        found = self._poller.reading.value
        answered = found is not None and self._answers(found, self._query)
        if answered and self._timeline.end is not None:
            self._poller.pause()
            return
        self._poller.resume()
        if not answered and not self._question.renew():
            self._poller.refresh_now()

    def _show(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._paint()
        self._ask()
        self.refresh_bindings()

    # ── keys ──

    def action_leave(self) -> None:
        if self._timeline.cursor is not None:
            self._show(times.without_cursor(self._timeline))
        else:
            self.dismiss(None)

    def action_cursor(self, by: int) -> None:
        self._show(times.pointed(self._timeline, by, self._axis))

    def action_cursor_end(self, last: bool) -> None:
        self._show(times.pointed_at_end(self._timeline, self._axis, last=last))

    def action_window(self, by: int) -> None:
        self._show(times.resized(self._timeline, by))

    def action_zoom(self, by: int) -> None:
        self._show(times.zoomed(self._timeline, by, self._axis, self._clock.now()))

    def action_next_window(self) -> None:
        self._show(times.next_window(self._timeline))

    def on_chart_stack_scrolled(self, message: ChartStack.Scrolled) -> None:
        message.stop()
        self.action_window(message.by)

    def action_pan(self, by: int) -> None:
        self._show(times.panned(self._timeline, by, self._axis.latest, self._clock.now()))

    def action_pause(self) -> None:
        if self._timeline.end is None:
            self._show(times.paused(self._timeline, self._axis.latest))
        else:
            self.action_now()

    def action_now(self) -> None:
        self._show(times.following(self._timeline))

    def action_chart(self, by: int) -> None:
        self._first = max(0, min(self._first + by, self._further))
        self._show(self._timeline)

    def action_refresh(self) -> None:
        self._forget()
        self._poller.resume()
        self._poller.refresh_now()
