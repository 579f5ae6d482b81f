"""What the pen writes, fed to a terminal emulator, must be the picture, in whichever order it is written."""

from __future__ import annotations

import re

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from modeldeck.widgets.painting.pen import Cursor, spans
from modeldeck.widgets.painting.screen_buffer import ScreenBuffer
from modeldeck.widgets.painting.sgr import canonical
from tests.support import emulator

WIDTH, HEIGHT = 50, 6
PLAIN, NAME, GOOD = Style(bgcolor="#0f1319"), Style(color="#d0d0d0", bgcolor="#0f1319"), Style(color="#87d7af", bgcolor="#0f1319")
BAR = Style(color="#d0d0d0", bgcolor="#22324d", bold=True)
LINED = Style(color="#87d7af", underline=True)
TEXTS = st.sampled_from(["x", " ", "ab c", "│", "─" * 9, "----------", "✔ ok", "日本", "e\u0301", " " * 7, " " * 20, "a" * 30])

pictures = st.lists(
    st.lists(st.tuples(TEXTS, st.sampled_from([PLAIN, NAME, GOOD, BAR, LINED])), max_size=7),
    min_size=HEIGHT,
    max_size=HEIGHT,
)


def picture(parts: list[list[tuple[str, Style]]]) -> LayoutUpdate:
    strips = [Strip([Segment(text, style) for text, style in line]).adjust_cell_length(WIDTH, PLAIN) for line in parts]
    return LayoutUpdate([[strip] for strip in strips], Region(0, 0, WIDTH, HEIGHT))


def looks(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Of blanks only what is seen."""

    def look(cell: pyte.screens.Char) -> tuple[object, ...]:
        blank = cell.data == " "
        return (cell.data, cell.bg, cell.underscore, *(() if blank and not cell.underscore else (cell.fg, not blank and cell.bold)))

    return [[look(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def shown(texts: list[str]) -> pyte.Screen:
    screen = emulator.Screen(WIDTH, HEIGHT)
    stream = emulator.Stream(screen)
    stream.feed("\x1b[?7l")  # no line goes on in the next one: Textual's driver tells a terminal so
    for text in texts:
        stream.feed(text)
    return screen


@given(st.lists(pictures, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_pictures_after_each_other_look_as_they_are_meant(
    given_pictures: list[list[list[tuple[str, Style]]]], erases: bool, repeats: bool
) -> None:
    buffer, texts = ScreenBuffer(erases=erases), []
    buffer.repeats = repeats
    for parts in given_pictures:
        buffer.compose(picture(parts), (WIDTH, HEIGHT))
        texts.append(buffer.difference(ColorSystem.TRUECOLOR))
        whole = ScreenBuffer()
        whole.compose(picture(parts), (WIDTH, HEIGHT))
        # One line at a time is never put into another order.
        by_line = [whole.difference(ColorSystem.TRUECOLOR, 1) for _ in range(HEIGHT)]
        assert looks(shown(texts)) == looks(shown(by_line))


def test_a_table_is_written_style_by_style() -> None:
    rows = [[("name", NAME), (" ", PLAIN), (f"{n} ready", GOOD), ("  ", PLAIN), ("1.0", NAME), (" up", GOOD)] for n in range(HEIGHT)]
    buffer = ScreenBuffer(erases=True)
    buffer.compose(picture(rows), (WIDTH, HEIGHT))
    assert len(re.findall(r"\x1b\[[\d;]*m", buffer.difference(ColorSystem.TRUECOLOR))) == 2


def test_a_column_of_figures_is_reached_by_the_shortest_way() -> None:
    buffer = ScreenBuffer()
    buffer.compose(picture([[(f"run 1{n}", NAME)] for n in range(HEIGHT)]), (WIDTH, HEIGHT))
    buffer.difference(ColorSystem.TRUECOLOR)
    buffer.compose(picture([[(f"run 2{n}", NAME)] for n in range(HEIGHT)]), (WIDTH, HEIGHT))
    assert buffer.difference(ColorSystem.TRUECOLOR) == "\x1b[1;5H2" + "\x1b[B\b2" * (HEIGHT - 1)


def test_a_line_between_two_changes_is_stepped_over_unless_it_costs_less_to_write_it() -> None:
    """The same words between them are written again, words in another style are not."""
    buffer = ScreenBuffer()
    buffer.compose(picture([[("1 is 1 ", NAME), ("ok ", GOOD), ("1", NAME)]] + [[]] * (HEIGHT - 1)), (WIDTH, HEIGHT))
    buffer.difference(ColorSystem.TRUECOLOR)
    buffer.compose(picture([[("2 is 2 ", NAME), ("ok ", GOOD), ("2", NAME)]] + [[]] * (HEIGHT - 1)), (WIDTH, HEIGHT))
    written = buffer.difference(ColorSystem.TRUECOLOR)
    assert "2 is 2" in written
    assert "ok" not in written


def test_blanks_go_with_a_neighbour_on_the_same_ground() -> None:
    name, bar = canonical(NAME), canonical(BAR)
    run = [*[(text, name) for text in "ab"], (" ", canonical(PLAIN)), ("c", canonical(GOOD)), (" ", bar), ("d", bar)]
    found = spans(3, 1, run)
    assert [(span.x, "".join(span.cells), span.style) for span in found] == [(3, "ab ", name), (6, "c", canonical(GOOD)), (7, " d", bar)]
    assert not any(span.blank for span in found)


def test_the_cursor_is_placed_anew_after_what_terminals_may_find_wider() -> None:
    cursor = Cursor(80)
    assert cursor.move(4, 2) == "\x1b[3;5H"
    cursor.write("x")
    assert cursor.move(4, 3) == "\x1b[B\b"
    cursor.write("✔")
    assert cursor.move(4, 4) == "\x1b[5;5H"


def test_in_the_last_column_nobody_knows_where_the_cursor_is() -> None:
    cursor = Cursor(80)
    cursor.move(79, 0)
    cursor.write("x")
    assert cursor.move(79, 1) == "\x1b[2;80H"


def test_a_line_is_drawn_by_repeating_where_the_terminal_does_that() -> None:
    lines = [[("╭" + "─" * 40 + "╮", NAME)], [("x" * 8 + " " + "─" * 3, NAME)], [("─" * WIDTH, NAME)], *[[]] * (HEIGHT - 3)]
    written = {}
    for repeats in (False, True):
        buffer = ScreenBuffer()
        buffer.repeats = repeats
        buffer.compose(picture(lines), (WIDTH, HEIGHT))
        written[repeats] = buffer.difference(ColorSystem.TRUECOLOR)
    assert "\x1b[39b" not in written[False]
    assert "╭─\x1b[39b╮" in written[True]
    assert "x\x1b[7b ───" in written[True]
    assert f"─\x1b[{WIDTH - 2}b─" in written[True], "terminals do not agree on what repeats into the last column"
    assert looks(shown([written[True]])) == looks(shown([written[False]]))
