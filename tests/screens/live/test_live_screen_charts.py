"""What the live screen draws, splits, compares, edits and leads to."""

from __future__ import annotations

from dataclasses import replace

from textual.screen import Screen

from modeldeck.domain.changes.change_event import ChangeQuestion
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine
from modeldeck.domain.metrics.charts.compared_time import ComparedTime
from modeldeck.live.pod_groups import VersionPods
from tests.screens.live.staging import BASE, NOW, PROMQL, Live, happened, more, watched


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


async def test_pods_without_known_metrics_are_told() -> None:
    live = Live()
    live.reader.promql = {}
    async with watched(live) as screen:
        assert "no metrics of a known model server here" in screen.text


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
