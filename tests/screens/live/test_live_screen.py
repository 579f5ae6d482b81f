"""The live screen on answers of our own and a clock that only moves when told."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, ChangeQuestion
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, Lines, measured_lines
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.domain.metrics.charts.heatmap import Heatmap
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.live.pod_groups import VersionPods
from modeldeck.live.service_level import ServiceLevel
from modeldeck.screens.live.live_screen import LiveScreen, LiveSubject
from modeldeck.screens.shared.help import HelpScreen
from modeldeck.widgets.content.chart_stack import ChartStack
from tests.support import sample
from tests.support.clocks import FakeClock, settle
from tests.support.staging import Stage, settled, stage

NOW = sample.NOW
CHANGES = (ServingChange(NOW - 86400.0, 2, "6", "iris-2"), ServingChange(NOW - 600.0, 3, "7", "iris-3"))
PROMQL = {
    "p50": 'histogram_quantile(0.5, sum by (le) (rate(x_bucket{pod=~"iris-.+"}[60s])))',
    "p90": 'histogram_quantile(0.9, sum by (le) (rate(x_bucket{pod=~"iris-.+"}[60s])))',
    "p99": 'histogram_quantile(0.99, sum by (le) (rate(x_bucket{pod=~"iris-.+"}[60s])))',
    "requests": 'sum (rate(x_count{pod=~"iris-.+"}[60s]))',
    "errors": 'sum (rate(x_count{pod=~"iris-.+",status=~"5.."}[60s]))',
}


def apart(lines: tuple[ChartLine, ...], versions: Sequence[VersionPods]) -> tuple[ChartLine, ...]:
    """The first and the last of them for each version; a newer one has data from its change on."""
    since = {"v7": NOW - 600.0}
    found = []
    for place, version in enumerate(versions):
        for line in dict.fromkeys((lines[0], lines[-1])):
            points = ((at, value * (1 + 0.4 * place)) for at, value in line.points if at >= since.get(version.name, 0.0))
            found.append(ChartLine(line.name, tuple(points), version.name))
    return tuple(found)


def _heat() -> Heatmap:
    bounds = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, math.inf)
    rows = []
    for step in range(121):
        middle = 2.0 + math.sin(step / 9) * 0.8 + (1.5 if 68 <= step <= 74 else 0.0)
        rows.append((NOW - 1800.0 + 15.0 * step, tuple(40.0 * math.exp(-((place - middle) ** 2) * 1.4) for place in range(len(bounds)))))
    return Heatmap(bounds, tuple(rows))


HEAT = _heat()
BASE = (ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS)


def _before(name: str, base: float, swing: float, *, until: int = 121) -> ChartLine:
    return ChartLine(name, tuple((NOW - 1800.0 + 15.0 * step, base + swing * math.sin(step / 12)) for step in range(until)))


EARLIER = {
    ChartKind.LATENCY: _before("p99", 0.070, 0.02),
    ChartKind.REQUESTS: _before("requests", 25.0, 8.0, until=90),
    ChartKind.ERRORS: ChartLine("errors", ()),
}


class Reader:
    """Answers with the sample's charts, and remembers what it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[SpanQuery] = []
        self.failure: Failure | None = None
        self.hangs = 0.0
        """The window of which there is never an answer."""
        self.hanging = 0
        self.warnings: tuple[str, ...] = ()
        self.promql = PROMQL
        self.lines: Lines = {}
        self.earlier = EARLIER
        self.refused: dict[str, str] = {}
        self.forgotten = 0

    def forget(self) -> None:
        self.forgotten += 1

    async def read(self, query: SpanQuery) -> SpanCharts:
        self.asked.append(query)
        if query.window == self.hangs:
            self.hanging += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.hanging -= 1
        if self.failure is not None:
            raise self.failure
        end = self.clock.now() // 15.0 * 15.0 if query.end is None else query.end
        lines = {**measured_lines(sample.charts().points), **self.lines}
        if query.versions:
            lines = {kind: apart(found, query.versions) for kind, found in lines.items()}
        edited = frozenset({ChartKind.LATENCY} if query.edited else ())
        heat = HEAT if query.buckets else None
        earlier = {kind: line for kind in query.kinds if (line := self.earlier.get(kind))} if query.compared else {}
        return SpanCharts(
            query,
            end - query.window,
            end,
            end,
            15.0,
            lines,
            self.promql,
            self.warnings,
            heatmap=heat,
            earlier=earlier,
            edited=edited,
            refused=self.refused,
        )


