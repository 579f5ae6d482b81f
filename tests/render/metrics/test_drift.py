"""Drift as lines: fixed columns, dashes for what is not known, and a chart that says how much of it is more than noise."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modeldeck.domain.drift.comparison import compare, not_compared
from modeldeck.domain.drift.findings import CountedWindow, HistogramDrift, Role
from modeldeck.domain.drift.over_time import DriftStep
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render.cell import line_text
from modeldeck.render.charts.chart_data import value_at
from modeldeck.render.charts.stack import StackedChart
from modeldeck.render.metrics.drift import drift_chart, head_line, histogram_line, notes_of
from modeldeck.render.text import cells

EVEN = ((0.0, 1000.0), (1.0, 2000.0), (2.0, 3000.0), (math.inf, 4000.0))
MOVED = ((0.0, 400.0), (1.0, 800.0), (2.0, 1600.0), (math.inf, 4000.0))
ONE = HistogramDrift("model_prediction_value", Role.PREDICTIONS, compare(MOVED, EVEN), "version 4", CountedWindow(0.0, 600.0))


@pytest.mark.parametrize("width", [78, 118, 198])
def test_figures_stand_below_their_names(width: int) -> None:
    head, row = line_text(head_line(width)), line_text(histogram_line(ONE, width, chosen=True))
    assert cells(head) == cells(row) <= width
    assert head.split() == ["verdict", "PSI", "noise", "KS", "JS", "W1/σ", "values", "before"]
    assert row.split()[2] == "act"
    assert row.split()[-2:] == ["4,000", "4,000"]
    assert head.index("PSI") + 3 == row.index(f"{ONE.comparison.distances.psi:.3f}") + 5  # type: ignore[union-attr]


def test_what_is_not_known_is_a_dash_and_never_0() -> None:
    row = line_text(histogram_line(replace(ONE, comparison=not_compared("no version before")), 78, chosen=False))
    assert "0" not in row
    assert row.split()[1] == "unknown"
    assert len(set(row.split()[2:])) == 1


def test_many_values_keep_their_column() -> None:
    many = replace(ONE, comparison=replace(ONE.comparison, current=123_456_789, baseline=999_999))
    row = line_text(histogram_line(many, 78, chosen=False))
    assert cells(row) == cells(line_text(head_line(78)))
    assert row.split()[-1] == "999,999"


def test_what_is_doubtful_is_said() -> None:
    assert [line_text(line) for line in notes_of(ONE)] == ["! one bucket holds 60%, and hides what moves within it"]
    assert [line_text(line) for line in notes_of(replace(ONE, comparison=not_compared("no version before")))] == ["  no version before"]


STEPS = (
    DriftStep(60.0, 0.01, 0.05, 100),
    DriftStep(120.0, None, None, 0),
    DriftStep(180.0, 0.3, 0.05, 100),
    DriftStep(240.0, 0.04, 0.05, 100),
)


def chart(steps: tuple[DriftStep, ...] = STEPS) -> StackedChart:
    return drift_chart("age", steps, (ServingChange(150.0, 2, "5"),), window=(0.0, 240.0), step=60.0, empty="no version before")


def test_the_chart_has_the_noise_beside_the_value_and_gaps_where_nothing_came() -> None:
    data = chart().data
    psi, noise = data.series
    assert [value_at(psi.points, at, 1.0) for at in (60.0, 120.0, 180.0)] == [0.01, None, 0.3]
    assert [value_at(noise.points, at, 1.0) for at in (60.0, 120.0, 180.0)] == [0.05, None, 0.05]
    assert (data.bound, data.empty, [marker.at for marker in data.markers]) == (0.25, "no version before", [150.0])
    assert line_text(chart().legend) == "age  ● PSI 0.040  ◆ noise 0.050  ╌ 0.25: act"


def test_below_it_stands_how_much_is_more_than_noise() -> None:
    assert line_text(chart().statistics).startswith("1 of 3 steps above their noise   max 0.300 at ")
    assert line_text(chart(STEPS[:2]).statistics) == "0 of 1 steps above their noise"
    assert chart(()).statistics == ()
