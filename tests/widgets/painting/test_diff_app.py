"""The bytes of a DiffApp, fed to a terminal emulator, must show what Textual says is on the screen, whatever happened before."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import ClassVar

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static

from modeldeck.widgets.content.state import Live, Loading, PaneState, Stale, Unavailable
from modeldeck.widgets.painting.screen_buffer import ScreenBuffer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.table import Table
from tests.support.eventually import eventually
from tests.widgets.examples import RUNS, Run, Stage, runs

SIZE = (64, 16)


class Recorder(HeadlessDriver):
    """Keeps what would be written to the terminal."""

    written: ClassVar[list[str]] = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written.append(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def _get_terminal_size(self) -> tuple[int, int]:
        return SIZE


class Over(ModalScreen[None]):
    """A dialogue over the panes."""

    CSS = "Over { align: center middle; } Static { width: 20; height: 3; }"

    def compose(self) -> ComposeResult:
        yield Static("really 日本?")


class Two(Stage):
    """Two panes side by side, on a terminal that is recorded."""

    def __init__(self, theme: str = "dark") -> None:
        self.tables: list[Table[Run]] = [Table(RUNS), Table(RUNS)]
        self.panes = [Pane(table, PaneHead(str(n), "Runs"), id=f"p{n}") for n, table in enumerate(self.tables)]
        super().__init__(self.panes[0], theme)
        self.driver_class = Recorder

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield from self.panes


class Terminal:
    """A terminal emulator that reads the recorder."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(*SIZE)
        self.stream = pyte.Stream(self.screen)
        self.bytes = 0

    def read(self) -> int:
        """Take what was written; the number of bytes."""
        data = "".join(Recorder.written)
        Recorder.written.clear()
        self.stream.feed(data)
        return len(data.encode())

    def looks(self) -> list[list[tuple[str, str, str, bool, bool]]]:
        rows = [[self.screen.buffer[y][x] for x in range(SIZE[0])] for y in range(SIZE[1])]
        return [[(c.data, "" if c.data == " " else c.fg, c.bg, c.bold and c.data != " ", c.reverse) for c in row] for row in rows]


def expected(app: Stage) -> list[list[tuple[str, str, str, bool, bool]]]:
    """What the emulator shows when the whole screen is written by Textual itself."""
    terminal = Terminal()
    strips = app.screen._compositor.render_strips()
    text = LayoutUpdate([[strip] for strip in strips], Region(0, 0, *SIZE)).render_segments(app.console)
    terminal.stream.feed(text.replace("\n", ""))
    return terminal.looks()


NAMES = ["fox", "日本語", "e\u0301clair", "\x1b[31mred", "👩\u200d🔬", "a" * 90, ""]
STATES: list[PaneState] = [Live(), Live(), Loading(), Stale(130, "timed out"), Unavailable("refused", "start it")]


@pytest.fixture(autouse=True)
def _true_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    Recorder.written.clear()


@pytest.mark.parametrize("seed", range(6))
async def test_the_terminal_shows_what_textual_says(seed: int) -> None:
    dice = random.Random(seed)
    app = Two()
    terminal = Terminal()

    async def script(pilot: object) -> None:
        await pilot.pause()  # type: ignore[attr-defined]
        for _ in range(25):
            table, pane = app.tables[dice.randrange(2)], app.panes[dice.randrange(2)]
            match dice.randrange(7):
                case 0:
                    rows = [Run(f"r{n}", dice.choice(NAMES) + str(n), dice.random(), odd=n % 3 == 0) for n in range(dice.randrange(30))]
                    table.update_rows(rows)
                case 1:
                    table.focus()
                case 2:
                    table.action_move(dice.choice([-5, 1, 1, 1, 20]))
                case 3:
                    pane.state = dice.choice(STATES)
                case 4:
                    table.sort_by("accuracy", reverse=dice.random() < 0.5)
                case 5:
                    pane.filter_text = dice.choice(["", "1", "fox"])
                case _ if len(app.screen_stack) == 1:
                    await app.push_screen(Over())
                case _:
                    app.pop_screen()
            await pilot.pause()  # type: ignore[attr-defined]
            terminal.read()
            if len(app.screen_stack) == 1:
                assert terminal.looks() == expected(app)
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=script)