def more(reader: Reader) -> None:
    """The pods export their memory and what they predict, too."""

    def line(name: str, base: float, swing: float) -> ChartLine:
        return ChartLine(name, tuple((NOW - 1800.0 + 15.0 * step, base + swing * math.cos(step / 9)) for step in range(121)))

    mib = 2.0**20
    reader.lines = {
        ChartKind.MEMORY: (line("highest", 340 * mib, 40 * mib), line("mean", 290 * mib, 10 * mib)),
        ChartKind.PREDICTIONS: (line("p90", 24.0, 1.5), line("p50", 21.0, 0.5), line("p10", 19.0, 0.5), line("mean", 21.5, 0.3)),
    }
    names = [name for kind in reader.lines for name in NAMES[kind]]
    reader.promql = {**PROMQL, **{name: f"the query of {name}" for name in names}}


def happened() -> tuple[ChangeEvent, ...]:
    return (
        ChangeEvent(ChangeKind.SCALE, NOW - 1500, "deployment serving/iris", "kubectl set the count of pods (3 now)", "managedFields"),
        ChangeEvent(ChangeKind.CRASH, NOW - 900, "pod iris-2-a", "OOMKilled", "pod status"),
        ChangeEvent(ChangeKind.RESTART, NOW - 895, "pod iris-2-b", "Completed, exit code 0", "pod status"),
        ChangeEvent(ChangeKind.ALERT, NOW - 400, "alert HighErrors", "fires (page): too many requests fail", "active alerts"),
    )


class Live:
    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.reader = Reader(self.clock)
        self.shown: list[bool] = []
        self.failures: list[Failure | None] = []
        self.known: SpanCharts | None = None
        self.asked: list[ChangeQuestion] = []
        self.drifting: Screen[None] | str = "no Prometheus in this environment"
        self.level = ServiceLevel(())
        self.happened: tuple[ChangeEvent, ...] = ()
        self.levels = 0
        """How often it was asked for."""

    async def service_level(self) -> ServiceLevel:
        self.levels += 1
        return self.level

    def what_changed(self, asked: ChangeQuestion) -> Screen[None]:
        self.asked.append(asked)
        return Screen()

    def show(self, shown: bool, failure: Failure | None) -> None:
        self.shown.append(shown)
        self.failures.append(failure)

    def screen(self) -> LiveScreen:
        subject = LiveSubject(
            "prod",
            "serving/iris",
            self.reader,
            lambda: CHANGES,
            self.show,
            self.known,
            what_changed=self.what_changed,
            drift=lambda: self.drifting,
            service_level=self.service_level,
            happened=lambda: self.happened,
        )
        return LiveScreen(subject, self.clock)


class Watched:
    def __init__(self, live: Live, app: Stage, pilot: Pilot[None]) -> None:
        self.live, self.app, self.pilot = live, app, pilot

    @property
    def text(self) -> str:
        return self.app.text()

    def line(self, part: str) -> str:
        return next(line for line in self.text.splitlines() if part in line)

    @property
    def asked(self) -> list[SpanQuery]:
        return self.live.reader.asked

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def passes(self, seconds: float) -> None:
        await self.live.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        await settle()
        await settled(self.pilot)


@asynccontextmanager
async def watched(live: Live | None = None, *, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Watched]:
    live = live or Live()
    async with stage(live.screen, size=size) as (app, pilot):
        found = Watched(live, app, pilot)
        await found.settle()
        yield found


