"""What is asked of a dashboard, and what counts as the answer to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.dashboards.dashboard import Dashboard
from modeldeck.live.dashboard_charts import DashboardCharts, DashboardQuery, PanelAnswer
from modeldeck.screens.dashboards.view import dashboard_view, is_answer, query_of, shown
from modeldeck.screens.shared.timeline import Timeline
from tests.screens.dashboards.test_dashboard_screen import DASHBOARD

QUERY = DashboardQuery(1800.0, None, 100, (0, 1), {"a": ("b",)})
CHARTS = DashboardCharts(QUERY, 0.0, 1800.0, 1800.0, 15.0, (), {0: PanelAnswer(), 1: PanelAnswer()})


@pytest.mark.parametrize(("first", "height", "places"), [(0, 24, (0, 1)), (3, 24, (2, 3)), (0, 60, (0, 1, 2, 3)), (9, 10, (3,))])
def test_as_many_panels_as_there_is_room_for(first: int, height: int, places: tuple[int, ...]) -> None:
    assert shown(DASHBOARD, first, height) == places


def test_before_the_file_is_read_no_panel_is_asked_for() -> None:
    assert query_of(None, Timeline(), 0, 80, 24, {}).panels == ()


@pytest.mark.parametrize(
    ("wanted", "answered"),
    [
        (QUERY, True),
        (replace(QUERY, panels=(1,)), True),
        (replace(QUERY, panels=(1, 2)), False),
        (replace(QUERY, window=900.0), False),
        (replace(QUERY, chosen={}), False),
        (replace(QUERY, end=1800.0), True),
        (replace(QUERY, end=900.0), False),
    ],
)
def test_what_answers_a_question(wanted: DashboardQuery, answered: bool) -> None:
    assert is_answer(CHARTS, wanted) is answered


def test_of_another_choice_nothing_is_shown_meanwhile() -> None:
    wanted = replace(QUERY, chosen={"a": ("c",)})
    view = dashboard_view(DASHBOARD, Timeline(), CHARTS, 1800.0, wanted=wanted, width=80)
    assert {chart.data.empty for chart in view.charts} == {"reading …"}


def test_a_file_of_which_nothing_can_be_shown_says_so() -> None:
    view = dashboard_view(Dashboard("D", ()), Timeline(), None, 1800.0, wanted=replace(QUERY, panels=()), width=80)
    assert view.charts == ()
    assert "none of its panels can be shown" in view.above[-1][0].text
