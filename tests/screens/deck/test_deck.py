from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.message import Message
from textual.pilot import Pilot

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Forbidden, Unreachable
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.selection import PaneName as P
from modeldeck.live.hub import LiveQuery, Runs, RunsQuery, Topic
from modeldeck.render.cell import line_text
from modeldeck.screens.deck import deck as deck_module
from modeldeck.screens.deck.deck import Deck, SavedScreen
from modeldeck.screens.deck.messages import CopyRequested, DetailsRequested, PromoteRequested, RollbackRequested
from modeldeck.screens.shared.reading_screen import ReadingScreen
from modeldeck.themes import choose_theme
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.key_order import KeysInOrder
from tests.support import sample

ALL: Mapping[Topic, object] = {
    Topic.EXPERIMENTS: sample.EXPERIMENTS,
    Topic.RUNS: sample.RUNS,
    Topic.REGISTRY: sample.REGISTRY,
    Topic.FLEET: sample.FLEET,
    Topic.STATS: sample.STATS,
    Topic.LIVE: sample.charts(),
}
SCROLL: dict[str, type[events.MouseEvent]] = {"up": events.MouseScrollUp, "down": events.MouseScrollDown}


class Source:
    """Remembers what the deck asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.read_at: float | None = None

    def look_at_runs(self, query: RunsQuery) -> None:
        self.asked.append(query)

    def look_at_run(self, run_id: str) -> None:
        self.asked.append(run_id)

    def older_runs(self) -> None:
        self.asked.append("older")

    def look_at_deployment(self, query: LiveQuery) -> None:
        self.asked.append(query)

    def refresh(self, *topics: Topic) -> None:
        self.asked.append(("refresh", *topics))

    def look_at_aliases(self, aliases: Iterable[tuple[str, str]]) -> None:
        self.aliases = set(aliases)

    def asked_at(self, topic: Topic) -> float | None:
        return self.read_at


class Stage(KeysInOrder[None]):
    def __init__(self, environment: Any = sample.ENVIRONMENT) -> None:
        super().__init__()
        self.deck = Deck(environment, sample.FrozenClock(), "you@box")
        self.source = Source()
        self.wanted: list[Message] = []

    def on_load(self) -> None:
        theme, _ = choose_theme("dark")
        self.register_theme(theme)
        self.theme = theme.name

    def on_mount(self) -> None:
        self.push_screen(self.deck)

    def on_promote_requested(self, message: PromoteRequested) -> None:
        self.wanted.append(message)

    def on_copy_requested(self, message: CopyRequested) -> None:
        self.wanted.append(message)

    def on_details_requested(self, message: DetailsRequested) -> None:
        self.wanted.append(message)

    def on_rollback_requested(self, message: RollbackRequested) -> None:
        self.wanted.append(message)

    def text(self) -> str:
        return "\n".join("".join(segment.text for segment in strip) for strip in self.deck._compositor.render_strips())


@asynccontextmanager
async def stage(
    readings: Mapping[Topic, object] = ALL, *, size: tuple[int, int] = (120, 40), environment: Any = sample.ENVIRONMENT
) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    app = Stage(environment)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.deck.attach(app.source)
        for topic, value in readings.items():
            app.deck.receive(topic, value if isinstance(value, Reading) else sample.reading(value))
        await pilot.pause()
        await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[None], condition: Any) -> None:
    for _ in range(100):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came true")


async def test_what_is_no_deployment_is_named_where_nothing_else_is() -> None:
    nothing = Fleet((), (), ())
    async with stage({**ALL, Topic.FLEET: nothing}) as (app, pilot):
        assert "no deployments in this namespace" in app.text()
        assert "not deployed" in app.text()
        app.deck.name_unhandled(["serving/iris-sts (StatefulSet)", "serving/b (DaemonSet)"])
        await until(pilot, lambda: "only serving/iris-sts (StatefulSet) and 1 more" in app.text())
        assert "on no Deployment" in app.text()
        assert "not deployed" not in app.text()


async def test_the_four_panes_show_the_four_systems_as_one_selection() -> None:
    async with stage() as (app, _):
        text = app.text()
        for message in ("1 Runs ─ all experiments", "2 Versions ─ iris", "3 Deployments ─ serving", "4 Live ─ serving/iris · last 30 m"):
            assert message in text
        assert "! wine" in text
        assert "sunny-cod-6 → iris v7 (champion) → serving/iris r3 → p99" in text


async def test_moving_in_one_pane_moves_the_others_and_asks_for_the_charts() -> None:
    async with stage() as (app, pilot):
        await pilot.press("3", "j")
        await until(pilot, lambda: "2 Versions ─ wine" in app.text())
        assert app.deck.model.selection.deployment == "serving/wine"
        assert app.deck.model.selection.version == "4"
        assert any(isinstance(asked, LiveQuery) and asked.deployment == "wine" for asked in app.source.asked)
        assert "alias champion" in app.text()


async def test_between_models_and_versions_no_row_of_the_one_is_taken_for_the_other() -> None:
    async with stage() as (app, pilot):
        models = {model.name for model in sample.REGISTRY.models}
        for _ in range(4):
            await pilot.press("1", "g", "m", "m", "m", "j", "m")
            await pilot.pause(0.05)
            assert app.deck.model.selection.model in models
            assert "has no version yet" not in app.text()


async def test_a_pinned_pane_stays() -> None:
    async with stage() as (app, pilot):
        await pilot.press("2", "f", "3", "j")
        await until(pilot, lambda: app.deck.model.selection.deployment == "serving/wine")
        await pilot.pause(0.1)
        assert "2 Versions ─ iris" in app.text()


async def test_promote_carries_the_selected_version_and_deployment() -> None:
    async with stage() as (app, pilot):
        await pilot.press("2", "g", "p")
        await until(pilot, lambda: app.wanted)
        wanted = app.wanted[0]
        assert isinstance(wanted, PromoteRequested)
        assert (wanted.model, wanted.version, wanted.row.key) == ("iris", "9", "serving/iris")


async def test_a_key_that_cannot_be_used_says_why_and_does_nothing() -> None:
    async with stage(environment=replace(sample.ENVIRONMENT, read_only=True)) as (app, pilot):
        await pilot.press("2", "g", "p", "b")
        await pilot.pause()
        assert not app.wanted
        assert app.deck.why_not("promote") == "read-only"
        assert "read-only" in app.text()


async def test_a_failed_backend_leaves_its_pane_stale_with_the_reason_and_the_others_live() -> None:
    failed = Reading("prod", sample.RUNS, sample.NOW - 125.0, Unreachable("connection refused", backend="MLflow"))
    async with stage({**ALL, Topic.RUNS: failed}) as (app, _):
        text = app.text()
        assert "stale 2 m" in text
        assert "● Kubernetes" in text
        assert "sunny-elk-2" in text


async def test_what_never_answered_is_unavailable_with_words_and_a_hint_never_blank() -> None:
    failed: Reading[object] = Reading("prod", failure=Forbidden("deployments is forbidden for user ann", backend="Kubernetes"))
    async with stage({**ALL, Topic.FLEET: failed}) as (app, _):
        text = app.text()
        assert "unavailable" in text
        assert "deployments is forbidden for user ann" in text
        assert "ask for the permission" in text


async def test_a_reading_of_another_environment_never_lands() -> None:
    late = Reading("staging", Registry((), ()), sample.NOW)
    async with stage() as (app, pilot):
        app.deck.receive(Topic.REGISTRY, late)
        await pilot.pause()
        assert app.deck.model.registry is sample.REGISTRY


async def test_hostile_names_change_nothing_on_the_screen() -> None:
    hostile = "\x1b]0;x\x07[red]\u202eevil\x9b2J"
    run = replace(sample.run(1), name=hostile)
    async with stage({**ALL, Topic.RUNS: Runs(RunsQuery(), (run,), False)}) as (app, _):
        text = app.text()
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
        assert "[red]" in text
        assert {len(line) for line in text.splitlines()} == {120}


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_small_terminal_shows_one_pane_at_a_time(size: tuple[int, int]) -> None:
    async with stage(size=size) as (app, pilot):
        for key, pane in zip("1234", P, strict=True):
            await pilot.press(key)
            await pilot.pause()
            assert [p for p in P if app.deck.pane(p).display] == [pane]
            assert app.deck.pane(pane).size.width == size[0]


async def test_the_filter_asks_the_server_in_its_own_syntax_and_sifts_with_plain_words() -> None:
    async with stage() as (app, pilot):
        await pilot.press("1", "slash", *"fox", "enter")
        await pilot.pause()
        assert {row.run.name.split("-")[1] for row in app.deck.table(P.RUNS).rows} == {"fox"}
        await pilot.press("slash", *("backspace",) * 3, *"metrics.f1>0.9".replace(".", "\0").split("\0")[0], "full_stop", *"f1>0", "enter")
        await until(pilot, lambda: any(isinstance(asked, RunsQuery) for asked in app.source.asked))
        assert next(asked for asked in app.source.asked if isinstance(asked, RunsQuery)).filter_text == "metrics.f1>0"


async def test_zoom_shows_one_pane_alone_and_back() -> None:
    async with stage() as (app, pilot):
        await pilot.press("3", "z")
        await pilot.pause()
        assert app.deck.pane(P.DEPLOYMENTS).size.width == 120
        await pilot.press("z")
        await pilot.pause()
        assert app.deck.pane(P.RUNS).size.width == 60


async def test_until_the_first_answer_a_pane_shows_what_stood_there_with_its_age() -> None:
    async with stage() as (app, _):
        lines = tuple(app.text().splitlines())
    kept = SavedScreen(lines, sample.NOW - 300.0, 120, 40)
    again = Stage()
    again.deck = Deck(sample.ENVIRONMENT, sample.FrozenClock(), "you@box", kept)
    async with again.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert "as it stood 5 m ago" in again.text()
        assert "sunny-elk-2" in again.text()
        again.deck.receive(Topic.RUNS, sample.reading(Runs(RunsQuery(), (sample.run(11),), False)))
        await pilot.pause()
        await pilot.pause()
        assert "sunny-kid-11" in again.text()
        assert "sunny-elk-2" not in again.text()


async def test_columns_are_chosen_by_marking_them() -> None:
    async with stage() as (app, pilot):
        await pilot.press("1", "z", "C")
        await pilot.pause()
        await pilot.press("slash", *"criterion", "enter", "space", "enter")
        await pilot.pause()
        await pilot.pause()
        assert "criterion" in app.text()
        assert "gini" in app.text()


async def test_marked_runs_are_compared_and_x_leaves_what_differs() -> None:
    async with stage() as (app, pilot):
        await pilot.press("1", "g", "j", "space", "j", "j", "space", "equals_sign")
        await pilot.pause()
        await pilot.pause()
        shown = "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
        assert "Compare" in shown
        assert "criterion" in shown
        await pilot.press("x")
        await pilot.pause()
        shown = "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
        assert "criterion" not in shown
        assert "n_estimators" in shown


async def test_a_key_right_after_a_move_acts_on_what_was_moved_to() -> None:
    """Typed faster than messages travel: nothing may be promoted that the operator has already left."""
    async with stage() as (app, pilot):
        await pilot.press("2")
        table = app.deck.table(P.VERSIONS)
        table.action_first()
        await app.deck.run_action("promote")
        await until(pilot, lambda: app.wanted)
        wanted = app.wanted[0]
        assert isinstance(wanted, PromoteRequested)
        assert wanted.version == "9"


@pytest.mark.parametrize("leave", ["pane('runs')", "next_pane"])
async def test_a_move_counts_even_when_its_pane_is_left_at_once(leave: str) -> None:
    """Typed faster than messages travel: the pane that gets the keys shows what the move led to."""
    async with stage() as (app, pilot):
        await pilot.press("3")
        app.deck.table(P.DEPLOYMENTS).action_move(1)
        await app.deck.run_action(leave)
        assert app.deck.model.selection.deployment == "serving/wine"
        assert app.deck.model.selection.origin is P.DEPLOYMENTS
        await until(pilot, lambda: "2 Versions ─ wine" in app.text())
        await until(pilot, lambda: app.deck.focused_pane is not P.DEPLOYMENTS)
        assert app.deck.model.selection.deployment == "serving/wine"


async def test_a_move_is_not_undone_by_what_arrives_at_the_same_moment() -> None:
    """The table has moved, its message is on its way, and the pane is drawn anew before that has come."""
    async with stage() as (app, pilot):
        await pilot.press("3")
        table = app.deck.table(P.DEPLOYMENTS)
        table.action_move(1)
        app.deck.receive(Topic.FLEET, sample.reading(sample.FLEET))
        await until(pilot, lambda: "2 Versions ─ wine" in app.text())
        assert table.selected_id == app.deck.model.selection.deployment == "serving/wine"


@pytest.mark.parametrize("pane", ["1", "3"])
async def test_going_to_a_run_by_name_is_not_undone_by_the_one_that_was_selected(pane: str) -> None:
    async with stage() as (app, pilot):
        await pilot.press("1", "g", pane)
        last = sample.RUNS.runs[-1].id
        app.deck.go_to(P.RUNS, last)
        await pilot.pause()
        assert app.deck.table(P.RUNS).selected_id == app.deck.model.selection.run_id == last


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_tab_goes_round_the_panes(size: tuple[int, int]) -> None:
    async with stage(size=size) as (app, pilot):
        seen = []
        for _ in P:
            seen.append(app.deck.focused_pane)
            await pilot.press("tab")
            await until(pilot, lambda: app.deck.focused_pane is not seen[-1])
        assert seen == list(P)
        assert app.deck.focused_pane is P.RUNS


async def test_figures_that_are_not_live_are_not_shown_in_the_rows() -> None:
    async with stage() as (app, pilot):
        assert "250 ms" in app.text()
        failed = Reading("prod", sample.STATS, sample.NOW - 60.0, Unreachable("connection refused", backend="Prometheus"))
        app.deck.receive(Topic.STATS, failed)
        await pilot.pause()
        await pilot.pause()
        assert "250 ms" not in app.text()
        assert "○ Prometheus" in app.text() or "◌ Prometheus" in app.text()


async def test_an_address_that_the_last_line_would_cut_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TERM", "TERM_PROGRAM", "VTE_VERSION", "WT_SESSION", "KONSOLE_VERSION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    address = "https://mlflow.example.com/" + "a" * 40
    mlflow = MlflowTarget(address)
    async with stage(size=(80, 24), environment=replace(sample.ENVIRONMENT, mlflow=mlflow)) as (app, pilot):
        page = f"{address}/#/experiments/1/runs/{6:032x}"
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ReadingScreen) and app.screen.query_one(TextView).lines)
        assert "".join(line_text(line) for line in app.screen.query_one(TextView).lines) == page
        assert page in [asked.text for asked in app.wanted if isinstance(asked, CopyRequested)]


async def test_the_wheel_over_the_charts_moves_their_window_to_its_ends() -> None:
    async with stage() as (app, pilot):
        chart = app.deck.pane(P.LIVE).content
        assert "last 30 m" in app.text()
        app.source.asked.clear()
        for wheel, windows in (("up", [900.0]), ("down", [1800.0, 3600.0, 3 * 3600.0, 12 * 3600.0, 24 * 3600.0])):
            for _ in range(8):
                await pilot._post_mouse_events([SCROLL[wheel]], chart, button=0)
            await until(pilot, lambda windows=windows: [getattr(asked, "window", 0) for asked in app.source.asked] == windows)
            app.source.asked.clear()
        assert "last 1 d" in app.text()


async def test_enter_goes_into_the_charts() -> None:
    async with stage() as (app, pilot):
        await pilot.press("4", "enter")
        await until(pilot, lambda: app.wanted)
        (asked,) = app.wanted
        assert isinstance(asked, DetailsRequested)
        assert (asked.what, asked.pane, asked.selection.deployment) == ("open", P.LIVE, "serving/iris")


async def test_what_comes_for_panes_that_are_about_to_follow_is_painted_with_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a key is held one table moves, not four: over a slow link the others would be in its way."""
    monkeypatch.setattr(deck_module, "FOLLOW_AFTER", 3600.0)
    async with stage() as (app, pilot):
        await pilot.press("3", "j")
        await until(pilot, lambda: app.deck._follow_timer is not None)
        app.deck.receive(Topic.RUNS, sample.reading(Runs(RunsQuery(), (sample.run(11),), False)))
        await until(pilot, lambda: not app.deck._flushing)
        assert len(app.deck.table(P.RUNS).rows) > 1
        app.deck._follow()
        await until(pilot, lambda: len(app.deck.table(P.RUNS).rows) == 1)