async def test_three_charts_over_one_axis_with_units_statistics_and_the_version_by_name() -> None:
    async with watched() as screen:
        for told in ("Live ─ serving/iris · last 30 m", "step 15 s", "Jan 15 07:30:00 – 08:00:00", "v7", "● p99 46 ms", "mean 36/s", "0 %"):
            assert told in screen.text
        assert screen.text.count("╵08:00") + screen.text.count("╵07:45") == 1
        assert screen.live.shown == [False]


async def test_what_happened_is_marked_beside_versions() -> None:
    live = Live()
    live.happened = happened()
    async with watched(live) as screen:
        assert [screen.line("v7").split()[place] for place in range(1, 5)] == ["±", "↻2", "v7", "!HighErrors"]


async def test_a_key_leads_to_the_drift_of_the_same_deployment() -> None:
    live = Live()
    live.drifting = Screen()
    async with watched(live) as screen:
        await screen.press("D")
        assert screen.app.screen is live.drifting


async def test_without_its_drift_it_says_why() -> None:
    async with watched() as screen:
        await screen.press("D")
        assert "no Prometheus in this environment" in screen.text


async def test_a_small_terminal_shows_two_asks_for_two_and_leads_to_the_third() -> None:
    async with watched(size=(80, 24)) as screen:
        assert "charts 1–2 of 3" in screen.text
        assert "errors" not in screen.text
        assert screen.asked[-1].kinds == {ChartKind.LATENCY, ChartKind.REQUESTS}
        await screen.press("j", "j")
        assert "charts 2–3 of 3" in screen.text
        assert screen.asked[-1].kinds == {ChartKind.REQUESTS, ChartKind.ERRORS}
        await screen.press("k")
        assert "p99" in screen.text
    async with watched() as screen:
        assert "charts" not in screen.text.splitlines()[-1]


async def test_what_else_is_exported_comes_after_them() -> None:
    live = Live()
    more(live.reader)
    async with watched(live) as screen:
        assert "charts 1–4 of 5" in screen.text
        await screen.press("j", "j", "j")
        assert "charts 2–5 of 5" in screen.text
        assert "memory  ● highest 3" in screen.text
        assert "■ mean 21." in screen.text
        assert screen.asked[-1].kinds == {ChartKind.REQUESTS, ChartKind.ERRORS, ChartKind.MEMORY, ChartKind.PREDICTIONS}
    async with watched(live, size=(200, 50)) as screen:
        assert all(f"{kind}  ●" in screen.text for kind in ("latency", "requests", "errors", "memory", "predictions"))


async def test_versions_are_told_apart_and_together_again() -> None:
    async with watched() as screen:
        await screen.press("v")
        assert screen.asked[-1].versions == (VersionPods("v7", ("iris-3",)), VersionPods("v6", ("iris-2",)))
        assert "latency  v7 ● p99 46 ms  ◆ p50 14 ms  v6 ▲ p99 65 ms" in screen.text
        assert "requests  v7 ● 40/s  v6 ◆ 56/s" in screen.text
        await screen.press("v")
        assert not screen.asked[-1].versions
        assert "latency  ● p99 46 ms" in screen.text


async def test_one_version_is_not_told_apart() -> None:
    async with watched() as screen:
        await screen.press("minus", "minus", "v")
        assert screen.asked[-1].window == 300.0
        assert not screen.asked[-1].versions
        assert "v versions (one in this window)" in screen.text


async def test_the_latency_by_bucket_and_as_lines_again() -> None:
    async with watched() as screen:
        await screen.press("b", "left")
        assert screen.asked[-1].buckets
        assert "≤ 25 ms┤" in screen.text
        assert "share of requests in a bucket:" in screen.text
        assert "most ≤ 50 ms (" in screen.text
        await screen.press("b")
        assert "latency  ● p99" in screen.text
    live = Live()
    live.reader.promql = {"requests": "x"}
    async with watched(live) as screen:
        await screen.press("b")
        assert not screen.asked[-1].buckets


