from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.cell import Cell, Line, line_text
from modeldeck.render.fold import flow, fold
from modeldeck.render.text import STAND_IN, cells, clean

LINES = st.lists(st.lists(st.builds(Cell, st.text(max_size=40)), max_size=4).map(tuple), max_size=4)


def shown(line: Line, width: int) -> list[str]:
    return [line_text(each) for each in fold([line], width)]


def test_what_fits_stays_as_it_is() -> None:
    line = (Cell("  "), Cell("✔", "ok"), Cell(" rolled  out"))
    assert fold([line, ()], 40) == [line, ()]
    assert fold([line], 0) == [line]


def test_the_last_cell_goes_on_below_its_own_beginning() -> None:
    line = (Cell("REFUSED", "bad"), Cell("  nothing was applied, because the world moved", "muted"))
    assert shown(line, 30) == ["REFUSED  nothing was applied,", "         because the world", "         moved"]
    assert {cell.role for each in fold([line], 30)[1:] for cell in each if cell.text.strip()} == {"muted"}


def test_what_begins_far_to_the_right_goes_on_at_the_left() -> None:
    line = (Cell("  patch template, then await rollout  "), Cell("three replicas rolled out"))
    assert shown(line, 40) == ["  patch template, then await rollout  ", "      three replicas rolled out"]


def test_nothing_but_line_ends_is_one_blank_line() -> None:
    assert [text.strip() for text in shown((Cell("\n" * 40),), 20)] == [""]


@given(LINES, st.integers(8, 60))
def test_nothing_is_lost_and_nothing_reaches_the_edge_but_what_stood_before_the_last_cell(lines: list[Line], width: int) -> None:
    for line in lines:
        parts = fold([line], width)
        whole, found = (clean(line_text(line)), "".join(clean(line_text(each)) for each in parts))
        assert "".join(found.split()).replace("↵", "") == "".join(whole.split()).replace("↵", "")
        folded = [each for each in parts if each != tuple(line[:-1])]
        assert all(cells(clean(line_text(each))) <= width for each in folded)


@given(LINES, st.integers(6, 60))
def test_flowing_lines_fit_and_nothing_but_blanks_is_lost(lines: list[Line], width: int) -> None:
    for line in lines:
        flowed = flow([line], width)
        assert all(cells(clean(line_text(part))) <= width for part in flowed)
        told = "".join(_letters(clean(line_text(part))) for part in flowed)
        assert told == "".join(_letters(clean(cell.text)) for cell in line)


def _letters(text: str) -> str:
    """Without blanks, and without marks: one at the beginning of a cell stands alone there, and on its letter once cells are joined."""
    return "".join(
        one for one in text if one not in (" ", STAND_IN) and not unicodedata.combining(one) and unicodedata.category(one)[0] != "M"
    )


def test_flowing_breaks_between_words_wherever_they_stand_and_keeps_roles() -> None:
    flowed = flow([(Cell("one ", "ok"), Cell("two three", "bad"))], 8)
    assert [line_text(line) for line in flowed] == ["one two", "  three"]
    assert [cell.role for cell in flowed[1]] == ["", "bad"]
