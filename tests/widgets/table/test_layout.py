from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.widgets.table.layout import GAP, lay_out
from modeldeck.widgets.table.source import Column


@st.composite
def columns(draw: st.DrawFn) -> list[Column[object]]:
    made = []
    for index in range(draw(st.integers(1, 7))):
        least = draw(st.integers(1, 8))
        made.append(
            Column[object](
                f"c{index}",
                "x",
                lambda _row: "",
                min_width=least,
                max_width=least + draw(st.integers(0, 30)),
                weight=draw(st.integers(0, 2)),
                priority=draw(st.integers(0, 3)),
            )
        )
    return made


@given(columns(), st.data(), st.integers(1, 160), st.integers(0, 3))
def test_columns_fit_and_the_first_one_stays(given_columns: list[Column[object]], data: st.DataObject, room: int, skip: int) -> None:
    natural = {column.key: data.draw(st.integers(0, 50)) for column in given_columns}
    layout = lay_out(given_columns, natural, room, skip)
    assert layout.columns[0] is given_columns[0]
    assert sum(layout.widths) + GAP * (len(layout.widths) - 1) <= room
    assert layout.left_out == len(given_columns) - len(layout.columns)
    assert all(width >= 1 for width in layout.widths)
    for column, width in zip(layout.columns[1:], layout.widths[1:], strict=True):
        assert column.min_width <= width <= column.max_width


def make(key: str, width: int, *, weight: int = 0, priority: int = 0) -> Column[object]:
    return Column(key, key, lambda _row: "", min_width=1, max_width=width, weight=weight, priority=priority)


def test_the_least_important_column_leaves_first() -> None:
    three = [make("a", 10), make("b", 10, priority=2), make("c", 10, priority=1)]
    natural = {"a": 10, "b": 10, "c": 10}
    assert [c.key for c in lay_out(three, natural, 34).columns] == ["a", "b", "c"]
    assert [c.key for c in lay_out(three, natural, 30).columns] == ["a", "c"]
    assert [c.key for c in lay_out(three, natural, 20).columns] == ["a"]


def test_a_column_that_is_too_wide_keeps_no_narrower_one_out() -> None:
    four = [make("a", 10), make("b", 4, priority=4), make("wide", 40, priority=1), make("c", 6, priority=3)]
    natural = {"a": 10, "b": 4, "wide": 40, "c": 6}
    assert [c.key for c in lay_out(four, natural, 24).columns] == ["a", "b", "c"]
    assert [c.key for c in lay_out(four, natural, 20).columns] == ["a", "c"]
    assert [c.key for c in lay_out(four, natural, 58).columns] == ["a", "b", "wide"]
    assert [c.key for c in lay_out(four, natural, 66).columns] == ["a", "b", "wide", "c"]


def test_a_column_with_weight_gives_and_takes() -> None:
    two = [make("a", 40, weight=1), make("b", 10)]
    natural = {"a": 20, "b": 10}
    assert lay_out(two, natural, 50).widths == (38, 10)
    assert lay_out(two, natural, 20).widths == (8, 10)


def test_columns_can_be_reached_by_moving_to_the_right() -> None:
    three = [make("a", 10), make("b", 10, priority=2), make("c", 10, priority=1)]
    assert [c.key for c in lay_out(three, {"a": 10, "b": 10, "c": 10}, 24, skip=1).columns] == ["a", "c"]


def test_the_column_under_a_cell() -> None:
    layout = lay_out([make("a", 4), make("b", 4)], {"a": 4, "b": 4}, 20)
    found = [layout.column_at(x) for x in (0, 5, 6, 11, 12)]
    assert [None if column is None else column.key for column in found] == ["a", "a", "b", "b", None]