async def test_a_key_compares_with_a_day_before_a_week_before_and_nothing() -> None:
    async with watched() as screen:
        assert "before" not in screen.text
        await screen.press("c")
        assert "  ┄ p99 a day before 59 ms" in screen.text
        assert screen.line("requests  ●").strip("│ ").endswith("┄ a day before –"), "its newest value is of another moment"
        assert "┄ no data a day before" in screen.line("errors  ●")
        await screen.press("home")
        assert "┄ p99 a day before 70 ms" in screen.text
        assert "┄ a day before 25/s" in screen.text
        await screen.press("c")
        assert "┄ p99 a week before 70 ms" in screen.text
        asked = len(screen.asked)
        await screen.press("c")
        assert "before" not in screen.text
        assert len(screen.asked) == asked, "the present is known"
        assert [query.compared for query in screen.asked[-2:]] == [ComparedTime.DAY, ComparedTime.WEEK]


async def test_until_it_is_answered_nothing_is_told_of_another_time() -> None:
    async with watched() as screen:
        await screen.press("c")
        screen.live.reader.failure = Unreachable("connection refused")
        await screen.press("c")
        assert "before" not in screen.text
        assert "reading …" in screen.text


async def test_an_edited_query_is_asked_and_told_until_it_is_restored() -> None:
    async with watched() as screen:
        screen.live.reader.refused = {"p99": "parse error: unexpected end"}
        await screen.press("Q", "e", "end", *"+1", "enter")
        assert screen.asked[-1].edited == (("p99", PROMQL["p99"] + "+1"),)
        assert "p50 14 ms  edited" in screen.text
        assert "! p99, edited: parse error: unexpected end" in screen.text
        await screen.press("Q")
        assert "p99  edited" in screen.text
        assert "! parse error: unexpected end" in screen.text
        screen.live.reader.refused = {}
        await screen.press("r")
        assert not screen.asked[-1].edited
        assert "edited" not in screen.text


async def test_what_changed_is_not_asked_about_a_jump_of_an_edited_query() -> None:
    live = Live()
    slow = tuple((NOW - 1800.0 + 15.0 * at, 0.2 if at > 60 else 0.04) for at in range(120))
    live.reader.lines = {kind: (ChartLine("p99", slow if kind is ChartKind.LATENCY else ()),) for kind in BASE}
    async with watched(live) as screen:
        await screen.press("Q", "e", "end", *"+1", "enter")
        await screen.press("x")
        assert live.asked == [ChangeQuestion(NOW)]


async def test_edits_are_gone_with_the_screen() -> None:
    live = Live()
    async with watched(live) as screen:
        await screen.press("Q", "tab", "enter", "end", *"+1", "enter")
        assert [name for name, _ in screen.asked[-1].edited] == ["p90"]
    async with watched(live) as screen:
        assert not screen.asked[-1].edited


async def test_versions_are_compared_with_all_pods() -> None:
    async with watched() as screen:
        await screen.press("v", "c")
        assert "┄ all pods p99 a day before 59 ms" in screen.text


async def test_windows_are_asked_for_at_once() -> None:
    async with watched() as screen:
        await screen.press("plus")
        assert "last 1 h" in screen.text
        assert screen.asked[-1].window == 3600.0
        await screen.press("minus", "minus")
        assert screen.asked[-1].window == 900.0
        await screen.press("w")
        assert screen.asked[-1].window == 1800.0
        for wheel, window in ((events.MouseScrollDown, 3600.0), (events.MouseScrollUp, 1800.0)):
            await screen.pilot._post_mouse_events([wheel], ChartStack, button=0)
            await screen.settle()
            assert screen.asked[-1].window == window


async def test_zooming_in_is_about_the_cursor() -> None:
    async with watched() as screen:
        await screen.press("home", "z")
        assert (screen.asked[-1].window, screen.asked[-1].end) == (900.0, NOW - 900.0)
        assert "│ 07:30:00, 30 m ago" in screen.text
        await screen.press("Z")
        assert (screen.asked[-1].window, screen.asked[-1].end) == (1800.0, None)


async def test_it_goes_on_with_the_time() -> None:
    async with watched() as screen:
        asked = len(screen.asked)
        await screen.passes(30.0)
        assert len(screen.asked) > asked
        assert "07:30:30 – 08:00:30" in screen.text


