from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.widgets.table.view import TableView, in_order
from tests.widgets.examples import RUNS, Run, runs

VALUES = st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=5)), max_size=40)


def missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


@given(VALUES, st.booleans())
def test_order_is_stable_and_missing_values_are_last(values: list[float | str | None], reverse: bool) -> None:
    rows = list(enumerate(values))
    ordered = in_order(rows, lambda row: row[1], reverse)
    assert sorted(ordered, key=lambda row: row[0]) == rows
    kinds = [2 if missing(v) else 1 if isinstance(v, str) else 0 for _, v in ordered]
    assert kinds == sorted(kinds)
    numbers = [(v, n) for n, v in ordered if isinstance(v, float) and not math.isnan(v)]
    expected = sorted(numbers, key=lambda pair: (-pair[0] if reverse else pair[0], pair[1]))
    assert numbers == expected
    assert [n for n, v in ordered if missing(v)] == [n for n, v in rows if missing(v)]


@given(st.text(alphabet="run-0123x!", max_size=5), st.integers(0, 60))
def test_a_filter_and_its_inverse_share_the_rows(text: str, count: int) -> None:
    text = text.strip("! ")
    view = TableView(RUNS)
    view.load(runs(count))
    view.filter(text)
    kept = {run.id for run in view.rows}
    view.filter("!" + text)
    rest = {run.id for run in view.rows}
    everything = {run.id for run in runs(count)}
    assert kept | rest == everything
    assert not (kept & rest) or not text


def test_filter_ignores_case_and_looks_in_every_cell() -> None:
    view = TableView(RUNS)
    view.load([Run("a", "Sunny-Fox"), Run("b", "owl", odd=True)])
    view.filter("sunny")
    assert [run.id for run in view.rows] == ["a"]
    view.filter("ODD")
    assert [run.id for run in view.rows] == ["b"]


def test_a_changed_row_is_filtered_by_its_new_text() -> None:
    view = TableView(RUNS)
    view.load([Run("a", "fox")])
    view.filter("fox")
    view.load([Run("a", "owl")])
    assert view.rows == []


def test_positions_follow_the_order() -> None:
    view = TableView(RUNS)
    view.load(runs(5))
    view.sort("accuracy", reverse=True)
    assert [view.position(run.id) for run in view.rows] == [0, 1, 2, 3, 4]
    assert view.position("gone") is None
