from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.charts.sparkline import sparkline

VALUES = st.lists(st.one_of(st.none(), st.floats()), max_size=80)


@given(VALUES, st.integers(0, 30), st.booleans())
def test_takes_exactly_its_width(values: list[float | None], width: int, zero: bool) -> None:
    assert len(sparkline(values, width, zero=zero)) == width


@given(st.lists(st.floats(0, 10), min_size=1, max_size=80), st.integers(1, 30), st.data())
def test_a_spike_survives(values: list[float], width: int, data: st.DataObject) -> None:
    values[data.draw(st.integers(0, len(values) - 1))] = 1000.0
    if len(values) > 1:
        assert "█" in sparkline([*values], width) or width == 1


def test_gaps_do_not_move_the_scale() -> None:
    assert sparkline([0, math.inf, 1, math.nan, None, 2], 6) == "▁ ▅  █"


def test_short_series_stand_at_the_right() -> None:
    assert sparkline([1, 2], 4) == "  ▁█"