async def test_one_changed_value_costs_few_bytes_and_nothing_costs_none() -> None:
    app = Two()
    terminal = Terminal()
    costs: dict[str, int] = {}

    async def script(pilot: object) -> None:
        rows = runs(20)
        app.tables[1].update_rows(rows)
        await pilot.pause()  # type: ignore[attr-defined]
        terminal.read()
        app.tables[1].update_rows(list(rows))
        await pilot.pause()  # type: ignore[attr-defined]
        costs["equal"] = terminal.read()
        rows[3] = Run("r3", "run-3", 0.5)
        app.tables[1].update_rows(list(rows))
        await pilot.pause()  # type: ignore[attr-defined]
        costs["one value"] = terminal.read()
        app.tables[1].focus()
        await pilot.pause()  # type: ignore[attr-defined]
        costs["focus"] = terminal.read()
        app.forget_terminal()
        await pilot.pause()  # type: ignore[attr-defined]
        costs["everything"] = terminal.read()
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=script)
    assert costs["equal"] == 0
    assert costs["one value"] < 120
    assert costs["focus"] < costs["everything"] * 0.75
    assert costs["everything"] > 1500


@pytest.mark.parametrize(("slow", "seconds"), [(True, 60.0), (True, 0.05), (False, 60.0)])
async def test_of_pictures_that_are_held_only_the_newest_is_written(slow: bool, seconds: float) -> None:
    """Until they are released, or the time is up; and only where bytes are felt."""
    app = Two()
    app.slow_link = slow
    terminal = Terminal()

    async def script(pilot: object) -> None:
        await pilot.pause()  # type: ignore[attr-defined]
        terminal.read()
        app.hold_picture(seconds)
        for count in (3, 9):
            app.tables[0].update_rows(runs(count))
            await pilot.pause()  # type: ignore[attr-defined]
        if slow and seconds == 60.0:
            assert terminal.read() == 0
            app.release_picture()
        await eventually(lambda: Recorder.written)
        terminal.read()
        assert terminal.looks() == expected(app)
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=script)


def test_styles_that_look_the_same_are_not_written_again() -> None:
    buffer = ScreenBuffer()

    def update(style: Style, text: str = "hi there ") -> str:
        layout = LayoutUpdate([[Strip([Segment(text, style)])]], Region(0, 0, 9, 1))
        buffer.compose(layout, (9, 1))
        return buffer.difference(ColorSystem.TRUECOLOR)

    first = update(Style(color="#102030", bgcolor="#000000"))
    assert first.startswith("\x1b[1H")
    assert update(Style(color="rgb(16,32,48)", bgcolor="#000000", bold=False)) == ""
    assert update(Style(color="#102030", bgcolor="#000000"), "hi you   ").startswith("\x1b[1;4H")


ALL = ["bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike", "underline2", "overline"]
GROUNDS = st.tuples(st.sampled_from([None, "#102030", "red"]), st.sampled_from([None, "#405060", "blue"]))


def _style(on: set[str], colors: tuple[str | None, str | None]) -> Style:
    return Style(color=colors[0], bgcolor=colors[1]) + Style.parse(" ".join(sorted(on)))


styles = st.builds(_style, st.sets(st.sampled_from(ALL), max_size=3), GROUNDS)


@given(
    st.lists(st.lists(st.tuples(st.sampled_from(["x", " ", "ab", " " * 14]), styles), min_size=1, max_size=4), min_size=1, max_size=6),
    st.booleans(),
)
def test_any_styles_after_each_other_look_as_they_are_meant(pictures: list[list[tuple[str, Style]]], erases: bool) -> None:
    buffer = ScreenBuffer(erases=erases)
    terminal = pyte.Screen(60, 1)
    stream = pyte.Stream(terminal)
    for parts in pictures:
        strip = Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(60)
        buffer.compose(LayoutUpdate([[strip]], Region(0, 0, 60, 1)), (60, 1))
        stream.feed(buffer.difference(ColorSystem.TRUECOLOR))
        meant = pyte.Screen(60, 1)
        pyte.Stream(meant).feed("".join(_drawn(text, style) for text, style in parts))
        for x in range(sum(len(text) for text, _ in parts)):
            assert _look(terminal.buffer[0][x]) == _look(meant.buffer[0][x])


