"""What the live screen asks and shows of its time: windows, cursor, pause, the past, and a Prometheus that is away."""

from __future__ import annotations

import pytest
from textual import events

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import measured_lines
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.screens.shared.help import HelpScreen
from modeldeck.widgets.content.chart_stack import ChartStack
from tests.screens.live.staging import NOW, PROMQL, Live, watched
from tests.support import sample


async def test_three_charts_over_one_axis_with_units_statistics_and_the_version_by_name() -> None:
    async with watched() as screen:
        for told in ("Live ─ serving/iris · last 30 m", "step 15 s", "Jan 15 07:30:00 – 08:00:00", "v7", "● p99 46 ms", "mean 36/s", "0 %"):
            assert told in screen.text
        assert screen.text.count("╵08:00") + screen.text.count("╵07:45") == 1
        assert screen.live.shown == [False]


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


async def test_help_names_its_keys() -> None:
    async with watched() as screen:
        below = screen.app.screen
        await screen.app.push_screen(HelpScreen(below))
        await screen.settle()
        for told in ("Cursor", "Pause", "A longer window, up to 30 days", "Half a window earlier"):
            assert told in screen.text
