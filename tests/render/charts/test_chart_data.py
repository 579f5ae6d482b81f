"""What a chart shows: its window, and the values of its series."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.charts.chart_data import ChartData, ChartSeries, finite, last_value, value_at

TIMES = st.floats(-1e9, 1e9)


def test_values_are_found_near_a_time() -> None:
    points = ((0.0, 1.0), (10.0, None), (20.0, 3.0))
    assert value_at(points, 1.0, 2.0) == 1.0
    assert value_at(points, 10.0, 2.0) is None
    assert value_at(points, 30.0, 5.0) is None
    assert value_at((), 0.0, 5.0) is None
    assert last_value(points) == 3.0


@pytest.mark.parametrize("gap", [None, math.nan, math.inf, -math.inf])
def test_a_gap_is_no_value(gap: float | None) -> None:
    assert finite(gap) is None
    assert last_value(((0.0, 1.0), (1.0, gap))) == 1.0
    assert last_value(((0.0, gap),)) is None
    assert finite(0.0) == 0.0


@given(st.lists(TIMES, unique=True, min_size=1, max_size=8).map(sorted), TIMES)
def test_of_all_points_the_nearest_is_read(times: list[float], at: float) -> None:
    points = tuple((time, float(index)) for index, time in enumerate(times))
    found = value_at(points, at, 1e10)
    assert found is not None
    assert abs(times[int(found)] - at) == min(abs(time - at) for time in times)


def test_the_window_is_that_of_all_points_unless_it_is_said() -> None:
    series = (ChartSeries("a", ((5.0, 1.0), (7.0, None))), ChartSeries("b", ((3.0, 1.0),)), ChartSeries("c", ()))
    assert ChartData(series).window == (3.0, 7.0)
    assert ChartData(series, start=0.0).window == (0.0, 7.0)
    assert ChartData(series, end=9.0).window == (3.0, 9.0)


@pytest.mark.parametrize(
    "data", [ChartData((ChartSeries("a", ((5.0, 1.0),)),)), ChartData(start=5.0, end=5.0), ChartData(start=5.0, end=1.0)]
)
def test_a_window_has_a_width(data: ChartData) -> None:
    assert data.window == (5.0, 6.0)


def test_without_points_there_is_a_window_too() -> None:
    assert ChartData().window == (0.0, 1.0)