async def test_the_cursor_reads_all_charts_at_one_moment_and_escape_leaves_it_first() -> None:
    async with watched() as screen:
        await screen.press("left", "left")
        assert "│ 07:59:45, 15 s ago" in screen.text
        await screen.press("home")
        assert "│ 07:30:00, 30 m ago" in screen.text
        assert "p99 41 ms" in screen.text
        assert "requests  ● 36/s" in screen.text
        await screen.press("right", "end")
        assert "│ 08:00:00, just now" in screen.text
        await screen.press("escape")
        assert "just now" not in screen.text
        await screen.press("escape")
        assert screen.live.shown == [False, True]


async def test_a_pause_keeps_the_picture_while_the_time_goes_on_and_asks_nothing() -> None:
    async with watched() as screen:
        await screen.press("space")
        asked, before = len(screen.asked), screen.text.splitlines()[2:-1]
        await screen.passes(600.0)
        await screen.press("w", *["minus"] * 11, *["plus"] * 2)
        assert "‖ paused, ends 10 m ago" in screen.text
        assert screen.text.splitlines()[2:-1] == before
        assert all(query.end == NOW for query in screen.asked[asked:])
        await screen.press("space")
        assert "paused" not in screen.text
        assert "07:40:00 – 08:10:00" in screen.text
        assert screen.asked[-1].end is None


async def test_nothing_is_asked_while_the_picture_stands_still() -> None:
    async with watched() as screen:
        await screen.press("space")
        await screen.passes(30.0)
        asked = len(screen.asked)
        await screen.passes(600.0)
        assert len(screen.asked) == asked


async def test_into_the_past_and_back_to_now() -> None:
    async with watched() as screen:
        assert "n now (it is now)" in screen.text
        await screen.press("left_square_bracket")
        assert screen.asked[-1].end == NOW - 900.0
        assert "07:15:00 – 07:45:00  ‖ paused, ends 15 m ago" in screen.text
        await screen.press("shift+left")
        assert screen.asked[-1].end == NOW - 1800.0
        asked = len(screen.asked)
        await screen.passes(600.0)
        assert len(screen.asked) == asked, "the past does not change"
        await screen.press("right_square_bracket")
        assert screen.asked[-1].end == NOW - 900.0
        await screen.press("n")
        assert screen.asked[-1].end is None
        assert "last 30 m" in screen.text


async def test_while_prometheus_is_away_what_was_read_stays_with_its_age() -> None:
    async with watched() as screen:
        screen.live.reader.failure = Unreachable("connection refused", hint="is it up?")
        await screen.passes(130.0)
        await screen.press("left")
        assert "stale 2 m" in screen.text
        assert "connection refused · is it up?" in screen.text
        assert "p99" in screen.text
        screen.live.reader.failure = None
        await screen.press("ctrl+r")
        assert "stale" not in screen.text
        assert screen.live.reader.forgotten == 1


async def test_without_any_answer_it_says_why() -> None:
    live = Live()
    live.reader.failure = Unreachable("connection refused", hint="is it up?")
    async with watched(live) as screen:
        assert "unavailable" in screen.text
        assert "is it up?" in screen.text


async def test_what_was_read_before_stands_there_and_is_as_old_as_it_is() -> None:
    live = Live()
    live.known = SpanCharts(SpanQuery(3600.0), NOW - 3700.0, NOW - 100.0, NOW - 100.0, 15.0, measured_lines(sample.charts().points), PROMQL)
    live.reader.failure = Unreachable("connection refused")
    async with watched(live) as screen:
        assert "last 1 h" in screen.text
        assert "p99" in screen.text
        assert "stale 1 m" in screen.text
        live.reader.failure = None
        await screen.press("ctrl+r")
        assert "stale" not in screen.text
        assert "07:00:00 – 08:00:00" in screen.text


async def test_it_is_asked_at_once_although_something_is_known() -> None:
    live = Live()
    live.known = SpanCharts(SpanQuery(3600.0), NOW - 3700.0, NOW - 100.0, NOW - 100.0, 15.0, measured_lines(sample.charts().points), PROMQL)
    async with watched(live) as screen:
        assert "07:00:00 – 08:00:00" in screen.text


