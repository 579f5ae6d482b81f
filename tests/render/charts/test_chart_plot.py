"""Points become dots: no spike is lost, no line has a hole, no gap is bridged."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modeldeck.render.charts.chart_plot import dashed, draw, overlay, reduce
from modeldeck.render.charts.chart_scale import Scale, value_scale

T0 = 1_700_000_000.0
UNIT = Scale(0.0, 1.0, (0.0, 1.0))


@pytest.mark.parametrize("gap", [None, math.nan, math.inf, -math.inf])
def test_a_run_ends_at_a_gap(gap: float | None) -> None:
    points = ((0.0, 0.0), (1.0, 0.0), (2.0, gap), (3.0, 1.0))
    runs = reduce(points, (0.0, 3.0), UNIT, (4, 8), None)
    assert [[column for column, *_ in run] for run in runs] == [[0, 1], [3]]


def test_what_is_not_above_zero_is_a_gap_on_a_logarithmic_axis() -> None:
    runs = reduce(((0.0, 1.0), (1.0, 0.0), (2.0, 10.0)), (0.0, 2.0), Scale(0, 1, (1.0, 10.0), log=True), (3, 8), None)
    assert runs == [[[0, 0, 0, 0, 0]], [[2, 7, 7, 7, 7]]]


def test_points_far_apart_are_not_joined_when_a_gap_is_given() -> None:
    points = ((T0, 1.0), (T0 + 10, 1.0), (T0 + 100, 1.0))
    scale = value_scale([1.0], 3, zero=True, log=False)
    assert len(reduce(points, (T0, T0 + 100), scale, (100, 40), 30.0)) == 2
    assert len(reduce(points, (T0, T0 + 100), scale, (100, 40), None)) == 1


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), max_size=40).map(sorted), st.integers(2, 30), st.integers(2, 30))
def test_each_column_keeps_its_first_last_lowest_and_highest_value(points: list[tuple[float, float]], columns: int, rows: int) -> None:
    def row(value: float) -> int:
        return int(value * (rows - 1) + 0.5)

    runs = reduce(points, (0.0, 10.0), UNIT, (columns, rows), None)
    found = {column: rest for run in runs for column, *rest in run}
    wanted: dict[int, list[int]] = {}
    for at, value in points:
        wanted.setdefault(round(at * ((columns - 1) / 10.0)), []).append(row(value))
    assert found == {column: [told[0], told[-1], min(told), max(told)] for column, told in wanted.items()}


def test_what_lies_outside_is_left_out_in_time_and_held_at_the_edge_in_value() -> None:
    points = ((-5.0, 0.5), (0.0, -3.0), (1.0, 9.0), (7.0, 0.5))
    assert reduce(points, (0.0, 1.0), UNIT, (2, 5), None) == [[[0, 0, 0, 0, 0], [1, 4, 4, 4, 4]]]


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=60))
@example([0.0, 1.1125369292536007e-308])
@example([0.0, 5e-324])
def test_lines_have_no_holes(values: list[float]) -> None:
    points = tuple((float(i), v) for i, v in enumerate(values))
    scale = value_scale(values, 4, zero=False, log=False)
    dots = draw(reduce(points, (0.0, float(len(values) - 1)), scale, (80, 40), None), 80)
    assert all(dots)
    for left, right in pairwise(dots):
        top, bottom = left.bit_length(), (right & -right).bit_length()
        assert bottom <= top + 1
        assert right.bit_length() >= (left & -left).bit_length() - 1


def test_a_steep_line_shares_its_rise_among_the_columns() -> None:
    up = draw([[[0, 0, 0, 0, 0], [4, 8, 8, 8, 8]]], 5)
    assert up == [0b1, 0b110, 0b11000, 0b1100000, 0b110000000]
    down = draw([[[0, 8, 8, 8, 8], [4, 0, 0, 0, 0]]], 5)
    assert down == [0b100000000, 0b11000000, 0b110000, 0b1100, 0b11]


def test_a_flat_line_has_one_dot_in_each_column() -> None:
    assert draw([[[0, 2, 2, 2, 2], [3, 2, 2, 2, 2]]], 4) == [0b100] * 4


def test_the_first_series_wins_a_shared_cell() -> None:
    cells = overlay([[0b1, 0], [0b10, 0b10]], 1, 1)
    assert cells == [(0, 0, chr(0x2800 + 0x40 + 0x04 + 0x20), 0)]


@given(st.lists(st.lists(st.integers(0, 2**8 - 1), min_size=6, max_size=6), min_size=1, max_size=3))
def test_every_dot_is_in_one_cell(layers: list[list[int]]) -> None:
    dots = sum((ord(sign) - 0x2800).bit_count() for _, _, sign, _ in overlay(layers, 3, 2))
    together = [0] * 6
    for layer in layers:
        together = [one | other for one, other in zip(together, layer, strict=True)]
    assert dots == sum(column.bit_count() for column in together)


def test_a_cells_owner_is_the_first_series_with_a_dot_there() -> None:
    cells = overlay([[0b10000, 0], [0b1, 0]], 1, 2)
    assert [(x, y, owner) for x, y, _, owner in cells] == [(0, 1, 1), (0, 0, 0)]


def test_a_dashed_line_has_every_second_cell_and_keeps_a_spike_of_one_point() -> None:
    points = [(float(at), 1.0 if at == 37 else 0.0) for at in range(101)]
    dots = dashed(points, (0.0, 100.0), UNIT, (42, 16), None)
    assert len(dots) == 42
    assert all(bool(found) is (column // 2 % 2 == 0) for column, found in enumerate(dots))
    assert max(dots).bit_length() == 16
