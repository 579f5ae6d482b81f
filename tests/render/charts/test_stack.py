"""Charts on top of each other: one time axis, every size."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.cell import Cell, line_text
from modeldeck.render.charts.chart_data import ChartData, ChartSeries, Marker
from modeldeck.render.charts.stack import LEAST_HEIGHT, StackedChart, fitting, stack_lines
from modeldeck.render.numbers import duration, plain

T0 = 1_700_000_000.0


def stacked(
    *values: float | None, title: str = "latency", marked: bool = True, cursor: float | None = None, scale: float = 1.0
) -> StackedChart:
    points = tuple((T0 + 10.0 * index, value if value is None else value * scale) for index, value in enumerate(values))
    data = ChartData(
        (ChartSeries(title, points),),
        start=T0,
        end=T0 + 100.0,
        format=duration if scale < 1 else plain,
        markers=(Marker(T0 + 50.0, "v7"),) if marked else (),
        cursor=cursor,
        tz=UTC,
    )
    return StackedChart(data, (Cell(title, "strong"),), (Cell(f"max of {title}"),))


@given(
    st.lists(st.lists(st.none() | st.floats(width=32), max_size=11), max_size=3),
    st.integers(0, 90),
    st.integers(0, 40),
    st.booleans(),
    st.none() | st.floats(T0 - 50, T0 + 150),
)
def test_a_stack_has_exactly_its_size(
    values: list[list[float | None]], width: int, height: int, marked: bool, cursor: float | None
) -> None:
    lines = stack_lines([stacked(*each, marked=marked, cursor=cursor) for each in values], width, height)
    assert len(lines) == height
    assert {cell_len(line_text(line)) for line in lines} <= {width}


def test_one_moment_stands_in_one_column_of_all_charts() -> None:
    """However long the labels of their values are."""
    lines = [line_text(line) for line in stack_lines([stacked(1, 2, scale=0.001), stacked(900000, 2)], 60, 24)]
    marks = {line.index("┊") for line in lines if "┊" in line}
    assert len(marks) == 1
    (column,) = marks
    assert lines[0].index("v7") == column


def test_each_chart_has_its_legend_and_its_statistics_and_all_have_one_axis() -> None:
    lines = [line_text(line) for line in stack_lines([stacked(1, 2, title="one"), stacked(3, 4, title="two")], 60, 24)]
    assert [line.split()[0] for line in lines if line.startswith(("one", "two"))] == ["one", "two"]
    assert sum("max of" in line for line in lines) == 2
    assert sum("╵" in line for line in lines) == 1
    assert "╵" in lines[-1]


def test_without_marks_there_is_no_line_for_their_names() -> None:
    assert line_text(stack_lines([stacked(1, 2, marked=False)], 60, 24)[0]).startswith("latency")


def test_a_chart_without_data_in_sight_says_so() -> None:
    outside = StackedChart(ChartData((ChartSeries("p99", ((T0 - 50.0, 1.0),)),), start=T0, end=T0 + 100.0, empty="nothing here"), (), ())
    for chart in (stacked(None, None), outside):
        text = "\n".join(line_text(line) for line in stack_lines([chart], 60, 12))
        assert ("no data in this window" if chart is not outside else "nothing here") in text
        assert "┤" not in text


def test_as_many_charts_as_there_is_room_for() -> None:
    full = 3 * LEAST_HEIGHT + 2
    assert [fitting(3, height) for height in (0, LEAST_HEIGHT + 2, 2 * LEAST_HEIGHT + 2, full - 1, full, 99)] == [1, 1, 2, 2, 3, 3]


def test_an_earlier_line_is_muted_behind_the_others_and_counts_for_the_scale() -> None:
    data = ChartData((ChartSeries("now", ((0.0, 1.0), (100.0, 1.0))),), start=0.0, end=100.0, earlier=((0.0, 9.0), (100.0, 9.0)))
    lines = stack_lines([StackedChart(data, (), ())], 60, 12)
    roles = {cell.role for line in lines for cell in line if any("⠀" < character <= "⣿" for character in cell.text)}
    assert roles == {"series-1", "muted"}
    alone = stack_lines([StackedChart(replace(data, series=()), (), ())], 60, 12)
    assert any("⠀" < character <= "⣿" for line in alone for cell in line for character in cell.text)
