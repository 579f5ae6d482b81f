"""Panels as charts: units, values at the cursor, and what stands where there is nothing."""

from __future__ import annotations

import pytest

from modeldeck.domain.dashboards.dashboard import ALL, DashboardPanel, PanelQuery, Unshown
from modeldeck.render.cell import Line
from modeldeck.render.charts.chart_data import ChartSeries
from modeldeck.render.metrics.dashboards import PanelLines, chosen_text, panel_chart, unit_format, unshown_lines

SERIES = (ChartSeries("a", ((0.0, 1.0), (15.0, 2.0))), ChartSeries("b", ((0.0, 3.0),)))


def panel(unit: str = "", row: str = "") -> DashboardPanel:
    return DashboardPanel("P", row, (PanelQuery("up"),), unit)


def text(line: Line) -> str:
    return "".join(cell.text for cell in line).rstrip()


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("s", 0.25, "250 ms"),
        ("ms", 250.0, "250 ms"),
        ("percentunit", 0.5, "50 %"),
        ("percent", 50.0, "50 %"),
        ("reqps", 2.0, "2/s"),
        ("bytes", 1024.0, "1 KiB"),
        ("", 3.0, "3"),
        ("furlongs", 3.0, "3"),
    ],
)
def test_values_are_told_in_their_unit(unit: str, value: float, told: str) -> None:
    assert unit_format(unit)(value).replace(".0", "") == told


def test_values_are_the_newest_or_those_at_the_cursor_and_a_gap_is_told() -> None:
    of = PanelLines(SERIES, more=2, title="P of a")
    newest = panel_chart(panel("furlongs", "R"), of, window=(0.0, 15.0), step=15.0, cursor=None)
    assert text(newest.legend) == "R / P of a  furlongs  and 2 more"
    assert text(newest.statistics) == "● a 2  ◆ b 3"
    there = panel_chart(panel(), of, window=(0.0, 15.0), step=15.0, cursor=15.0)
    assert text(there.statistics) == "● a 2  ◆ b –"


@pytest.mark.parametrize(
    ("lines", "message"),
    [(None, "reading …"), (PanelLines(), "no data in this window"), (PanelLines(trouble="parse error"), "parse error")],
)
def test_what_stands_where_there_is_nothing(lines: PanelLines | None, message: str) -> None:
    assert panel_chart(panel(), lines, window=(0.0, 1.0), step=1.0, cursor=None).data.empty == message


def test_what_is_not_shown_and_what_is_chosen() -> None:
    assert [text(line) for line in unshown_lines((Unshown("A", "why"),))] == ["A: why"]
    assert text(unshown_lines(())[0]) == "everything of the file is shown"
    assert (chosen_text((ALL,)), chosen_text(("a", "b"))) == ("All", "a + b")
