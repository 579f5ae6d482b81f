from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.geometry import Region

from modeldeck.render.cell import line_text
from modeldeck.render.numbers import age
from modeldeck.widgets.content.state import Live, Loading, PaneState, Stale, Unavailable
from modeldeck.widgets.pane.frame import FrameData, PaneHead, bottom_line, top_line
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.table import Table
from tests.widgets.examples import RUNS, Run, Stage, runs, screen_text

STATES: list[PaneState] = [Loading(), Live(), Stale(130, "connection refused", "is it running?"), Unavailable("403", "ask for a role")]


def pane(count: int = 20, state: PaneState | None = None, *, filters_rows: bool = True) -> Pane:
    table: Table[Run] = Table(RUNS)
    table.update_rows(runs(count))
    return Pane(table, PaneHead("1", "Runs", "iris-training"), state, filters_rows=filters_rows)


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.one_of(st.none(), st.text(max_size=20)),
    st.booleans(),
    st.sampled_from(STATES),
    st.text(max_size=20),
    st.one_of(st.none(), st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))),
    st.integers(4, 120),
)
def test_a_border_is_exactly_as_wide_as_its_pane(
    title: str,
    detail: str,
    figure: str | None,
    pinned: bool,
    state: PaneState,
    filter_text: str,
    counts: tuple[int, int] | None,
    width: int,
) -> None:
    data = FrameData(PaneHead("1", title, detail, figure, pinned), state, False, filter_text, counts)
    for line in (top_line(data, width), bottom_line(data, width)):
        assert cell_len(line_text(line)) == width
        assert "\x1b" not in line_text(line)


def test_the_upper_border_reads_as_designed() -> None:
    data = FrameData(PaneHead("1", "Runs", "iris-training"), Live(), counts=(1204, 1204))
    assert line_text(top_line(data, 50)) == "╭ 1 Runs ─ iris-training ──────────────── 1 204 ─╮".replace("─╮", "╮").replace(
        "── 1 204", "─── 1 204"
    )
    stale = FrameData(PaneHead("1", "Runs", pinned=True), Stale(130, "x"), counts=(12, 1204))
    assert line_text(top_line(stale, 60)).endswith(" ◌ stale 2 m ─ 12 of 1 204 ─ ⊙ pinned ╮")


async def test_states_are_said_in_the_frame_and_in_the_content() -> None:
    stage = pane()
    app = Stage(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        stage.state = Stale(130, "connection refused", "is MLflow running?")
        await pilot.pause()
        lines = screen_text(app)
        assert "◌ stale 2 m" in lines[0]
        assert "connection refused · is MLflow running?" in lines[-1]
        assert "run-0" in lines[2]
        stage.state = Unavailable("403 forbidden", "ask for the role “view”")
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert "○ unavailable" in text
        assert "403 forbidden" in text
        assert "ask for the role “view”" in text
        assert "run-0" not in text
        stage.state = Live()
        await pilot.pause()
        assert "run-0" in screen_text(app)[2]
        assert "20" in screen_text(app)[0]


async def test_stale_content_looks_other_than_live_content() -> None:
    stage = pane()
    app = Stage(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        await pilot.pause()
        live = app.screen._compositor.render_strips()[4]
        stage.state = Stale(5, "timed out")
        await pilot.pause()
        stale = app.screen._compositor.render_strips()[4]
        assert live.text == stale.text
        assert live != stale


async def test_only_the_line_of_the_age_is_painted_when_only_the_age_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = pane(state=Stale(130, "timed out"))
    app = Stage(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        await pilot.pause()
        regions: list[Region] = []
        refresh = Pane.refresh

        def recorded(self: Pane, *asked: Region, **kw: bool) -> Pane:
            regions.extend(asked)
            return refresh(self, *asked, **kw)

        monkeypatch.setattr(Pane, "refresh", recorded)
        stage.state = Stale(140, "timed out")
        assert age(130) == age(140)
        assert regions == []
        stage.state = Stale(200, "timed out")
        assert [(region.y, region.height) for region in regions] == [(0, 1)]


async def test_a_filter_is_typed_kept_and_cleared() -> None:
    stage = pane()
    app = Stage(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        stage.focus_content()
        await pilot.press("slash")
        await pilot.press(*"run-1")
        await pilot.pause()
        assert "/run-1" in screen_text(app)[-1]
        assert "11 of 20" in screen_text(app)[0]
        await pilot.press("enter")
        await pilot.pause()
        assert "/run-1 " in screen_text(app)[-1]
        assert isinstance(app.focused, Table)
        assert [(m.text, m.final) for m in app.of(Pane.Filtered)][-1] == ("run-1", True)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.filter_text == ""
        assert "/run-1" not in screen_text(app)[-1]


async def test_escape_abandons_a_filter_that_is_being_typed() -> None:
    stage = pane()
    app = Stage(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        stage.focus_content()
        await pilot.press("slash", "!", "1", "escape")
        await pilot.pause()
        assert stage.filter_text == ""
        assert isinstance(app.focused, Table)
        assert len(stage.content.rows) == 20  # type: ignore[attr-defined]


async def test_letters_go_into_the_filter_and_not_to_bindings() -> None:
    class Quitting(Stage):
        BINDINGS = [Binding("q", "exit"), Binding("1", "exit")]  # noqa: RUF012

    stage = pane()
    app = Quitting(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        stage.focus_content()
        await pilot.press("slash", "q", "1", "j")
        assert app.is_running
        assert stage.filter_text == "q1j"


async def test_a_backends_own_filter_leaves_the_rows_alone() -> None:
    stage = pane(filters_rows=False)
    app = Stage(stage)
    async with app.run_test(size=(70, 12)) as pilot:
        stage.focus_content()
        await pilot.press("slash", *"a>1", "enter")
        assert [(m.text, m.final) for m in app.of(Pane.Filtered)][-1] == ("a>1", True)
        assert len(stage.content.rows) == 20  # type: ignore[attr-defined]


async def test_focus_is_seen_without_colour() -> None:
    one, two = pane(), pane()

    class Two(Stage):
        def compose(self) -> ComposeResult:
            with Horizontal():
                yield one
                yield two

    app = Two(one)
    async with app.run_test(size=(80, 12)) as pilot:
        two.focus_content()
        await pilot.pause()
        titles = [segment for segment in app.screen._compositor.render_strips()[0] if "1 Runs" in segment.text]
        assert [bool(segment.style and segment.style.reverse) for segment in titles] == [False, True]
        one.focus_content()
        await pilot.pause()
        titles = [segment for segment in app.screen._compositor.render_strips()[0] if "1 Runs" in segment.text]
        assert [bool(segment.style and segment.style.reverse) for segment in titles] == [True, False]


@pytest.mark.parametrize("size", [(4, 3), (10, 4), (60, 20)])
@pytest.mark.parametrize("state", STATES)
async def test_every_state_paints_at_every_size(size: tuple[int, int], state: PaneState) -> None:
    app = Stage(pane(state=state))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert {cell_len(line) for line in screen_text(app)} == {size[0]}
