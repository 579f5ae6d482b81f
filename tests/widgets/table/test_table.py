from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from textual.geometry import Region

from modeldeck.render.cell import Cell
from modeldeck.widgets.content.state import Loading, Unavailable
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.table import Table
from tests.widgets.examples import RUNS, Run, Stage, runs, screen_text


def table(count: int = 50) -> Table[Run]:
    made: Table[Run] = Table(RUNS)
    made.update_rows(runs(count))
    return made


def watch_repaints(widget: Table[Any], monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """The regions that the widget asks to be painted again, from now on; a whole repaint counts as its whole region."""
    regions: list[Region] = []
    refresh = Table.refresh

    def record(self: Table[Any], *asked: Region, **options: Any) -> Table[Any]:
        if self is widget:
            regions.extend(asked or [self.size.region])
        return refresh(self, *asked, **options)

    monkeypatch.setattr(Table, "refresh", record)
    return regions


async def test_shows_rows_under_a_header() -> None:
    app = Stage(table(3))
    async with app.run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        lines = screen_text(app)
    assert lines[0].split() == ["run", "accuracy", "odd"]
    assert lines[1].split() == ["▸", "run-0", "0.0000", "–"]
    assert lines[3].split() == ["run-2", "0.7327", "–"]
    assert not lines[4].strip()


@pytest.mark.parametrize(
    ("keys", "row"),
    [(["j"], 1), (["down", "down", "k"], 1), (["G"], 49), (["G", "g"], 0), (["pagedown"], 9), (["end", "pageup"], 40), (["k"], 0)],
)
async def test_keys_move_the_selection(keys: list[str], row: int) -> None:
    stage = table()
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        await pilot.press(*keys)
        assert stage.selected_id == f"r{row}"
        await pilot.pause()
        assert any("▸" in line and f"run-{row} " in line for line in screen_text(app))


async def test_the_selected_object_stays_selected_when_rows_move() -> None:
    stage = table()
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        await pilot.press("j", "j", "j")
        stage.update_rows([Run("new", "new"), *reversed(runs(50))])
        assert stage.selected_id == "r3"
        stage.sort_by("accuracy", reverse=True)
        assert stage.selected_id == "r3"
        stage.filter_rows("run-3")
        assert stage.selected_id == "r3"
        assert stage.selected_row == runs(50)[3]
        await pilot.pause()
        assert any("▸" in line and "run-3 " in line for line in screen_text(app))


async def test_a_selected_object_that_leaves_is_replaced_and_said() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        await pilot.press("G")
        stage.update_rows(runs(4))
        await pilot.pause()
        assert stage.selected_id == "r3"
        stage.update_rows([])
        await pilot.pause()
        assert app.of(Table.Selected)[-1].row is None
        assert "no runs" in screen_text(app)[1]


async def test_an_object_can_be_selected_before_it_is_there() -> None:
    stage = table(3)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.select("r7")
        stage.update_rows(runs(10))
        await pilot.pause()
        assert stage.selected_id == "r7"
        stage.select("later")
        await pilot.press("tab", "k")
        stage.update_rows([*runs(10), Run("later", "later")])
        assert stage.selected_id == "r6"


async def test_messages_for_selecting_opening_and_marking() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        await pilot.press("j", "space", "enter")
        assert app.of(Table.Selected)[-1].row_id == "r1"
        assert app.of(Table.Opened)[-1].row == runs(5)[1]
        assert app.of(Table.Marked)[-1].row_ids == frozenset({"r1"})
        await pilot.pause()
        assert any("◆run-1" in line for line in screen_text(app))
        await pilot.press("space")
        assert stage.marked_ids == frozenset()


async def test_clicks_select_open_and_sort() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.click(Table, offset=(10, 3))
        assert stage.selected_id == "r2"
        await pilot.click(Table, offset=(10, 3), times=2)
        assert app.of(Table.Opened)[-1].row_id == "r2"
        await pilot.click(Table, offset=(4, 0))
        assert stage.sorted_by == ("name", False)
        await pilot.click(Table, offset=(4, 0))
        assert stage.sorted_by == ("name", True)


async def test_sorting_by_keys_goes_through_the_columns_and_back() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        await pilot.press("s", "s")
        assert stage.sorted_by == ("accuracy", True)
        await pilot.pause()
        assert "accuracy ▾" in screen_text(app)[0]
        await pilot.press("S")
        await pilot.pause()
        assert "accuracy ▴" in screen_text(app)[0]
        await pilot.press("s")
        assert stage.sorted_by[0] is None
        assert [run.id for run in stage.rows] == [run.id for run in runs(5)]


async def test_equal_rows_repaint_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = table()
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        regions = watch_repaints(stage, monkeypatch)
        stage.update_rows(runs(50))
        stage.refresh_cells()
        assert regions == []


async def test_one_changed_value_repaints_its_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = table()
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        regions = watch_repaints(stage, monkeypatch)
        rows = runs(50)
        rows[4] = replace(rows[4], accuracy=0.5)
        rows[40] = replace(rows[40], accuracy=0.5)
        stage.update_rows(rows)
        assert [(region.y, region.height) for region in regions] == [(5, 1)]
        await pilot.pause()
        assert "0.5000" in screen_text(app)[5]


async def test_only_rows_in_sight_are_formatted() -> None:
    formatted: list[str] = []

    def name(run: Run) -> str:
        formatted.append(run.id)
        return run.name

    stage: Table[Run] = Table(TableSource(columns=(Column("name", "run", name),)))
    stage.update_rows(runs(10_000))
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert len(formatted) < 60
        before = len(formatted)
        stage.focus()
        await pilot.press("j", "j", "k")
        stage.update_rows(stage.rows)
        await pilot.pause()
        assert len(formatted) - before <= 1


async def test_backend_strings_are_shown_and_never_obeyed() -> None:
    name = "\x1b]0;x\x07[red]\u202e日本"
    stage: Table[Run] = Table(RUNS)
    stage.update_rows([Run("a", name, odd=True), Run("b", "plain")])
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
    assert "␛]0;x␇[red]·日本" in strips[1].text
    assert {strip.cell_length for strip in strips} == {60}
    assert strips[1].text.startswith("▸! ")


async def test_a_cover_stands_instead_of_rows_and_keys_do_nothing() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        stage.state = Unavailable("connection refused", "is it running?")
        await pilot.press("j", "enter", "space")
        await pilot.pause()
        message = "\n".join(screen_text(app))
        assert "connection refused" in message
        assert "is it running?" in message
        assert "run-1" not in message
        assert app.of(Table.Opened) == []
        stage.state = Loading()
        await pilot.pause()
        assert "......" in "\n".join(screen_text(app))


async def test_other_columns_for_the_same_rows() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.focus()
        await pilot.press("j")
        stage.set_source(TableSource(columns=(Column("id", "identity", lambda run: Cell(run.id)),)))
        await pilot.pause()
        assert screen_text(app)[0].strip() == "identity"
        assert stage.selected_id == "r1"


async def test_narrow_screens_drop_columns_and_the_arrows_bring_them() -> None:
    stage = table(5)
    app = Stage(stage)
    async with app.run_test(size=(20, 10)) as pilot:
        stage.focus()
        await pilot.pause()
        assert "odd" not in screen_text(app)[0]
        assert screen_text(app)[0].rstrip().endswith("›")
        await pilot.press("right")
        await pilot.pause()
        assert "odd" in screen_text(app)[0]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 3), (200, 60)])
