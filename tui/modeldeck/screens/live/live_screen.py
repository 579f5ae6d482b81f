"""The live screen of one deployment: charts of what it exports over one time axis, which can be moved, held and read at any moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.screen import Screen

from modeldeck.domain.changes.change_event import LOOK_BACK, ChangeEvent, ChangeQuestion
from modeldeck.domain.changes.chart_jumps import question_about
from modeldeck.domain.failures import Failure
from modeldeck.domain.metrics.charts.compared_time import ComparedTime, next_compared_time
from modeldeck.domain.metrics.charts.edited_queries import QueryEdit
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.live.pod_groups import VersionPods
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell
from modeldeck.screens.deck.model import state_of
from modeldeck.screens.live.level_line import LevelLine, LevelRead
from modeldeck.screens.live.versions import versions_in
from modeldeck.screens.live.view import axis_of, is_answer, known_charts, live_screen_view, query_of, shown
from modeldeck.screens.shared import timeline as times
from modeldeck.screens.shared.timeline import Axis
from modeldeck.screens.shared.timeline_screen import TimelineScreen
from modeldeck.widgets.content.state import Live, Loading, PaneState, Stale, Unavailable
from modeldeck.widgets.pane.frame import PaneHead

_WHY_NOT = {
    "now": "it is now",
    "promql": "nothing is asked",
    "versions": "one in this window",
    "buckets": "no histogram",
    "changes": "no cluster to ask",
}


class ChartsReader(Protocol):
    async def read(self, query: SpanQuery) -> SpanCharts: ...
    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveSubject:
    """Whose metrics are shown, and what is known of it elsewhere."""

    environment: str
    key: str
    reader: ChartsReader
    changes: Callable[[], Sequence[ServingChange]]
    on_show: Callable[[bool, Failure | None], None]
    """Told when the screen comes and when it goes, then with why nothing could be read last."""
    known: SpanCharts | None = None
    """What was read before it came, and stands there until more is."""
    refresh: float = 5.0
    running: Callable[[], frozenset[str]] = frozenset
    """The names of its ReplicaSets that have pods."""
    what_changed: Callable[[ChangeQuestion], Screen[Any]] | None = None
    """Makes the screen that answers; None: there is no cluster to ask."""
    drift: Callable[[], Screen[Any] | str] | None = None
    """Makes the screen of its drift, or says why there is none."""
    service_level: LevelRead | None = None
    """How it stands against its objectives, and the alerts about it; None: there is nobody to ask."""
    happened: Callable[[], Sequence[ChangeEvent]] = tuple
    """What is known to have happened beside changes of version."""


class LiveScreen(TimelineScreen[SpanQuery, SpanCharts]):
    """Its charts of all that the pods export, by version, as a heatmap, beside another day."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="live.leave", tooltip="The cursor leaves first"),
        Binding("left", "cursor(-1)", "Cursor", id="live.earlier", key_display="← →", tooltip="Read all charts at one moment"),
        Binding("h", "cursor(-1)", "Cursor", id="live.earlier_h", show=False),
        Binding("right,l", "cursor(1)", "Cursor, later", id="live.later", show=False),
        Binding("home", "cursor_end(False)", "Cursor to the beginning", id="live.first", show=False),
        Binding("end", "cursor_end(True)", "Cursor to the end", id="live.last", show=False),
        Binding("plus", "window(1)", "Window", id="live.longer", key_display="+ -", tooltip="A longer window, up to 30 days"),
        Binding("minus", "window(-1)", "A shorter window", id="live.shorter", show=False, key_display="-"),
        Binding("j", "chart(1)", "Charts", id="live.down", key_display="j k", tooltip="The next ones, where there is no room for all"),
        Binding("down", "chart(1)", "Charts", id="live.down_arrow", show=False),
        Binding("k,up", "chart(-1)", "The charts before", id="live.up", show=False),
        Binding("z", "zoom(-1)", "A shorter window about the cursor", id="live.zoom", show=False),
        Binding("Z", "zoom(1)", "A longer window about the cursor", id="live.zoom_out", show=False),
        Binding("w", "next_window", "The next window", id="live.window", show=False, tooltip="After the longest the shortest"),
        Binding("left_square_bracket", "pan(-1)", "Past", id="live.past", key_display="[ ]", tooltip="Half a window earlier"),
        Binding("shift+left", "pan(-1)", "Past", id="live.past_arrow", show=False),
        Binding("right_square_bracket,shift+right", "pan(1)", "Towards now", id="live.towards_now", show=False),
        Binding("space", "pause", "Pause", id="live.pause", tooltip="The picture stands still while the time goes on; again: up to now"),
        Binding("n", "now", "Now", id="live.now", tooltip="Up to now, and on with the time"),
        Binding("v", "versions", "Versions", id="live.versions", tooltip="A line for each version that served; again: of all pods"),
        Binding(
            "b", "buckets", "Buckets", id="live.buckets", show=False, tooltip="The latency as a heatmap of its buckets; again: as lines"
        ),
        Binding("c", "compare", "Compare", id="live.compare", show=False, tooltip="With a day before; a week before; with nothing"),
        Binding("Q", "promql", "PromQL", id="live.promql", tooltip="The queries of the charts in full"),
        Binding("x", "changes", "What changed", id="live.changes", show=False, tooltip="At the cursor, or a jump, or now"),
        Binding("D", "drift", "Drift", id="live.drift", show=False, tooltip="How far inputs and predictions have moved"),
        Binding("ctrl+r", "refresh", "Refresh", id="live.refresh", show=False),
    ]

    def __init__(self, subject: LiveSubject, clock: Clock) -> None:
        window = subject.known.query.window if subject.known is not None else None
        super().__init__("live screen", subject.environment, PaneHead(title="Live", detail=subject.key), subject.refresh, clock, window)
        self.subject = subject
        self._split, self._buckets = False, False
        self._compared: ComparedTime | None = None
        self._edited: dict[str, str] = {}
        """Instead of the charts' own queries; gone with the screen."""
        self._level = LevelLine(subject.service_level, subject.environment, self._on_level, clock)

    # ── building ──

    def on_mount(self) -> None:
        self.subject.on_show(False, None)

    def _begin(self) -> None:
        super()._begin()
        self._level.start()

    async def on_unmount(self) -> None:
        self.subject.on_show(True, self._poller.reading.failure)
        await self._level.stop()

    def on_screen_suspend(self) -> None:
        self._level.show(False)

    def on_screen_resume(self) -> None:
        self._level.show(True)

    # ── data in ──

    @property
    def _charts(self) -> SpanCharts | None:
        return self._poller.reading.value or self.subject.known

    def _state(self, now: float) -> PaneState:
        state, known = state_of(self._poller.reading, now), self.subject.known
        if known is not None and isinstance(state, Unavailable):
            return Stale(now - known.latest, state.message, state.hint)
        return Live() if known is not None and isinstance(state, Loading) else state

    @property
    def _query(self) -> SpanQuery:
        kinds = shown(known_charts(self._charts), self._first, self._room)
        query = query_of(self._timeline, kinds, self._stack.size.width, self._versions if self._split else ())
        return replace(query, buckets=self._buckets, compared=self._compared, edited=tuple(self._edited.items()))

    @property
    def _room(self) -> int:
        """Lines for what is read of the charts."""
        return self._stack.size.height - len(self._level.lines(self._clock.now()))

    @property
    def _versions(self) -> tuple[VersionPods, ...]:
        """Those that served in the window, where there are several."""
        end = self._clock.now() if self._timeline.end is None else self._timeline.end
        return versions_in(self.subject.changes(), self.subject.running(), end - self._timeline.window, end)

    async def _ask_for(self, query: SpanQuery) -> SpanCharts:
        return await self.subject.reader.read(query)

    def _answers(self, found: SpanCharts, query: SpanQuery) -> bool:
        return is_answer(found, query)

    def _forget(self) -> None:
        self.subject.reader.forget()

    # ── painting ──

    @property
    def _axis(self) -> Axis:
        return axis_of(self._charts, self._query, self._clock.now(), self._stack.size.width)

    def _paint(self) -> None:
        now, query = self._clock.now(), self._query
        changes = self.subject.changes()
        view = live_screen_view(
            self.subject.key,
            self._timeline,
            self._charts,
            changes,
            now,
            wanted=query,
            width=self._stack.size.width,
            happened=self.subject.happened(),
        )
        self._pane.head = PaneHead(title="Live", detail=view.detail, figure=view.figure)
        self._pane.state = self._state(now)
        self._stack.update_charts(view.charts, above=(*self._level.lines(now), *view.above), below=view.below)

    def _on_level(self) -> None:
        """There may be room for one chart more or less."""
        self._paint()
        if self._poller.reading.failure is None:
            self._ask()

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "chart":
            return self._further > 0
        if action == "versions":
            return True if self._split or self._versions else None
        if action == "changes":
            return None if self.subject.what_changed is None else True
        if action == "buckets":
            return True if self._charts is not None and "p99" in self._charts.promql else None
        if action == "promql":
            return True if self._charts is not None and self._charts.promql else None
        return None if action == "now" and self._timeline.end is None else True

    def why_not(self, action: str) -> str:
        return _WHY_NOT.get(action.partition("(")[0], super().why_not(action))

    def action_versions(self) -> None:
        self._split = not self._split
        self._show(self._timeline)

    def action_buckets(self) -> None:
        self._buckets, self._first = not self._buckets, 0
        self._show(self._timeline)

    def action_compare(self) -> None:
        self._compared = next_compared_time(self._compared)
        self._show(self._timeline)

    @property
    def _further(self) -> int:
        """Charts that there is no room for."""
        kinds = known_charts(self._charts)
        return len(kinds) - len(shown(kinds, 0, self._room))

    def action_changes(self) -> None:
        charts, now = self._charts, self._clock.now()
        if self.subject.what_changed is None:
            return
        if self._timeline.cursor is not None:
            at = times.on_axis(self._timeline.cursor, self._axis)
            asked: ChangeQuestion | None = ChangeQuestion(at, since=at - self._axis.step)
        else:
            own = {kind: lines for kind, lines in charts.lines.items() if kind not in charts.edited} if charts is not None else {}
            asked = question_about(own, LOOK_BACK)
        self.app.push_screen(self.subject.what_changed(asked or ChangeQuestion(now)))

    def action_promql(self) -> None:
        if self._charts is not None:
            from modeldeck.screens.live.promql_screen import PromqlScreen

            self.app.push_screen(PromqlScreen(self.subject.key, self._charts, self._edited), self._edit)

    def _edit(self, edit: QueryEdit | None) -> None:
        if edit is not None:
            self._edited.pop(edit.name, None)
            self._edited |= {edit.name: edit.promql} if edit.promql else {}
            self._show(self._timeline)

    def action_drift(self) -> None:
        if self.subject.drift is None:
            return
        found = self.subject.drift()
        if isinstance(found, str):
            self.say(Cell(found, "muted"))
        else:
            self.app.push_screen(found)
