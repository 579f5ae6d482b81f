"""What stands in a pane that has nothing to show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.cell import line_text
from modeldeck.render.text import cells
from modeldeck.widgets.content.placeholders import apology, skeleton
from modeldeck.widgets.content.state import Unavailable

SIZES = (st.integers(0, 100), st.integers(0, 30))


@given(*SIZES)
def test_a_skeleton_stays_in_its_room_and_is_the_same_each_time(width: int, height: int) -> None:
    lines = skeleton(width, height)
    assert len(lines) <= height
    assert all(len(line_text(line)) <= width for line in lines)
    assert all(line_text(line).isascii() for line in lines), "a slow link carries it just before the rows"
    assert skeleton(width, height) == lines


def test_a_skeleton_has_bars_where_names_and_figures_will_stand() -> None:
    assert [line_text(line).count(".") for line in skeleton(60, 10)] == [0, 18, 15, 20]


@given(st.integers(12, 100), st.integers(0, 30), st.text("ab ", max_size=200))
def test_an_apology_is_whole_and_stays_in_its_columns(width: int, height: int, message: str) -> None:
    lines = [line_text(line) for line in apology(Unavailable(message, "wait for it"), width, height)]
    assert all(cells(line) <= max(width, 15) for line in lines)
    told = "".join("".join(lines).split())
    assert told == "○unavailable" + "".join(message.split()) + "waitforit"


def test_it_stands_in_the_upper_middle() -> None:
    def above(height: int) -> int:
        return next(index for index, line in enumerate(apology(Unavailable("x", ""), 40, height)) if "unavailable" in line_text(line))

    assert [above(height) for height in (2, 8, 14, 40)] == [0, 2, 4, 4]