async def test_any_size_paints(size: tuple[int, int]) -> None:
    app = Stage(table(30))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert {len(line) for line in screen_text(app)} == {size[0]}


class SelectionMachine(RuleBasedStateMachine):
    """Whatever happens, the table's selection is a row that is seen, at the position that the table believes."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Table[Run] = Table(RUNS)
        self.known: set[str] = set()

    @rule(ids=st.lists(st.integers(0, 12), unique=True, max_size=10))
    def update(self, ids: list[int]) -> None:
        before = self.table.selected_id
        self.table.update_rows([Run(f"r{n}", f"run-{n}", n / 7 if n % 3 else None) for n in ids])
        if before in {run.id for run in self.table.rows}:
            assert self.table.selected_id == before

    @rule(key=st.sampled_from([None, "name", "accuracy", "odd"]), reverse=st.booleans())
    def sort(self, key: str | None, reverse: bool) -> None:
        before = self.table.selected_id
        self.table.sort_by(key, reverse=reverse)
        assert self.table.selected_id == before

    @rule(text=st.sampled_from(["", "1", "!1", "run-2", "zzz"]))
    def narrow(self, text: str) -> None:
        self.table.filter_rows(text)

    @rule(steps=st.integers(-4, 4))
    def move(self, steps: int) -> None:
        self.table.action_move(steps)

    @invariant()
    def selection_is_seen(self) -> None:
        rows = list(self.table.rows)
        if not rows:
            assert self.table.selected_id is None
            assert self.table.selected_row is None
        else:
            row = self.table.selected_row
            assert row in rows
            assert row is not None
            assert row.id == self.table.selected_id


TestSelection = SelectionMachine.TestCase
TestSelection.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


async def test_who_looks_at_the_top_sees_what_arrives_there() -> None:
    """Even where that pushes the selected row, which another pane chose, out of sight."""
    stage = table(20)
    app = Stage(stage)
    async with app.run_test(size=(60, 10)) as pilot:
        stage.select("r8")
        await pilot.pause()
        stage.update_rows([replace(runs(1)[0], id="new", name="brand-new"), *runs(20)])
        stage.select("r8")
        await pilot.pause()
        assert "brand-new" in screen_text(app)[1]
        assert stage.selected_id == "r8"
        await pilot.resize_terminal(60, 8)
        await pilot.pause()
        assert any("▸" in line for line in screen_text(app))


async def test_a_key_keeps_the_next_rows_in_sight_and_a_click_moves_nothing() -> None:
    stage = table(30)
    app = Stage(stage)
    async with app.run_test(size=(60, 17)) as pilot:  # sixteen rows below the header
        shown = [stage.selected_id]

        async def place() -> int:
            await pilot.pause()
            return next(at for at, line in enumerate(screen_text(app)) if "▸" in line)

        await pilot.press(*"j" * 12)
        assert await place() == 13
        await pilot.press("j", "j")
        assert await place() == 13, "three rows below it"
        await pilot.press(*"k" * 11)
        assert await place() == 4, "three rows above it"
        await pilot.click(Table, offset=(5, 16))
        assert await place() == 16
        await pilot.press("G")
        assert await place() == 16, "the last one"
        shown.append(stage.selected_id)
    assert shown == ["r0", "r29"]
