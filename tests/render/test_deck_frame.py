from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.deck_frame import LOW, NARROW, empty_panes


@given(st.integers(1, 300), st.integers(1, 100))
def test_it_fills_the_screen_or_is_not_there(columns: int, rows: int) -> None:
    lines = empty_panes(columns, rows)
    assert lines == [] or (len(lines) == rows and {len(line) for line in lines} == {columns})
    if columns >= 8 and rows >= 6:
        assert lines


@given(st.integers(8, 300), st.integers(6, 100))
def test_every_pane_is_closed(columns: int, rows: int) -> None:
    text = "".join(empty_panes(columns, rows))
    panes = 1 if columns < NARROW or rows < LOW else 4
    assert [text.count(corner) for corner in "╭╮╰╯"] == [panes] * 4
    assert text.count("│") % 2 == 0
