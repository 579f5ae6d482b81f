"""Cells to strips: exactly as wide as asked, cleaned, and each role in its style."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from modeldeck.render.cell import ROLES, Cell
from modeldeck.widgets.painting.strips import to_strip

STYLES = {role: Style(color=f"color({index})") for index, role in enumerate(ROLES)}
CELLS = st.builds(Cell, st.text(max_size=12), st.sampled_from(ROLES))


@given(st.lists(CELLS, max_size=6), st.integers(0, 40))
def test_a_strip_is_exactly_as_wide_as_asked_and_instructs_nobody(line: list[Cell], width: int) -> None:
    strip = to_strip(line, STYLES, width)
    assert sum(segment.cell_length for segment in strip) == strip.cell_length == width
    assert not any(ord(character) < 32 or ord(character) == 127 for character in strip.text)


def test_each_role_has_its_style_and_neighbours_of_one_style_are_one_segment() -> None:
    strip = to_strip((Cell("a", "ok"), Cell("b", "ok"), Cell("c", "bad")), STYLES, 5)
    assert [(segment.text, segment.style) for segment in strip] == [("ab", STYLES["ok"]), ("c", STYLES["bad"]), ("  ", STYLES[""])]


def test_the_ground_goes_on_behind_plain_text() -> None:
    assert [segment.text for segment in to_strip((Cell("a", "ok"), Cell("b")), STYLES, 5)] == ["a", "b   "]
    assert [segment.text for segment in to_strip((), STYLES, 3)] == ["   "]


def test_what_is_too_long_ends_with_an_ellipsis_and_nothing_follows_it() -> None:
    assert to_strip((Cell("abcdef"), Cell("x")), STYLES, 4).text == "abc…"
    assert to_strip((Cell("abcd"), Cell("x")), STYLES, 4).text == "abcd"


def test_our_own_texts_are_taken_as_they_are() -> None:
    assert to_strip((Cell("a\tb"),), STYLES, 9, trusted=True).text.startswith("a\tb")
    assert "\t" not in to_strip((Cell("a\tb"),), STYLES, 9).text