def test_what_stands_there_already_is_not_written_again() -> None:
    """Two rows of which one half is composed: nothing is known of the first, and of the second all but what has changed stands there."""
    buffer, old = ScreenBuffer(erases=True), Style(color="#808080", bgcolor="#101010")
    buffer.stands(["note".ljust(20), "name      7".ljust(20), "left as it is".ljust(20)], old)
    half: list[Iterable[Strip]] = [[Strip([Segment("head".ljust(10), old)])], [Strip([Segment("name".ljust(10), old)])]]
    buffer.compose(LayoutUpdate(half, Region(0, 0, 10, 2)), (20, 3))
    written = buffer.difference(ColorSystem.TRUECOLOR)
    assert "head" in written
    assert "name" not in written
    assert "\0" not in written
    buffer.compose(LayoutUpdate([[Strip([Segment("name      8".ljust(20), old)])]], Region(0, 1, 20, 1)), (20, 3))
    assert buffer.difference(ColorSystem.TRUECOLOR).endswith("\x1b[2;11H8")


def test_many_blanks_are_erased_where_that_gives_them_their_ground() -> None:
    costs = {}
    for erases in (True, False):
        buffer = ScreenBuffer(erases=erases)
        strip = Strip([Segment("name" + " " * 50 + "7" + " " * 65, Style(bgcolor="#101010"))])
        buffer.compose(LayoutUpdate([[strip]], Region(0, 0, 120, 1)), (120, 1))
        costs[erases] = len(buffer.difference(ColorSystem.TRUECOLOR))
    assert costs[True] + 80 < costs[False]


def _drawn(text: str, style: Style) -> str:
    codes = Strip.render_ansi(style, ColorSystem.TRUECOLOR)
    return f"\x1b[0{';' if codes else ''}{codes}m{text}"


def _look(cell: pyte.screens.Char) -> tuple[object, ...]:
    """What is seen of it: of blanks no colour but where something is drawn through them, and no weight."""
    blank = cell.data == " "
    lines = cell.reverse or cell.underscore or cell.strikethrough or cell.blink
    fg = "" if blank and not lines else cell.fg
    weight = () if blank else (cell.bold, cell.italics)
    return (cell.data, fg, cell.bg, cell.reverse, cell.underscore, cell.strikethrough, *weight)


def test_links_are_opened_and_closed() -> None:
    buffer = ScreenBuffer()
    layout = LayoutUpdate([[Strip([Segment("a"), Segment("link", Style(link="https://x.example")), Segment("b")])]], Region(0, 0, 6, 1))
    buffer.compose(layout, (6, 1))
    written = buffer.difference(ColorSystem.TRUECOLOR)
    assert written.count("\x1b]8;") == 2
    assert written.index(";https://x.example") < written.index("link\x1b]8;;")


def test_after_a_wide_character_the_cursor_is_placed_again() -> None:
    buffer = ScreenBuffer()
    buffer.compose(LayoutUpdate([[Strip([Segment("日x")])]], Region(0, 0, 3, 1)), (3, 1))
    written = buffer.difference(ColorSystem.TRUECOLOR)
    assert "日\x1b[3Gx" in written


@pytest.mark.parametrize(
    ("environment", "allowed"),
    [
        ({"NO_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}, {0, 1, 2, 4, 7, 22, 24, 27, 39, 49}),
        ({"TERM": "xterm", "COLORTERM": ""}, {0, 1, 2, 4, 7, 22, 24, 27, 39, 49, *range(30, 38), *range(90, 98)}),
    ],
)
async def test_poor_terminals_are_sent_only_what_they_know(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], allowed: set[int]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = Two("terminal")

    async def script(pilot: object) -> None:
        app.tables[0].update_rows([Run(f"r{n}", f"run-{n}", 0.5, odd=n % 2 == 0) for n in range(9)])
        app.tables[0].focus()
        app.panes[1].state = Stale(130, "timed out")
        await pilot.pause()  # type: ignore[attr-defined]
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=script)
    written = "".join(Recorder.written)
    codes = {int(code or 0) for found in re.findall(r"\x1b\[([\d;]*)m", written) for code in found.split(";")}
    assert codes <= allowed
    assert 7 in codes


def test_a_colour_of_the_256_is_named_by_its_number_and_any_other_in_full() -> None:
    message = Strip([Segment("cheap ", Style(color="#5fafff", bold=True)), Segment("dear", Style(color="#7cb7ff", bold=True))])
    buffer = ScreenBuffer()
    buffer.compose(LayoutUpdate([[message]], Region(0, 0, 10, 1)), (10, 1))
    written = buffer.difference(ColorSystem.TRUECOLOR)
    assert "\x1b[0;1;38;5;75mcheap " in written
    assert "\x1b[38;2;124;183;255mdear" in written
