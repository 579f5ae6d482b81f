"""The PromQL in full: whole at any width, and copied as it is asked."""

from __future__ import annotations

import pytest
from textual.message import Message

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.edited_queries import LONGEST_QUERY, QueryEdit
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.render.cell import line_text
from modeldeck.screens.deck.messages import CopyRequested
from modeldeck.screens.live.promql_screen import PromqlScreen, names_of, promql_lines
from tests.support import sample
from tests.support.staging import Stage, settled, stage

LONG = (
    "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_highr_seconds_bucket"
    '{namespace="serving",pod=~"iris-[a-z0-9]+-[a-z0-9]{5}"}[60s])))'
)
CHARTS = SpanCharts(
    SpanQuery(1800.0),
    sample.NOW - 1800.0,
    sample.NOW,
    sample.NOW,
    15.0,
    {},
    {"errors": "sum (rate(errors[60s]))", "requests": "sum (rate(requests[60s]))", "p99": LONG},
    computed={ChartKind.ERRORS: "errors ÷ requests"},
)


class Copying(Stage):
    def __init__(self) -> None:
        super().__init__(lambda: PromqlScreen("serving/iris", CHARTS))
        self.copied: list[CopyRequested] = []

    def on_copy_requested(self, message: Message) -> None:
        assert isinstance(message, CopyRequested)
        self.copied.append(message)


def test_the_queries_stand_in_the_order_of_the_charts_with_how_they_are_drawn() -> None:
    assert names_of(CHARTS) == ("p99", "requests", "errors")
    lines = [line_text(line).strip() for line in promql_lines(CHARTS)]
    assert lines[0] == "over Jan 15 07:30:00 – 08:00:00, every 15 s (api/v1/query_range)"
    assert lines[2:4] == ["1  p99", LONG]
    assert lines[-1] == "·  errors drawn: errors ÷ requests"


@pytest.mark.parametrize("width", [40, 80, 200])
async def test_a_query_is_whole_at_any_width(width: int) -> None:
    app = Copying()
    async with app.run_test(size=(width, 40)) as pilot:
        await settled(pilot)
        shown = "".join(line.strip("│ ") for line in app.text().splitlines())
        assert LONG.replace(" ", "") in shown.replace(" ", "")


async def test_a_number_copies_its_query_and_others_nothing() -> None:
    app = Copying()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("1", "3", "5")
        await settled(pilot)
        assert [(message.text, message.name) for message in app.copied] == [
            (LONG, "the PromQL of p99"),
            ("sum (rate(errors[60s]))", "the PromQL of errors"),
        ]
        await pilot.press("escape")
        await settled(pilot)
        assert app.chosen is None


async def test_the_chosen_query_is_edited_or_restored_and_the_same_text_is_no_edit() -> None:
    async with stage(lambda: PromqlScreen("serving/iris", CHARTS, {"requests": "up"})) as (app, pilot):
        await settled(pilot)
        await pilot.press("r")
        assert isinstance(app.screen, PromqlScreen), "nothing of the first is edited"
        await pilot.press("tab", "e")
        await settled(pilot)
        await pilot.press("end", "x", "enter")
        await settled(pilot)
        assert app.chosen == QueryEdit("requests", "upx")
    async with stage(lambda: PromqlScreen("serving/iris", CHARTS, {"requests": "up"})) as (app, pilot):
        await settled(pilot)
        await pilot.press("tab", "r")
        await settled(pilot)
        assert app.chosen == QueryEdit("requests", "")
    async with stage(lambda: PromqlScreen("serving/iris", CHARTS)) as (app, pilot):
        await settled(pilot)
        await pilot.press("e", "enter")
        await settled(pilot)
        assert app.chosen == QueryEdit("p99", "")


async def test_a_query_that_is_too_long_is_not_taken() -> None:
    async with stage(lambda: PromqlScreen("serving/iris", CHARTS, {"p99": "x" * (LONGEST_QUERY + 1)})) as (app, pilot):
        await settled(pilot)
        await pilot.press("e", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PromqlScreen)
        assert "no more than 4000 characters" in app.text()