async def test_warnings_of_prometheus_stand_below_the_charts() -> None:
    live = Live()
    live.reader.warnings = ("PromQL warning: one store is away",)
    async with watched(live) as screen:
        assert "! PromQL warning: one store is away" in screen.text


async def test_pods_without_known_metrics_are_told() -> None:
    live = Live()
    live.reader.promql = {}
    async with watched(live) as screen:
        assert "no metrics of a known model server here" in screen.text


async def test_a_key_while_something_else_is_read_is_answered_next() -> None:
    async with watched() as screen:
        await screen.pilot.press("plus", "plus", "plus")
        await screen.settle()
        assert screen.asked[-1].window == 6 * 3600.0
        assert "reading …" not in screen.text


async def test_an_answer_that_nobody_wants_any_more_is_not_waited_for() -> None:
    live = Live()
    live.reader.hangs = 3600.0
    async with watched(live) as screen:
        await screen.press("plus")
        assert (live.reader.hanging, screen.asked[-1].window) == (1, 3600.0)
        await screen.press("plus")
        assert (live.reader.hanging, screen.asked[-1].window) == (0, 3 * 3600.0)
        assert "reading …" not in screen.text
        asked = len(screen.asked)
        await screen.press("minus")
        await screen.press("left")
        assert len(screen.asked) == asked + 1, "the same question is not asked again"
    assert live.reader.hanging == 0


async def test_who_stands_behind_it_hears_why_nothing_could_be_read() -> None:
    live = Live()
    async with watched(live) as screen:
        live.reader.failure = Unreachable("connection refused")
        await screen.passes(30.0)
        await screen.press("escape")
        assert live.shown == [False, True]
        assert live.failures == [None, live.reader.failure]


@pytest.mark.parametrize("size", [(60, 20), (200, 50), (30, 8)])
async def test_any_size_is_painted(size: tuple[int, int]) -> None:
    async with watched(size=size) as screen:
        assert "Live" in screen.text
        await screen.pilot.resize_terminal(120, 40)
        await screen.settle()
        assert screen.asked[-1].kinds >= {ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS}


async def test_q_shows_the_promql_and_says_why_it_cannot() -> None:
    async with watched() as screen:
        await screen.press("Q")
        assert 'sum (rate(x_count{pod=~"iris-.+"}[60s]))' in screen.text
        await screen.press("escape")
        assert "last 30 m" in screen.text
    live = Live()
    live.reader.promql = {}
    async with watched(live) as screen:
        assert "Q promql (nothing is asked)" in screen.text
        await screen.press("Q")
        assert "Live" in screen.text


async def test_help_names_its_keys() -> None:
    async with watched() as screen:
        below = screen.app.screen
        await screen.app.push_screen(HelpScreen(below))
        await screen.settle()
        for told in ("Cursor", "Pause", "A longer window, up to 30 days", "Half a window earlier"):
            assert told in screen.text


async def test_x_asks_what_changed_around_now_the_cursor_or_a_jump() -> None:
    async with watched() as screen:
        await screen.press("x")
        assert screen.live.asked == [ChangeQuestion(NOW)]
        screen.app.pop_screen()
        await screen.press("left", "left", "x")
        assert screen.live.asked[1].moment < NOW
        assert screen.live.asked[1].since == screen.live.asked[1].moment - 15.0
    live = Live()
    slow = tuple((NOW - 1800.0 + 15.0 * at, 0.2 if at > 60 else 0.04) for at in range(120))
    live.reader.lines = {ChartKind.LATENCY: (ChartLine("p99", slow),)}
    async with watched(live) as screen:
        await screen.press("x")
        assert live.asked == [ChangeQuestion(NOW - 885.0, since=NOW - 900.0, jump="p99 40 ms → 200 ms")]


async def test_without_a_cluster_nobody_can_be_asked() -> None:
    async with watched() as screen:
        screen.app.screen.subject = replace(screen.app.screen.subject, what_changed=None)  # type: ignore[attr-defined]
        await screen.press("x")
        assert screen.live.asked == []
