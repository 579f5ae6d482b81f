from __future__ import annotations

import math
from datetime import UTC
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.cell import Line, line_text
from modeldeck.render.chart import chart_lines
from modeldeck.render.chart_data import ChartData, ChartSeries, Marker, last_value, value_at
from modeldeck.render.chart_plot import draw, overlay, reduce
from modeldeck.render.chart_scale import time_ticks, value_scale
from modeldeck.render.numbers import duration

T0 = 1_700_000_000.0
VALUE = st.one_of(st.none(), st.floats(width=32))
SERIES = st.lists(st.lists(VALUE, max_size=40), max_size=5)


def chart(*series: list[float | None], step: float = 10.0, **options: object) -> ChartData:
    lines = tuple(ChartSeries(f"s{n}", tuple((T0 + i * step, v) for i, v in enumerate(values))) for n, values in enumerate(series))
    return ChartData(series=lines, tz=UTC, **options)  # type: ignore[arg-type]


def texts(lines: list[Line]) -> list[str]:
    return [line_text(line) for line in lines]


@given(SERIES, st.integers(1, 90), st.integers(1, 30), st.booleans(), st.booleans(), st.one_of(st.none(), st.floats(0, 1e6)))
def test_every_chart_has_exactly_its_size(
    series: list[list[float | None]], width: int, height: int, zero: bool, log: bool, bound: float | None
) -> None:
    data = chart(*series, zero=zero, log=log, bound=bound, title="latency", markers=(Marker(T0 + 50, "v1→v2"),), cursor=T0 + 20)
    lines = texts(chart_lines(data, width, height))
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {width}


def test_a_spike_of_one_point_survives() -> None:
    values: list[float | None] = [1.0] * 5000
    values[1234] = 100.0
    plot = texts(chart_lines(chart(values), 60, 20))[1:-1]
    tall = [row for row in plot if any("\u2800" < c <= "\u28ff" for c in row)]
    assert len(tall) >= len(plot) - 1


def test_gaps_are_blank_and_never_move_the_bounds() -> None:
    with_gaps: list[float | None] = [1.0, math.inf, -math.inf, math.nan, None, 2.0]
    without = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0]
    axis = [row[:2] for row in texts(chart_lines(chart(with_gaps), 60, 12))[1:-1]]
    assert axis == [row[:2] for row in texts(chart_lines(chart(list(without)), 60, 12))[1:-1]]
    assert len(reduce(chart(with_gaps).series[0].points, (T0, T0 + 50), value_scale([1, 2], 3, zero=True, log=False), (100, 40), None)) == 2


def test_points_far_apart_are_not_joined_when_a_gap_is_given() -> None:
    points = ((T0, 1.0), (T0 + 10, 1.0), (T0 + 100, 1.0))
    scale = value_scale([1.0], 3, zero=True, log=False)
    assert len(reduce(points, (T0, T0 + 100), scale, (100, 40), 30.0)) == 2
    assert len(reduce(points, (T0, T0 + 100), scale, (100, 40), None)) == 1


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


def test_the_first_series_wins_a_shared_cell() -> None:
    cells = overlay([[0b1, 0], [0b10, 0b10]], 1, 1)
    assert cells == [(0, 0, chr(0x2800 + 0x40 + 0x04 + 0x20), 0)]


def test_legend_has_symbol_name_and_newest_value() -> None:
    legend = texts(chart_lines(chart([0.01, 0.02, None], [0.03, 0.041], format=duration), 60, 10))[0]
    assert "● s0 20 ms" in legend
    assert "◆ s1 41 ms" in legend


def test_each_line_ends_with_its_symbol() -> None:
    """So that lines can be told apart without colour."""
    rows = texts(chart_lines(chart([1.0, 1.0], [9.0, 9.0]), 60, 16))
    ends = [row[-1] for row in rows[1:-1] if row[-1] != " "]
    assert ends == ["◆", "●"]


def test_cursor_reads_values_and_time() -> None:
    legend = texts(chart_lines(chart([1.0, 2.0, 3.0], cursor=T0 + 10), 60, 10))[0]
    assert legend.startswith("22:13:30  ● s0 2")


def test_bound_and_markers_are_drawn() -> None:
    rows = texts(chart_lines(chart([1.0, 2.0, 3.0], bound=2.5, bound_name="max", markers=(Marker(T0 + 10, "v1→v2"),)), 60, 14))
    assert "╌ max 2.5" in rows[0]
    assert rows[1].index("v1→v2") == rows[3].index("┊")
    assert any("╌╌╌╌" in row for row in rows[2:])


def test_hostile_names_are_harmless() -> None:
    data = ChartData((ChartSeries("\x1b[31m\u202ex", ((T0, 1.0),)),), title="\x1b]0;t\x07", markers=(Marker(T0, "\x1b[0m日"),), tz=UTC)
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(texts(chart_lines(data, 70, 12))))


def test_without_data_it_says_so() -> None:
    assert "no data in this window" in "".join(texts(chart_lines(chart([None, math.nan]), 60, 10)))


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.integers(1, 12), st.booleans())
def test_a_scale_holds_all_values_between_round_ticks(values: list[float], ticks: int, zero: bool) -> None:
    scale = value_scale(values, ticks, zero=zero, log=False)
    slack = (scale.high - scale.low) * 1e-6
    assert scale.low - slack <= min(values)
    assert max(values) <= scale.high + slack
    assert len(scale.ticks) <= 2 * ticks + 3


def test_log_scale_has_powers_of_ten() -> None:
    assert value_scale([0.02, 3.0, -1.0], 3, zero=True, log=True).ticks == (0.01, 0.1, 1.0, 10.0)


@pytest.mark.parametrize(("span", "labels"), [(60, ["22:13:20", "22:13:50"]), (1800, ["22:20", "22:30", "22:40"])])
def test_clock_times_are_round(span: float, labels: list[str]) -> None:
    found = [label for _, label in time_ticks(T0, T0 + span, 40, UTC)]
    assert set(labels) <= set(found) or all(label.endswith(("0", "5")) for label in found)


def test_values_are_found_near_a_time() -> None:
    points = ((0.0, 1.0), (10.0, None), (20.0, 3.0))
    assert value_at(points, 1.0, 2.0) == 1.0
    assert value_at(points, 10.0, 2.0) is None
    assert value_at(points, 30.0, 5.0) is None
    assert value_at((), 0.0, 5.0) is None
    assert last_value(points) == 3.0
