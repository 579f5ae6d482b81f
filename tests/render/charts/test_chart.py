from __future__ import annotations

import math
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.cell import Line, line_text
from modeldeck.render.charts.chart import PlotFrame, chart_lines, marker_labels
from modeldeck.render.charts.chart_data import ChartData, ChartSeries, Marker
from modeldeck.render.charts.chart_scale import Scale
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


def test_minor_labels_take_the_room_that_is_left_or_their_sign_alone() -> None:
    def labels(*markers: Marker) -> str:
        frame = PlotFrame(0, 21, 4, (0.0, 20.0), Scale(0.0, 1.0, ()))
        return marker_labels(ChartData(markers=markers), frame)[1].text.rstrip()

    version = Marker(10.0, "v7")
    assert labels(version, Marker(2.0, "!Errors", minor=True)) == "  !Errors v7"
    assert labels(version, Marker(4.0, "!Errors", minor=True)) == "    !     v7"
    assert labels(version, Marker(9.0, "!Errors", minor=True)) == "          v7"
    assert labels(version, Marker(11.0, "!Errors", minor=True)) == "          v7"
    assert labels(version, Marker(14.0, "!Errors", minor=True)) == "          v7  !Errors"
    assert labels(version, Marker(2.0, "!日", minor=True)) == "  !       v7"
    assert labels(Marker(9.0, "v6"), version) == "          v7"
    assert labels(Marker(2.0, "↻", minor=True), Marker(3.0, "↻", minor=True)) == "   ↻"


def test_hostile_names_are_harmless() -> None:
    data = ChartData((ChartSeries("\x1b[31m\u202ex", ((T0, 1.0),)),), title="\x1b]0;t\x07", markers=(Marker(T0, "\x1b[0m日"),), tz=UTC)
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(texts(chart_lines(data, 70, 12))))


def test_without_data_it_says_so() -> None:
    assert "no data in this window" in "".join(texts(chart_lines(chart([None, math.nan]), 60, 10)))
