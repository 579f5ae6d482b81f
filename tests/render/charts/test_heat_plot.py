"""A heatmap of any size, and what its cells say."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.ascii import to_ascii
from modeldeck.render.cell import line_text
from modeldeck.render.charts.chart import PlotFrame
from modeldeck.render.charts.chart_scale import Scale
from modeldeck.render.charts.heat_plot import LEVELS, HeatData, filled, heat_lines, label, label_width
from modeldeck.render.numbers import duration

BOUNDS = (0.01, 0.05, 0.1, math.inf)


def frame(width: int, height: int, end: float = 100.0) -> PlotFrame:
    return PlotFrame(8, width, height, (0.0, end), Scale(0.0, 1.0, ()))


def heat(*rows: tuple[float, ...], step: float = 10.0) -> HeatData:
    return HeatData(BOUNDS, tuple((step * place, row) for place, row in enumerate(rows)), step, duration)


def drawn(data: HeatData, width: int, height: int, cursor: float | None = None) -> list[str]:
    return [line_text(line) for line in heat_lines(data, frame(width, height), cursor)]


@given(
    st.lists(st.tuples(*[st.floats(0, 1e6)] * 4), max_size=12),
    st.integers(1, 60),
    st.integers(1, 20),
    st.none() | st.floats(-10, 200),
)
def test_it_has_exactly_its_size(rows: list[tuple[float, ...]], width: int, height: int, cursor: float | None) -> None:
    lines = drawn(heat(*rows), width, height, cursor)
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {8 + 2 + width}


def test_shares_are_told_by_how_densely_a_cell_is_filled() -> None:
    lines = drawn(heat(*[(51.0, 30.0, 11.0, 3.0)] * 11), 11, 4)
    assert [line[9:20] for line in lines] == ["░" * 11, "▒" * 11, "▓" * 11, "█" * 11]
    assert [line[:8].strip() for line in lines] == ["> 100 ms", "≤ 100 ms", "≤ 50 ms", "≤ 10 ms"]


def test_empty_buckets_at_the_ends_are_left_out_and_more_than_there_are_lines_share_one() -> None:
    data = heat((0.0, 1.0, 1.0, 0.0), (0.0, 0.0, 1.0, 0.0))
    assert filled(data, (0.0, 100.0)) == (1, 2)
    assert label_width(data, (0.0, 100.0)) == len("≤ 100 ms")
    shared = drawn(data, 20, 1)
    assert shared[0].startswith("≤ 100 ms┤█")
    assert filled(heat((0.0, 0.0, 0.0, 0.0)), (0.0, 100.0)) is None
    assert filled(data, (50.0, 100.0)) is None, "what is out of sight counts nowhere"


def test_a_moment_without_an_answer_stays_blank_and_the_cursor_is_seen() -> None:
    data = HeatData(BOUNDS, ((10.0, (1.0, 0.0, 0.0, 0.0)), (90.0, (1.0, 0.0, 0.0, 0.0))), 10.0, duration)
    (line,) = drawn(data, 11, 1, cursor=50.0)
    assert line[9:20] == " █   │   █ "
    roles = [cell.role for cell in heat_lines(data, frame(11, 1), 90.0)[0] if "█" in cell.text]
    assert roles[-1] == "accent"


def test_the_only_bucket_is_all() -> None:
    assert label(HeatData((math.inf,), (), 1.0, duration), 0) == "all"


def test_levels_are_told_apart_in_ascii_too() -> None:
    drawn_as = [to_ascii(text) for _, text, _ in LEVELS]
    assert len(set(drawn_as)) == len(LEVELS)
    assert to_ascii("≤ 50 ms") == "< 50 ms"
